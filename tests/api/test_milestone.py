"""The project manager's page: one word a payment, said twice it counts once, and what is said stands on the invoice."""

import re

import pytest
from sqlmodel import select

from models.cash_answers import MilestoneReached
from models.stages import Stage
from models.tables import Deal, Wait
from tests.api.conftest import SECRET, Entrance
from tests.factories import a_contract, a_signature, a_wait, an_agreed_deal, told

TOMASZ = {"who": "Tomasz Zielinski", "action": "reached"}


def under_way(door: Entrance, *, service: str = "corporate-site", asked: bool = True) -> tuple[int, str]:
    """A deal whose delivery waits for a word, and the path of the page."""
    with door.writing() as session:
        document = a_signature(session, a_contract(session, an_agreed_deal(session, service=service)), secret=SECRET)
        deal = session.get_one(Deal, document.deal_id)
        deal.sales = "won"
        session.add(deal)
        if asked:
            a_wait(session, deal, MilestoneReached, stage=Stage.DELIVERY, whose="studio", key="milestone#1")
    return deal.id, door.link("milestone", deal.id)


def taken(door: Entrance, deal_id: int, number: int = 1, *, again: bool = True) -> None:
    """The stage takes the word that was said, and asks for the next one."""
    with door.writing() as session:
        wait = session.exec(select(Wait).where(Wait.deal_id == deal_id, Wait.key == f"milestone#{number}")).one()
        fact = door.facts(MilestoneReached.kind)[-1]
        wait.fact_id, wait.closed_at, wait.outcome = fact.id, door.clock(), "answered"
        session.add(wait)
        if again:
            deal = session.get_one(Deal, deal_id)
            a_wait(session, deal, MilestoneReached, stage=Stage.DELIVERY, whose="studio", key=f"milestone#{number + 1}")


def say(door: Entrance, page: str, payment: object = 2, **over: str):
    return door.http.post(page, data={"payment": str(payment), "text": "The design is approved."} | TOMASZ | over)


def heading(door: Entrance, page: str) -> str:
    answer = door.http.get(page)
    assert answer.status_code == 200
    return re.sub(r"<[^>]+>", "", re.search(r"<h1>(.*?)</h1>", answer.text)[1])


def test_the_next_payment_of_the_plan_is_shown_with_its_amount(door: Entrance) -> None:
    _, page = under_way(door)
    text = door.http.get(page).text
    assert heading(door, page) == "Has the work come to “Design approved”?"
    assert "Payment 2" in text and "€" in text and "when you approve the design" in text
    assert not door.facts(MilestoneReached.kind)


def test_a_word_is_kept_under_the_managers_name_and_the_page_says_so(each_door: Entrance) -> None:
    deal_id, page = under_way(each_door)
    answer = say(each_door, page)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    [fact] = each_door.facts(MilestoneReached.kind)
    assert (fact.actor, fact.subject) == ("staff:tomasz@northlight.example", f"deal/{deal_id}/r1/delivery")
    assert fact.payload == {"payment": 2, "text": "The design is approved."}
    with each_door.db.reading() as session:
        assert session.exec(select(Wait).where(Wait.stage == "delivery")).one().due_at == each_door.clock()
    assert heading(each_door, page) == "“Design approved” is reached."


@pytest.mark.parametrize("is_taken", [True, False])
def test_said_twice_it_counts_once(each_door: Entrance, is_taken: bool) -> None:
    deal_id, page = under_way(each_door)
    say(each_door, page)
    if is_taken:
        taken(each_door, deal_id)
    assert say(each_door, page).status_code == 303
    assert len(each_door.facts(MilestoneReached.kind)) == 1


def test_said_on_the_page_and_in_the_prefect_ui_it_counts_once(door: Entrance) -> None:
    deal_id, page = under_way(door)
    with door.writing() as session:
        told(session, session.get_one(Deal, deal_id), MilestoneReached(text="By the form."), actor="staff:conor")
    assert say(door, page).status_code == 409
    assert len(door.facts(MilestoneReached.kind)) == 1


def test_the_payments_follow_one_another_to_the_end(door: Entrance) -> None:
    deal_id, page = under_way(door)
    say(door, page)
    taken(door, deal_id)
    assert heading(door, page) == "Has the work come to “Ready to launch”?"
    assert say(door, page, 3).status_code == 303
    taken(door, deal_id, 2, again=False)
    assert heading(door, page) == "“Ready to launch” is reached."
    assert say(door, page, 4).status_code == 409


@pytest.mark.parametrize("payment", ["1", "3", "9"])
def test_a_payment_that_is_not_the_next_one_is_refused(door: Entrance, payment: str) -> None:
    _, page = under_way(door)
    answer = say(door, page, payment)
    assert answer.status_code == 409
    assert "Design approved" in answer.text
    assert not door.facts(MilestoneReached.kind)


@pytest.mark.parametrize(
    ("over", "sentence"),
    [({"who": ""}, "say who you are"), ({"who": "Mallory"}, "say who you are"), ({"text": "x" * 2001}, "under 2,000 characters")],
)
def test_a_form_with_a_gap_comes_back_with_a_sentence(door: Entrance, over: dict[str, str], sentence: str) -> None:
    _, page = under_way(door)
    answer = say(door, page, **over)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert not door.facts(MilestoneReached.kind)


@pytest.mark.parametrize("payment", ["", "two", "-1", "9" * 30])
def test_a_form_that_names_no_payment_is_refused(door: Entrance, payment: str) -> None:
    _, page = under_way(door)
    assert say(door, page, payment).status_code == 409
    assert not door.facts(MilestoneReached.kind)


def test_before_anybody_asks_there_is_nothing_to_report(door: Entrance) -> None:
    _, page = under_way(door, asked=False)
    assert heading(door, page) == "There is nothing to report here."
    assert say(door, page).status_code == 409


def test_without_a_contract_and_behind_a_foreign_link_there_is_no_page(door: Entrance) -> None:
    bare = door.deal(sales="won")
    assert door.http.get(door.link("milestone", bare)).status_code == 404
    brief = door.link("brief", bare).rpartition("/")[2]
    assert door.http.get(f"/m/{brief}").status_code == door.http.post(f"/m/{'a' * 32}").status_code == 404
