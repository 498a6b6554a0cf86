import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import ValidationError

from models.questionnaire import Question, Questionnaire, flags, prefill, read, settled, visible
from models.setup import Condition
from tests.models.briefing import SERVICES, answers_for, the_company


def a_question(**over):
    base: dict[str, object] = {"slug": "q", "section": "All", "type": "text", "label": "What?"}
    if over.get("type") in ("choice", "choices"):
        base["options"] = [{"value": "red", "label": "Red", "flag": "Red needs a look."}, {"value": "blue", "label": "Blue"}]
    if over.get("type") == "number":
        base |= {"min": 1, "max": 1_000_000}
    return Question.model_validate(base | over)


def a_brief(*questions):
    return Questionnaire(service="shop", title="Brief", intro="", sections=["All"], questions=list(questions))


def answer(raw, **over):
    answers, problems = read(a_brief(a_question(**over)), {"q": raw}, partial=True)
    return answers.get("q", problems.get("q"))


READ = [
    ("text", ["  a \n b\x00\x1b "], "a b"),
    ("text", ["\u202egnp.exe"], "gnp.exe"),
    ("text", ["👩‍🔧 مرحبا"], "👩‍🔧 مرحبا"),
    ("text", ["<script>{{ 7 * 7 }}</script>"], "<script>{{ 7 * 7 }}</script>"),
    ("text", ["\ud800x"], "x"),
    ("longtext", ["one\r\ntwo\rthree"], "one\ntwo\nthree"),
    ("choice", ["red"], "red"),
    ("choices", ["blue", "red", "blue"], ["red", "blue"]),
    ("number", ["12"], 12),
    ("number", ["12 000"], 12000),
    ("number", ["12,000"], 12000),
    ("number", ["12\u00a0000"], 12000),
    ("date", ["2027-03-01"], "2027-03-01"),
    ("link", ["https://a.example/x?y=1"], "https://a.example/x?y=1"),
    ("link", ["www.a.example"], "https://www.a.example"),
    ("file", ["a.pdf", "", "a.pdf", "b.png"], ["a.pdf", "b.png"]),
]


@pytest.mark.parametrize(("kind", "raw", "expected"), READ)
def test_a_field_is_read_as_what_it_is(kind, raw, expected):
    assert answer(raw, type=kind) == expected


REFUSED = [
    ("text", ["x" * 301], "under 300"),
    ("longtext", ["x" * 1_000_000], "very long"),
    ("choice", ["green"], "offered"),
    ("choices", ["red", "green"], "offered"),
    ("number", ["many"], "whole number"),
    ("number", ["1.5"], "whole number"),
    ("number", ["0"], "1 or more"),
    ("number", ["1000001"], "1,000,000 or less"),
    ("number", ["9" * 5000], "whole number"),
    ("number", ["١٢"], "whole number"),
    ("date", ["tomorrow"], "year-month-day"),
    ("date", ["1066-10-14"], "year of this date"),
    ("link", ["file:///etc/passwd"], "https://"),
    ("link", ["javascript:alert(1)"], "https://"),
    ("link", ["https://user:secret@a.example"], "https://"),
    ("link", ["http://"], "https://"),
    ("link", ["https://[x"], "https://"),
    ("link", ["https://a.example:99999"], "https://"),
    ("link", ["https://a.example/<b>"], "https://"),
    ("file", [f"{n}.pdf" for n in range(21)], "at most 20"),
]


@pytest.mark.parametrize(("kind", "raw", "words"), REFUSED)
def test_a_field_that_cannot_be_read_gets_a_sentence(kind, raw, words):
    answers, problems = read(a_brief(a_question(type=kind)), {"q": raw}, partial=True)
    assert answers == {}
    assert words in problems["q"]


@given(some.sampled_from(["text", "longtext", "choice", "choices", "number", "date", "file", "link"]), some.lists(some.text(), max_size=5))
def test_no_input_whatever_breaks_the_reader(kind, raw):
    answers, problems = read(a_brief(a_question(type=kind)), {"q": raw, "unknown": raw}, partial=False)
    assert set(answers) | set(problems) <= {"q"}
    assert all("\x00" not in str(value) for value in answers.values())


