"""What is said of a deal without a next step can be done: its stage starts, or the operation ends the deal."""

import pytest
from sqlmodel import Session, col, select

from models import starts, waiting, wanted
from models.answers import ClosedAsLost
from models.cash_answers import WorkCancelled
from models.stages import LIVE, RunState, Stage
from models.starts import Start
from models.tables import Deal, Fact, StageRun
from models.tracks import Cash, Sales, Work, is_open
from tasks.world import World
from tests.factories import a_deal, a_payment, a_run, a_signed_deal, an_application, an_invoice, told
from tests.fakes import MONDAY
from tests.projecting import a_project
from tests.tasks.places import PLACES, at
from tests.tasks.work_places import WORK_PLACES

ENDED = {"lost", "handed over"}


def strand(session: Session, deal: Deal) -> Deal:
    """Nothing is waited for any more, and no run is live."""
    waiting.drop_all(session, deal.id or 0, now=MONDAY)
    for row in session.exec(select(StageRun).where(StageRun.deal_id == deal.id, col(StageRun.state).in_(LIVE))).all():
        row.state = RunState.DONE.value
    session.flush()
    return deal


def start(session: Session, deal: Deal, one: Start) -> StageRun:
    """What the deployment's form does."""
    if one.application:
        return wanted.want(session, one.stage, application=session.get_one(Fact, one.application), now=MONDAY)
    return wanted.adopt(session, one.stage, deal.id or 0, f"by-hand-{one.stage}-{one.part}", "worker", now=MONDAY, part=one.part)


@pytest.mark.parametrize("place", [place for place in (*PLACES, *WORK_PLACES) if place not in ENDED])
def test_the_stage_that_is_named_starts_wherever_a_deal_is_stranded(here_sqlite: World, place: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = strand(session, at(session, place))
        if place == "received":
            a_run(session, Stage.INTAKE, deal, state=RunState.DONE).application_id = an_application(session).id
        named = starts.starts(session, deal)
        assert named, place
        assert all(start(session, deal, one).state in LIVE for one in named)


@pytest.mark.parametrize("place", [place for place in (*PLACES, *WORK_PLACES) if place not in ENDED])
def test_the_operation_that_is_named_ends_the_deal_wherever_it_is_stranded(here_sqlite: World, place: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = strand(session, at(session, place))
        match starts.ending(session, deal):
            case "close-as-lost":
                told(session, deal, ClosedAsLost(reason="They went silent."))
                assert not is_open(deal)
            case "cancel-work":
                told(session, deal, WorkCancelled(reason="They went silent.", keep="0"))
            case _:
                assert Work(deal.work) in {Work.COMPLETED, Work.HANDED_OVER}


@pytest.mark.parametrize("place", ["briefing", "proposed", "contract out", "invoiced", "begun", "at work", "act out", "completed"])
def test_a_stage_that_an_operator_cancelled_is_the_one_that_is_named(here_sqlite: World, place: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = strand(session, at(session, place))
        one = starts.starts(session, deal)[0]
        a_run(session, one.stage, deal, state=RunState.CANCELLED, part=one.part)
        assert starts.starts(session, deal) == [one]
        assert start(session, deal, one).generation > 1


def test_a_payment_that_is_cancelled_besides_is_named_with_its_part(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, work=Work.PRODUCTION)
        a_run(session, Stage.PRODUCTION, deal, state=RunState.CANCELLED)
        a_run(session, Stage.PAYMENT, deal, state=RunState.CANCELLED, part=2)
        a_run(session, Stage.KICKOFF, deal, state=RunState.CANCELLED)
        assert starts.advice(session, deal) == "Start production and payment (part 2) and kickoff or run cancel-work."


def test_a_signed_deal_is_won_by_the_stage_of_its_first_payment(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        assert starts.starts(session, deal) == [Start(Stage.INVOICE, 1)]
        invoice = an_invoice(session, deal)
        a_payment(session, invoice)
        assert starts.starts(session, deal) == [Start(Stage.PAYMENT, 1)]


def test_where_no_form_helps_it_is_said(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.WON, work=Work.HANDED_OVER.value, money=Cash.FINAL_DUE.value)
        assert starts.advice(session, deal) == "No form helps: ask whoever looks after the system."
