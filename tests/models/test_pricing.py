from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from models.errors import Invalid, Missing, Refused
from models.estimates import Estimate
from models.money import Money, total
from models.pricing import change_hours, discount, estimate, explain, recompute
from models.questionnaire import Question
from tests.models.briefing import SERVICES, an_estimate, answers_for, the_company


def an_answer_to(question: Question):  # noqa: PLR0911 - one a type
    match question.type:
        case "choice":
            return some.sampled_from([option.value for option in question.options])
        case "choices":
            return some.lists(some.sampled_from([option.value for option in question.options]), unique=True)
        case "number":
            return some.integers(question.min, min(question.max or 0, 5000))
        case "date":
            return some.dates().map(str)
        case "file":
            return some.just(["a.pdf"])
        case "link":
            return some.just("https://a.example")
        case _:
            return some.text(max_size=30)


@some.composite
def a_brief(draw):
    service = draw(some.sampled_from(SERVICES))
    questions = the_company().briefs[service].questions
    return service, {q.slug: draw(some.one_of(some.none(), an_answer_to(q))) for q in questions}


def numbers(service):
    return [q for q in the_company().briefs[service].questions if q.type == "number" and q.slug != "budget"]


@settings(max_examples=60, deadline=None)
@given(a_brief(), some.data())
def test_more_of_anything_never_costs_less_nor_takes_fewer_days(brief, data):
    service, answers = brief
    question = data.draw(some.sampled_from(numbers(service)))
    low = data.draw(some.integers(question.min, min(question.max or 0, 5000)))
    high = data.draw(some.integers(low, min(question.max, 5000)))
    less, more = (an_estimate(service, answers | {question.slug: n}) for n in (low, high))
    assert not more.likely < less.likely
    assert less.days <= more.days


@settings(max_examples=60, deadline=None)
@given(a_brief())
def test_lines_sum_to_the_total_and_the_range_holds_it(brief):
    done = an_estimate(*brief)
    assert total((line.net for line in done.lines), "EUR") == done.likely
    assert not done.likely < done.low
    assert not done.high < done.likely
    assert done.total == done.likely - done.discount
    assert not done.likely < Money.of_major(done.rules.service.floor, "EUR")


@settings(max_examples=40, deadline=None)
@given(a_brief(), some.decimals(0, 20, places=1), some.decimals(0, 300, places=1))
def test_an_estimate_from_the_database_is_computed_again_to_the_cent(brief, percent, hours):
    done = an_estimate(*brief)
    changed = discount(change_hours(done, {done.lines[0].slug: hours}, "seen twice", "Tomasz"), percent, "a friend")
    stored = Estimate.model_validate_json(changed.model_dump_json())
    assert stored == changed
    assert recompute(stored) == changed
    assert recompute(stored, the_company().rates) == changed


def test_an_estimate_keeps_its_prices_when_the_card_changes():
    done, card = an_estimate(), the_company().rates
    roles = card.roles | {"designer": card.roles["designer"].model_copy(update={"price": Decimal(200)})}
    dearer = card.model_copy(update={"version": "2027-01", "roles": roles})
    assert change_hours(done, {"cms": 20}, "as before", "Tomasz").total == done.total
    assert done.total < recompute(done, dearer).total
    assert recompute(done, dearer).card_hash != done.card_hash


def test_a_line_explains_itself_to_a_manager():
    done = an_estimate(answers=answers_for("corporate-site", templates=5))
    why = next(line.why for line in done.lines if line.slug == "page-build")
    assert why == "Page templates: 5 × page template, 5 h each = 25 h at €80.00 an hour (Front-end developer)."
    assert any(sentence.startswith("In all €") for sentence in explain(done))


def test_options_that_the_brief_asks_for_are_in_the_price():
    asked = an_estimate(answers=answers_for("corporate-site", functions=["jobs"]))
    assert "jobs" in [line.slug for line in asked.lines]
    assert "jobs" not in [option.slug for option in asked.options]
    assert "blog" in [option.slug for option in asked.options]


