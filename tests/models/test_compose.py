from datetime import date

import pytest

from models.compose import differences
from models.errors import Invalid, Missing, Refused
from models.pricing import change_hours, discount
from models.proposal import Snapshot
from models.totals import selected, totals
from models.wording import fill, shorten
from tests.models.briefing import SERVICES, a_snapshot, an_estimate, answers_for, other_answers, shown, the_company

QUESTIONS = [(service, question.slug) for service in SERVICES for question in the_company().briefs[service].questions]
SECTIONS = (
    "task",
    "quotes",
    "result",
    "scope",
    "structure",
    "materials",
    "lines",
    "options",
    "exclusions",
    "assumptions",
    "timeline",
    "team",
)


def outcome(service, answers):
    """What the client and the manager see; the stored inputs themselves do not count."""
    done = an_estimate(service, answers)
    return done.model_dump_json(exclude={"inputs"}) + a_snapshot(service, answers, done).model_dump_json()


@pytest.mark.parametrize(("service", "slug"), QUESTIONS)
def test_every_answer_changes_the_estimate_or_the_proposal(service, slug):
    question = the_company().briefs[service].by_slug()[slug]
    answers = shown(service, question)
    outcomes = [outcome(service, answers), *(outcome(service, answers | {slug: other}) for other in other_answers(question))]
    assert len(set(outcomes)) == len(outcomes)


@pytest.mark.parametrize("service", SERVICES)
def test_each_brief_has_fifteen_to_thirty_questions(service):
    assert 15 <= len(the_company().briefs[service].questions) <= 30


@pytest.mark.parametrize("service", SERVICES)
def test_every_section_of_a_proposal_is_filled(service):
    snapshot = a_snapshot(service)
    for section in (*SECTIONS, "payments", "proof", "next_step"):
        assert getattr(snapshot, section), section
    assert len(snapshot.task) >= 3
    assert len(snapshot.scope) >= 4
    assert sum(term.percent for term in snapshot.payments) == 100


@pytest.mark.parametrize("service", SERVICES)
def test_no_blank_is_left_open_and_nothing_is_said_twice(service):
    snapshot = a_snapshot(service)
    assert "{" not in snapshot.greeting + snapshot.price_note + snapshot.title + "".join(snapshot.task + snapshot.next_step)
    for section in ("task", "result", "materials", "exclusions", "assumptions", "next_step"):
        texts = getattr(snapshot, section)
        assert len(texts) == len(set(texts))
        assert not any("{" in text for text in texts)


@pytest.mark.parametrize("service", SERVICES)
def test_two_different_briefs_change_at_least_four_sections(service):
    one = answers_for(service)
    questions = the_company().briefs[service].questions
    other = one | {question.slug: other_answers(question)[0] for question in questions}
    first, second = a_snapshot(service, one), a_snapshot(service, other)
    assert sum(getattr(first, section) != getattr(second, section) for section in SECTIONS) >= 4


@pytest.mark.parametrize("service", SERVICES)
def test_the_timeline_ends_when_the_days_are_over(service):
    snapshot = a_snapshot(service)
    assert max(bar.start + bar.days for bar in snapshot.timeline) == snapshot.days
    assert snapshot.timeline[0].start == 0
    starts = [bar.start for bar in snapshot.timeline]
    assert starts == sorted(starts)
    assert all(bar.days > 0 for bar in snapshot.timeline)


def test_the_structure_is_drawn_from_the_brief():
    snapshot = a_snapshot(answers=answers_for("corporate-site", services="- Gates\n- Fences\n\nRailings; Locks"))
    services = next(node for node in snapshot.structure if node.title == "Services")
    assert [node.title for node in services.children] == ["Gates", "Fences", "Railings", "Locks"]


def test_the_client_is_quoted_in_their_own_words():
    snapshot = a_snapshot(answers=answers_for("corporate-site", audience="Farmers <b>& vets</b>,\nwho are in a hurry {company}"))
    assert "Farmers <b>& vets</b>,\nwho are in a hurry {company}" in [quote.answer for quote in snapshot.quotes]


def test_words_of_a_client_are_never_filled_in_themselves():
    assert fill("You said {answer}.", {"answer": "{secret} {answer}", "secret": "x"}) == "You said {secret} {answer}."
    assert fill("By {date}.", {}) is None


def test_a_very_long_answer_is_cut_at_a_word():
    assert shorten("word " * 400).endswith("word…")
    assert len(shorten("word " * 400)) <= 900


def test_a_snapshot_comes_back_from_json_the_same():
    snapshot = a_snapshot("shop")
    assert Snapshot.model_validate_json(snapshot.model_dump_json()) == snapshot