def test_a_required_question_may_stay_open_only_while_saving():
    brief = a_brief(a_question(required=True))
    assert read(brief, {}, partial=True) == ({}, {})
    assert "q" in read(brief, {"q": ["  "]}, partial=False)[1]


def a_chain():
    return a_brief(
        a_question(slug="one", type="choice"),
        a_question(slug="two", type="choice", shown_if={"question": "one", "equals": "red"}, required=True),
        a_question(slug="three", shown_if={"question": "two", "any": ["red", "blue"]}),
    )


def test_a_question_hangs_on_another_only_while_that_is_seen():
    answers = {"one": "blue", "two": "red", "three": "x"}
    assert [q.slug for q in visible(a_chain(), answers)] == ["one"]
    assert [q.slug for q in visible(a_chain(), answers | {"one": "red"})] == ["one", "two", "three"]
    assert settled(a_chain(), answers) == {"one": "blue"}


def test_a_hidden_question_is_neither_required_nor_complained_of():
    answers, problems = read(a_chain(), {"one": ["blue"], "two": ["green"], "three": ["kept"]}, partial=False)
    assert (answers, problems) == ({"one": "blue", "three": "kept"}, {})


def test_flags_count_only_where_the_question_is_seen():
    assert flags(a_chain(), {"one": "red", "two": "red"}) == ["Red needs a look."] * 2
    assert flags(a_chain(), {"one": "blue", "two": "red"}) == []


@pytest.mark.parametrize("service", SERVICES)
def test_what_the_application_told_is_not_asked_again(service):
    known = {"company": "Acme", "budget": 12000, "message": "Hello", "name": "Ann", "website": "acme.example", "phone": None}
    filled = prefill(the_company().briefs[service], known)
    assert {"company": "Acme", "budget": 12000, "message": "Hello"}.items() <= filled.items()
    assert "https://acme.example" in filled.values()


def test_what_does_not_fit_its_question_is_left_open():
    assert prefill(the_company().briefs["shop"], {"budget": "a lot", "website": "file:///x"}) == {}


@pytest.mark.parametrize("service", SERVICES)
def test_a_complete_brief_is_read_back_without_a_problem(service):
    brief, answers = the_company().briefs[service], answers_for(service)
    raw = {slug: value if isinstance(value, list) else [str(value)] for slug, value in answers.items()}
    assert read(brief, raw, partial=False) == (answers, {})


WRONG = [
    {"type": "choice", "options": []},
    {"type": "text", "options": [{"value": "a", "label": "A"}]},
    {"type": "choice", "options": [{"value": "a", "label": "A"}, {"value": "a", "label": "B"}]},
    {"type": "number", "min": 5, "max": 3},
    {"type": "number", "min": None},
    {"feeds": [{"to": "task"}]},
    {"feeds": [{"to": "quotes", "when": ["green"]}]},
    {"colour": "red"},
]


@pytest.mark.parametrize("over", WRONG)
def test_a_question_that_makes_no_sense_is_refused(over):
    with pytest.raises(ValidationError):
        a_question(**over)


HOLDS = [
    ({"equals": "a"}, "a", True),
    ({"equals": "a"}, None, False),
    ({"any": ["a", "b"]}, ["b", "c"], True),
    ({"any": ["a"]}, ["c"], False),
    ({"none": ["a"]}, None, True),
    ({"none": ["a"]}, ["a", "b"], False),
    ({"at_least": 3}, 3, True),
    ({"at_least": 3}, 2, False),
    ({"at_least": 3}, None, False),
    ({"at_most": 0}, 0, True),
    ({"at_most": 0}, 1, False),
    ({"answered": True}, "x", True),
    ({"answered": True}, [], False),
    ({"answered": False}, None, True),
    ({"any": ["a"], "none": ["b"]}, ["a", "b"], False),
]


@pytest.mark.parametrize(("condition", "given_answer", "expected"), HOLDS)
def test_a_condition_holds_or_not(condition, given_answer, expected):
    assert Condition(question="q", **condition).holds({"q": given_answer}) is expected