def test_a_component_brings_what_it_needs():
    done = an_estimate("mobile-app", answers_for("mobile-app", functions=["chat"]))
    assert "push" in [line.slug for line in done.lines]


def test_an_answer_to_a_hidden_question_counts_for_nothing():
    asked = answers_for("corporate-site", functions=["blog"], calculator_what="everything")
    assert "calculator-what" not in an_estimate(answers=asked).inputs.answers


def test_a_small_project_is_brought_up_to_the_floor_and_shown_to_a_manager():
    done = an_estimate("landing-page", {"sections": 3, "delivery": "mail"})
    assert done.total == Money.of_major(3000, "EUR")
    assert done.lines[-1].slug == "minimum"
    assert any("below the floor" in flag for flag in done.flags)


def test_changed_hours_keep_their_reason_and_move_the_range():
    done = an_estimate()
    cms = next(line for line in done.lines if line.slug == "cms")
    changed = change_hours(done, {"cms": "40"}, "two systems", "Tomasz")
    line = next(line for line in changed.lines if line.slug == "cms")
    assert (line.hours.likely, line.net) == (Decimal(40), cms.rate.times(40))
    assert line.hours.high == cms.hours.high * 2
    assert "Tomasz set cms to 40 h: two systems" in explain(changed)
    again = change_hours(changed, {"cms": 20, "jobs": 3}, "after all", "Niamh")
    assert [change.slug for change in again.inputs.changes] == ["cms", "jobs"]


@pytest.mark.parametrize("hours", [-1, "nan", "ten", "Infinity", 10_001])
def test_hours_that_are_none_are_refused(hours):
    with pytest.raises(Refused):
        change_hours(an_estimate(), {"cms": hours}, "why not", "Tomasz")


def test_hours_need_a_known_line_and_a_reason():
    with pytest.raises(Invalid, match="There is no line"):
        change_hours(an_estimate(), {"horse": 3}, "why not", "Tomasz")
    with pytest.raises(Invalid, match="say why"):
        change_hours(an_estimate(), {"cms": 3}, "  ", "Tomasz")


@pytest.mark.parametrize("percent", [-1, 101, "much", "NaN"])
def test_a_discount_that_is_none_is_refused(percent):
    with pytest.raises(Refused):
        discount(an_estimate(), percent, "a friend")


def test_a_discount_needs_a_reason_and_can_be_taken_back():
    done = an_estimate()
    with pytest.raises(Invalid, match="say why"):
        discount(done, 5, "")
    assert discount(discount(done, 5, "a friend"), 0, "") == done


def test_a_service_that_is_not_sold_is_missing():
    studio = the_company()
    with pytest.raises(Missing):
        estimate(studio.rates, "airship", {}, studio.briefs["shop"])


PLAIN = {"templates": 6, "pages": 20, "languages": ["en"], "brand": "guide", "integration": "mail", "texts": "ready", "photos": "own"}
FLAGS = [
    ({}, "", None),
    ({"templates": 40, "pages": 300}, "", "is above €30,000.00"),
    ({"integration": "custom"}, "", "system of the client's own"),
    ({"decision": "tender"}, "", "tender"),
    ({"budget": 5000}, "", "well above the €5,000.00"),
    ({"functions": ["login"], "integration": "custom"}, "", "The range is wide"),
    ({}, "11", "more than the 10 %"),
    ({}, "10", None),
    ({}, "60", "below the floor"),
]


@pytest.mark.parametrize(("over", "percent", "flag"), FLAGS)
def test_a_manager_looks_when_and_only_when_there_is_a_reason(over, percent, flag):
    done = an_estimate(answers=PLAIN | over)
    done = discount(done, percent, "a friend") if percent else done
    assert done.needs_approval == bool(flag)
    assert flag is None or any(flag in text for text in done.flags), done.flags


@pytest.mark.parametrize("service", SERVICES)
def test_an_ordinary_brief_gives_a_believable_price(service):
    done = an_estimate(service)
    assert Money.of_major(1500, "EUR") < done.likely
    assert done.likely < Money.of_major(250_000, "EUR")
    assert 3 <= done.days <= 300