def test_the_same_inputs_give_the_same_proposal():
    assert a_snapshot("shop") == a_snapshot("shop")


def test_a_business_elsewhere_in_the_union_gets_the_reverse_charge():
    snapshot = a_snapshot(answers=answers_for("corporate-site", vat_place="eu-business"))
    assert totals(snapshot, []).vat.amount == 0
    assert "Reverse charge" in snapshot.vat_note


def test_texts_of_an_operator_replace_a_section():
    snapshot = a_snapshot(texts={"greeting": "Hello!", "exclusions": "One thing\n\n  Another "})
    assert (snapshot.greeting, snapshot.exclusions) == ("Hello!", ["One thing", "Another"])


def test_a_text_that_does_not_exist_is_refused():
    with pytest.raises(Invalid, match="has no text"):
        a_snapshot(texts={"price": "0"})


def test_an_unknown_salesperson_is_missing():
    with pytest.raises(Missing):
        a_snapshot(salesperson_email="nobody@example.com")


@pytest.mark.parametrize(("asked", "given"), [("de-AT", "de_AT"), ("en_GB", "en_GB"), ("xx", "en_IE"), ("", "en_IE"), ("../..", "en_IE")])
def test_a_strange_locale_gives_way_to_the_studios(asked, given):
    assert a_snapshot(locale=asked).locale == given


def test_days_to_launch_leave_out_what_runs_by_the_month():
    snapshot = a_snapshot("marketing-site")
    pilot = snapshot.timeline[-1]
    assert any(f"{pilot.start} working days before that day" in text for text in snapshot.assumptions)
    assert pilot.days >= 21


def test_a_proposal_is_valid_for_the_days_of_the_studio():
    assert a_snapshot().valid_until == date(2026, 12, 14)


def test_the_team_has_a_person_for_each_trade_of_the_price():
    roles = {person.role for person in a_snapshot("mobile-app").team}
    assert {"Project manager", "App developer", "Designer"} <= roles


def test_no_difference_is_told_between_equal_versions():
    assert differences(a_snapshot(), a_snapshot(version=2, number="P-7-2")) == []


def test_a_changed_price_is_told_in_sentences():
    before = an_estimate()
    after = discount(change_hours(before, {"cms": 40}, "two systems", "Tomasz"), 5, "a returning client")
    told = "\n".join(differences(a_snapshot(done=before), a_snapshot(done=after, texts={"exclusions": "Nothing"})))
    for words in ("The price without options is", "Content system: €3,800.00 instead of €1,900.00", "a returning client", "added: Nothing"):
        assert words in told


def test_what_comes_and_goes_between_two_briefs_is_told():
    old = a_snapshot(answers=answers_for("corporate-site", functions=["blog"]))
    new = a_snapshot(answers=answers_for("corporate-site", functions=["calculator"], templates=20))
    told = differences(old, new)
    for words in (
        "Gone: News or blog.",
        "New option: News or blog",
        "The structure now has Calculator.",
        "Page templates: 20 × page template",
    ):
        assert any(line.startswith(words) for line in told), words


def test_a_selection_brings_what_it_needs():
    snapshot = a_snapshot("shop", answers_for("shop", promotion=["reviews"]))
    assert selected(snapshot, ["vouchers"]) == ["codes", "vouchers"]
    prices = {option.slug: option.price for option in snapshot.options}
    assert totals(snapshot, ["vouchers"]).net == totals(snapshot, []).net + prices["codes"] + prices["vouchers"]
    assert totals(snapshot, ["vouchers", "codes", "vouchers"]) == totals(snapshot, ["vouchers"])


def test_an_option_that_is_not_offered_is_refused():
    with pytest.raises(Refused, match="no option"):
        totals(a_snapshot(), ["a-horse"])


@pytest.mark.parametrize("service", SERVICES)
def test_totals_agree_to_the_cent(service):
    done = discount(an_estimate(service), "3.5", "a friend")
    snapshot = a_snapshot(service, done=done)
    sums = totals(snapshot, [option.slug for option in snapshot.options])
    assert totals(snapshot, []).net == done.total
    assert sums.gross == sums.net + sums.vat
    assert sum(part.amount for part in sums.payments) == sums.gross.amount
    assert sums.days == snapshot.days + sum(option.days for option in snapshot.options)


def test_vat_is_rounded_half_up_once():
    snapshot = a_snapshot().model_copy(update={"vat_percent": "23", "options": []})
    money = snapshot.discount
    lines = [snapshot.lines[0].model_copy(update={"net": money.model_copy(update={"amount": 25})})] * 2
    assert totals(snapshot.model_copy(update={"lines": lines}), []).vat.amount == 12
