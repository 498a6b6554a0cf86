"""Ours against Prefect's: every live run is there, every open deal has a next step."""

from sqlmodel import Session, col, select

from models import todo, wanted
from models.stages import LIVE, RunState
from models.tables import Deal, Fact, StageRun, Wait
from models.tracks import Sales, is_open
from tasks.engine import engine
from tasks.mending import STUCK, Round, agree
from tasks.step import step
from tasks.world import world

CHUNK = 500


@step
def mend_runs() -> list[str]:
    """Make our rows and Prefect's runs agree; return what was mended, in sentences.

    A live run that Prefect lost or that crashed gets a successor. One that failed before it could say so, that suspended while our database
    was busy, or that an operator cancelled, is written down as what it is. Of the many that wait only counts are asked, as long as they fit.
    """
    here, done = world(), Round()
    with here.db.reading() as session:
        live = wanted.in_states(session, RunState.CREATED, RunState.RUNNING, RunState.WAITING, RunState.FAILED, limit=100_000)
    old = [row for row in live if row.flow_run_id and row.touched_at < here.now() - STUCK]
    waiting_ones, rows = ([row for row in old if (row.state == RunState.WAITING) == is_so] for is_so in (True, False))
    with engine() as prefect:
        for start in range(0, len(waiting_ones), CHUNK):
            chunk = waiting_ones[start : start + CHUNK]
            rows += [] if prefect.all_paused([row.flow_run_id or "" for row in chunk]) else chunk
        states = prefect.look([row.flow_run_id or "" for row in rows])
        for row in rows:
            agree(here, prefect, row, states.get(row.flow_run_id or ""), done)
    return done.mended


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
    """Open deals that nobody and nothing will move on. The question of a run that an operator cancelled is nobody's."""
    live = select(StageRun.deal_id).where(col(StageRun.state).in_(LIVE), col(StageRun.deal_id).is_not(None))
    cancelled = select(StageRun.flow_run_id).where(StageRun.state == RunState.CANCELLED.value, col(StageRun.flow_run_id).is_not(None))
    asks = select(Wait.deal_id).where(col(Wait.closed_at).is_(None), col(Wait.flow_run_id).not_in(cancelled))
    without = select(Deal).where(col(Deal.id).not_in(live), col(Deal.id).not_in(asks), col(Deal.sales).not_in([Sales.LOST, Sales.DECLINED]))
    return [deal for deal in session.exec(without) if is_open(deal)]
