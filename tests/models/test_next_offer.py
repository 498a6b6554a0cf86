"""The brief of the next step: answered from what was built, for every service that has one, so that the calculator can count it."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from models import next_offer
from models.company import Company
from models.delivery_setup import NextStep, problems_of
from models.next_offer import Built
from models.setup import chosen
from tests.models.briefing import SERVICES, a_snapshot, an_answer, an_estimate, answers_for, other_answers, the_company

KNOWN = {"name": "Orla Byrne", "company": "Acme", "email": "orla@acme.example", "message": "A page, please.", "budget": "9000"}
FOLLOWED = [service for service in SERVICES if the_company().delivery.services[service].next]


def what_was_built(service: str, url: str = "https://acme.example", finished_on: date = date(2026, 5, 20), **over) -> Built:
    answers = an_estimate(service, answers_for(service, **over)).inputs.answers
    return Built(service=service, answers=answers, url=url, finished_on=finished_on, locale="en_IE")


def with_steps(service: str, *steps: NextStep) -> Company:
    """The example studio with other next steps after a service."""
    company = the_company()
    own = company.delivery.services[service].model_copy(update={"next": list(steps)})
    return company.model_copy(update={"delivery": company.delivery.model_copy(update={"services": company.delivery.services | {service: own}})})


def step(service: str = "support-plan", answers: dict | None = None, **values) -> NextStep:
    """The example's step, with other answers over its own."""
    first = the_company().delivery.services["corporate-site"].next[0]
    return first.model_copy(update={"service": service, "answers": first.answers | (answers or {}), **values})


# The example studio


def test_everything_that_is_built_once_is_followed_by_something() -> None:
    assert set(SERVICES) - set(FOLLOWED) == {"support-plan"}


@pytest.mark.parametrize("service", FOLLOWED)
def test_what_follows_each_service_is_counted_without_a_manager(service: str) -> None:
    offered, why = next_offer.choose(the_company(), what_was_built(service), KNOWN, [])
    assert (why, offered.service) == ("", "support-plan")
    done = next_offer.counted(the_company(), offered.service, offered.answers)
    was = an_estimate(service)
    assert done.flags == []
    assert 1_500_00 < done.total.amount < was.total.amount
    assert offered.note


@pytest.mark.parametrize("service", FOLLOWED)
def test_its_proposal_says_where_it_runs_and_puts_no_words_into_the_clients_mouth(service: str) -> None:
    company, built = the_company(), what_was_built(service)
    offered, _ = next_offer.choose(company, built, KNOWN, [])
    done = next_offer.counted(company, offered.service, offered.answers)
    words = {"client_name": "Orla Byrne", "client_company": "Acme", "salesperson": "Conor Walsh"}
    texts = next_offer.texts_of(company, service, offered.service, done.inputs.answers, words, "en_IE")
    snapshot = a_snapshot(offered.service, done.inputs.answers, done, texts=texts)
    assert snapshot.quotes == []
    assert snapshot.task == texts["task"].splitlines()
    assert "Orla Byrne" in snapshot.greeting
    assert "brief" not in snapshot.greeting
    assert "{" not in snapshot.greeting + texts["task"]


@pytest.mark.parametrize("service", FOLLOWED)
def test_whatever_was_answered_in_the_brief_it_can_be_counted(service: str) -> None:
    company = the_company()
    for question in company.briefs[service].questions:
        for answer in other_answers(question):
            built = what_was_built(service, **{question.slug.replace("-", "_"): answer})
            offered, why = next_offer.choose(company, built, KNOWN, [])
            assert offered, f"{question.slug} = {answer}: {why}"


@settings(max_examples=25, deadline=None)
@given(some.sampled_from(FOLLOWED), some.randoms(use_true_random=False))
def test_any_whole_brief_leads_to_an_offer(service: str, chance) -> None:
    questions = [question for question in the_company().briefs[service].questions if question.type != "file"]
    answers = {question.slug: chance.choice([an_answer(question), *other_answers(question)]) for question in questions}
    built = Built(service=service, answers=an_estimate(service, answers).inputs.answers, url="https://acme.example", finished_on=date(2027, 1, 31), locale="de")
    offered, _ = next_offer.choose(the_company(), built, {}, [])
    assert offered or not answers.get("company")


# What carries over


def test_what_was_asked_the_same_way_carries_over_and_what_was_that_works_alone_does_not() -> None:
    built = what_was_built("corporate-site", hosting="own", decision="two", vat_place="outside", budget=30_000, anything_else="Hurry.", launch="2026-06-01")
    answers = next_offer.answer(the_company(), step(), built, KNOWN)
    assert {slug: answers[slug] for slug in ("hosting", "decision", "vat-place", "company")} == {
        "hosting": "own", "decision": "two", "vat-place": "outside", "company": "Our company",
    }  # fmt: skip
    assert not {"budget", "message", "anything-else", "files", "launch"} & set(answers)


def test_the_set_up_has_the_last_word_and_an_empty_one_leaves_it_open() -> None:
    built = what_was_built("corporate-site", hosting="own")
    assert next_offer.answer(the_company(), step(answers={"hosting": "provider"}), built, {})["hosting"] == "provider"
    assert "hosting" not in next_offer.answer(the_company(), step(answers={"hosting": ""}), built, {})


def test_what_no_brief_told_comes_from_what_is_known_of_the_client() -> None:
    built = what_was_built("corporate-site").model_copy(update={"answers": {}})
    answers = next_offer.answer(the_company(), step(), built, KNOWN)
    assert answers["company"] == "Acme"
    assert not {"message", "budget"} & set(answers)


