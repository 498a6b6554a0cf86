"""The project manager's word: one a payment, in the order of the plan, only while somebody asks."""

import pytest
from sqlmodel import Session, select

from models import delivery_facts
from models.cash_answers import MilestoneReached
from models.errors import Refused
from models.stages import Stage
from models.tables import Deal, Wait
from models.tracks import Sales
from tests.factories import a_contract, a_wait, an_agreed_deal, told
from tests.fakes import MONDAY


def under_way(session: Session, *, asked: bool = True, service: str = "corporate-site") -> Deal:
    """A deal in delivery, of three payments."""
    deal = session.get_one(Deal, a_contract(session, an_agreed_deal(session, service=service)).deal_id)
    deal.sales = Sales.WON.value
    if asked:
        ask(session, deal, 1)
    return deal


def ask(session: Session, deal: Deal, number: int) -> None:
    a_wait(session, deal, MilestoneReached, stage=Stage.DELIVERY, whose="studio", key=f"milestone#{number}")


def take(session: Session, deal: Deal, fact_id: int) -> None:
    """The stage takes a word."""
    wait = session.exec(select(Wait).where(Wait.deal_id == deal.id, Wait.outcome == "", Wait.stage == "delivery")).one()
    wait.fact_id, wait.closed_at, wait.outcome = fact_id, MONDAY, "answered"
    session.add(wait)
    session.flush()


def test_words_follow_the_plan_to_its_end(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal, due = under_way(session), []
        for number in (1, 2):
            due.append(delivery_facts.next_due(session, deal))
            take(session, deal, told(session, deal, MilestoneReached()).id)
            assert delivery_facts.next_due(session, deal) == 0, "nobody asks"
            ask(session, deal, number + 1)
        assert (due, delivery_facts.next_due(session, deal), delivery_facts.last_told(session, deal)) == ([2, 3], 0, 3)
        with pytest.raises(Refused, match="recorded already"):
            told(session, deal, MilestoneReached())


def test_a_word_that_no_stage_has_taken_yet_is_the_last_one_for_now(here) -> None:
    with here.db.writing() as session:
        deal = under_way(session)
        told(session, deal, MilestoneReached(payment=2))
        assert (delivery_facts.next_due(session, deal), delivery_facts.last_told(session, deal)) == (0, 2)
        for payment in (0, 2, 3):
            with pytest.raises(Refused, match="recorded already"):
                told(session, deal, MilestoneReached(payment=payment))


@pytest.mark.parametrize("payment", [1, 3, 4])
def test_another_payment_than_the_next_is_refused(here_sqlite, payment: int) -> None:
    with here_sqlite.db.writing() as session:
        deal = under_way(session)
        with pytest.raises(Refused, match=f"Payment 2 is the next one of the plan, not payment {payment}"):
            told(session, deal, MilestoneReached(payment=payment))


def test_while_nobody_asks_nothing_is_recorded(here_sqlite) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(Refused, match="recorded already"):
        told(session, under_way(session, asked=False), MilestoneReached())


def test_words_of_another_round_do_not_count(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = under_way(session)
        told(session, deal, MilestoneReached())
        deal.round = 2
        assert delivery_facts.last_told(session, deal) == 1
