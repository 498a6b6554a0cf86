"""Steps of the delivery: the project manager is told once, and each word makes one invoice."""

import pytest
from sqlmodel import Session, select

from models.cash_answers import MilestoneReached
from models.errors import Missing
from models.stages import RunState, Stage
from models.tables import Deal, Fact, StageRun, Wait
from models.tracks import Sales
from tasks import deliveries
from tasks.world import World
from tests.factories import a_deal, a_payment, a_signed_deal, a_wait, an_invoice, told
from tests.tasks.stages import inside


def won(session: Session, **values) -> Deal:
    """A deal whose first money is in."""
    deal = a_signed_deal(session, **values)
    a_payment(session, an_invoice(session, deal))
    deal.sales, deal.work = Sales.WON.value, "kickoff"
    session.flush()
    return deal


def test_the_project_manager_is_told_once_with_the_page_for_their_word(here: World) -> None:
    with here.db.writing() as session:
        deal = won(session)
    assert [deliveries.tell_manager.fn(deal.id) for _ in range(2)] == ["done", "done"]
    [message] = here.mail.sent
    assert message.to.name == "Tomasz Zielinski"
    assert "https://office.example/m/" in message.text
    assert "working days" in message.text
    assert "2 March 2026" in message.text


def test_the_payments_of_the_plan_follow_one_another_to_the_end(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal, bare = won(session), a_deal(session, sales=Sales.WON)
    assert [deliveries.next_payment.fn(deal.id, after) for after in (0, 1, 2, 3)] == [1, 2, 0, 0]
    with pytest.raises(Missing, match="no contract"):
        deliveries.next_payment.fn(bare.id, 1)


def test_one_word_wants_one_invoice_and_names_itself(here: World) -> None:
    with here.db.writing() as session:
        deal = won(session)
        a_wait(session, deal, MilestoneReached, stage=Stage.DELIVERY, whose="studio", key="milestone#1")
        fact = told(session, deal, MilestoneReached(text="Design done."), actor="staff:tomasz@northlight.example")
        wait = session.exec(select(Wait).where(Wait.stage == "delivery")).one()
        wait.fact_id, wait.closed_at, wait.outcome = fact.id, fact.known_at, "answered"
    with inside(here, Stage.DELIVERY, deal):
        keys = [deliveries.want_invoice.fn(deal.id, 2) for _ in range(2)]
    assert keys == [f"deal-{deal.id}/invoice/r1/p2/g1"] * 2
    with here.db.reading() as session:
        row = session.exec(select(StageRun).where(StageRun.stage == "invoice")).one()
        assert session.get_one(Fact, row.fact_id).payload["text"] == "Design done."


def test_the_stage_ends_where_the_work_stands(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = won(session)
    with inside(here_sqlite, Stage.DELIVERY, deal) as run:
        assert [deliveries.conclude_delivery.fn(deal.id) for _ in range(2)] == ["kickoff", "kickoff"]
    with here_sqlite.db.reading() as session:
        assert session.get_one(StageRun, run.row_id).state == RunState.DONE