@pytest.mark.parametrize(("given", "taken"), [
    ("{pages}", 24), ("{languages}", ["en", "de"]), ("{goal}", ["trust"]), ("For {languages}, {pages} pages", "For English and German, 24 pages"),
    ("{integration}", "mail"), ("{website}", None), ("See {website}", None), ("plain", "plain"), (7, 7), (["a"], ["a"]), ("", ""),
])  # fmt: skip
def test_a_blank_alone_is_the_answer_itself_and_among_words_its_words(given, taken) -> None:
    built = what_was_built("corporate-site", pages=24, languages=["en", "de"], goal=["trust"], website=None)
    assert next_offer.taken(given, the_company(), built) == taken


@pytest.mark.parametrize(("url", "website", "found"), [
    ("https://live.example", "https://old.example", "https://live.example"), ("", "https://old.example", "https://old.example"), ("", None, None),
])  # fmt: skip
def test_it_runs_where_it_was_launched_or_where_the_old_site_was(url: str, website: str | None, found: str | None) -> None:
    built = what_was_built("corporate-site", url=url, website=website)
    assert next_offer.taken("{launched_url}", the_company(), built) == found


@pytest.mark.parametrize(("finished", "starts"), [
    (date(2026, 5, 5), "2026-06-01"), (date(2026, 5, 20), "2026-07-01"), (date(2026, 12, 15), "2027-02-01"), (date(2027, 12, 10), "2028-01-01"),
])  # fmt: skip
def test_it_starts_with_the_month_after_the_offer_runs_out(finished: date, starts: str) -> None:
    assert the_company().studio.proposal.valid_days == 21
    assert next_offer.starts_on(the_company(), what_was_built("shop", finished_on=finished)) == starts


@settings(max_examples=60, deadline=None)
@given(some.dates(date(2025, 1, 1), date(2090, 1, 1)))
def test_the_start_is_always_a_first_within_two_months(finished: date) -> None:
    built = Built(service="shop", answers={}, url="", finished_on=finished, locale="en_IE")
    start = date.fromisoformat(next_offer.starts_on(the_company(), built))
    assert start.day == 1
    assert 21 < (start - finished).days <= 21 + 31


# Which one


def test_the_first_that_can_be_counted_and_is_not_open_is_offered() -> None:
    lacking, fine = step(answers={"months": ""}), step(note="The second")
    company, built = with_steps("corporate-site", lacking, fine), what_was_built("corporate-site")
    offered, why = next_offer.choose(company, built, {}, [])
    assert offered.note == "The second"
    assert "For how many months" in why
    offered, why = next_offer.choose(company, built, {}, ["support-plan"])
    assert offered is None
    assert "open deal for support-plan" in why


def test_a_service_that_nothing_follows_says_so() -> None:
    offered, why = next_offer.choose(the_company(), what_was_built("support-plan"), {}, [])
    assert offered is None
    assert "nothing that follows support-plan" in why


def test_an_answer_that_does_not_fit_its_question_is_left_open_and_named() -> None:
    wrong = [{"months": 900}, {"kind": "castle"}, {"start": "soon"}, {"site": "not a link"}, {"services": ["magic"]}]
    for answers in wrong:
        company = with_steps("corporate-site", step(answers=answers))
        offered, why = next_offer.choose(company, what_was_built("corporate-site"), {}, [])
        slug = next(iter(answers))
        assert (offered is None) == (slug != "services"), answers
        assert offered or "lacks an answer" in why
        if offered:
            assert "services" not in offered.answers


def test_words_are_those_of_the_step_that_led_there_and_none_where_it_is_gone() -> None:
    company = the_company()
    assert next_offer.note_of(company, "shop", "support-plan") == company.delivery.services["shop"].next[0].note
    for was, service in (("shop", "mobile-app"), ("gone", "support-plan")):
        assert next_offer.note_of(company, was, service) == ""
        assert next_offer.texts_of(company, was, service, {}, {}, "en_IE") == {}


# The set-up is checked


@pytest.mark.parametrize(("change", "said"), [
    ({"answers": {"colour": "red"}}, 'has no question "colour"'), ({"answers": {"site": "{lunched_url}"}}, "lunched_url"),
    ({"greeting": "Dear {client}"}, "client"), ({"task": ["{pages}"]}, "pages"), ({"service": "castle"}, 'no service "castle"'),
])  # fmt: skip
def test_a_slip_in_a_next_step_is_named(change: dict, said: str) -> None:
    found = list(problems_of(with_steps("corporate-site", the_company().delivery.services["corporate-site"].next[0].model_copy(update=change))))
    assert len(found) == 1
    assert found[0].startswith("delivery.toml: services.corporate-site.next")
    assert said in found[0]


@pytest.mark.parametrize("letter", ["course-invitation", "course-77", "proposal-ready"])
def test_a_course_has_only_letters_of_a_course(letter: str) -> None:
    company = the_company()
    course = company.delivery.course.model_copy(update={"letters": ["course-1", "course-2", "course-3", letter]})
    wrong = company.model_copy(update={"delivery": company.delivery.model_copy(update={"course": course})})
    assert [letter in problem for problem in problems_of(wrong)] == [True]


def test_what_the_example_leaves_open_is_nothing_that_is_required() -> None:
    for service, url in product(FOLLOWED, ["https://acme.example"]):
        offered, _ = next_offer.choose(the_company(), what_was_built(service, url=url), {}, [])
        asked = the_company().briefs[offered.service].questions
        assert {q.slug for q in asked if q.required and q.shown_if is None and not chosen(offered.answers.get(q.slug))} == set()
