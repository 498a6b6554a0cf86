"""Ours against Prefect's: every live run is there, every open deal has a next step."""

from prefect.client.schemas.objects import State, StateType
from sqlmodel import Session, col, select

from models import todo, waiting, wanted
from models.stages import LIVE, RunState
from models.tables import Deal, Fact, StageRun
from models.tracks import Sales, is_open
from tasks.engine import Engine, engine
from tasks.step import step
from tasks.waker import STUCK, Round, replace
from tasks.world import world

LOST = frozenset({StateType.CRASHED, StateType.CANCELLED, StateType.COMPLETED})


@step
def mend_runs() -> list[str]:
    """Make our rows and Prefect's runs agree; return what was mended, in sentences.

    A live run that Prefect lost, crashed or cancelled gets a successor. One that failed before it could say so, or suspended while our
    database was busy, is written down as what it is.
    """
    here, done = world(), Round()
    with here.db.reading() as session:
        live = wanted.in_states(session, RunState.CREATED, RunState.RUNNING, RunState.WAITING, RunState.FAILED, limit=100_000)
        rows = [row for row in live if row.flow_run_id and row.touched_at < here.now() - STUCK]
    with engine() as prefect:
        states = prefect.look([row.flow_run_id or "" for row in rows])
        for row in rows:
            _mend(prefect, row, states.get(row.flow_run_id or ""), done)
    return done.mended


def _mend(prefect: Engine, row: StageRun, state: State | None, done: Round) -> None:
    here = world()
    if state is None or (state.type in LOST and row.state != RunState.FAILED):
        replace(here, prefect, row, "Prefect lost it" if state is None else f"it was {(state.name or state.type).lower()} in Prefect", done)
    elif state.type == StateType.FAILED and row.state != RunState.FAILED:
        _write(row, RunState.FAILED, state.message or "it failed in Prefect", done)
    elif state.is_paused() and row.state == RunState.RUNNING:
        _write(row, RunState.WAITING, "", done)


def _write(row: StageRun, to: RunState, why: str, done: Round) -> None:
    here = world()
    with here.db.writing() as session:
        fresh = session.get_one(StageRun, row.id)
        if fresh.state == row.state and fresh.touched_at == row.touched_at:
            fresh.owner = ""
            wanted.mark(session, fresh, to, now=here.now(), why=why[:2000])
            done.mended.append(f"{row.key}: {to} in Prefect, and now in our rows")


@step
def find_stranded() -> list[str]:
    """Open deals without a next step: no live run, no wait. One sentence each; none is how it should be."""
    with world().db.reading() as session:
        return [f"Deal {deal.id} is {deal.sales} and has no next step." for deal in stranded(session)]


@step
def find_unread() -> list[str]:
    """What was told us and could not be acted on, again and again: one sentence each; none is how it should be."""
    with world().db.reading() as session:
        rows = [(row, session.get_one(Fact, row.fact_id)) for row in todo.stuck(session)]
    return [f"The {fact.kind} {fact.external_id} of {fact.source} was tried {row.tries} times and cannot be booked: {row.said}" for row, fact in rows]


def stranded(session: Session) -> list[Deal]:
    """Open deals that nobody and nothing will move on."""
    live = select(StageRun.deal_id).where(col(StageRun.state).in_(LIVE), col(StageRun.deal_id).is_not(None))
    deals = session.exec(select(Deal).where(col(Deal.id).not_in(live), col(Deal.sales).not_in([Sales.LOST, Sales.DECLINED]))).all()
    return [deal for deal in deals if is_open(deal) and not waiting.open_waits(session, deal.id or 0)]
