"""Ours against Prefect's: every live run is there, every open deal has a next step."""

from prefect.client.schemas.objects import StateType
from sqlmodel import Session, col, select

from models import wanted, waiting
from models.stages import LIVE, RunState
from models.tables import Deal, StageRun
from models.tracks import Sales, is_open
from tasks.engine import engine
from tasks.step import step
from tasks.waker import Round, replace
from tasks.world import world

BY_HAND = frozenset({Sales.SIGNED, Sales.WON})


@step
def mend_runs() -> list[str]:
    """Find live runs that Prefect lost, crashed or cancelled, and give them a successor; return what was mended, in sentences."""
    here, done = world(), Round()
    with here.db.reading() as session:
        rows = [row for row in wanted.in_states(session, RunState.CREATED, RunState.WAITING, limit=100_000) if row.flow_run_id]
    with engine() as prefect:
        states = prefect.look([row.flow_run_id or "" for row in rows])
        for row in rows:
            state = states.get(row.flow_run_id or "")
            if state is None or state.type in {StateType.CRASHED, StateType.CANCELLED, StateType.COMPLETED}:
                replace(here, prefect, row, "Prefect lost it" if state is None else f"it was {state.name.lower()} in Prefect", done)
    return done.mended


@step
def find_stranded() -> list[str]:
    """Open deals without a next step: no live run, no wait. One sentence each; none is how it should be."""
    with world().db.reading() as session:
        return [f"Deal {deal.id} is {deal.sales} and has no next step." for deal in stranded(session)]


def stranded(session: Session) -> list[Deal]:
    """Open deals that nobody and nothing will move on."""
    live = select(StageRun.deal_id).where(col(StageRun.state).in_(LIVE), col(StageRun.deal_id).is_not(None))
    deals = session.exec(select(Deal).where(col(Deal.id).not_in(live), col(Deal.sales).not_in([*BY_HAND, Sales.LOST, Sales.DECLINED]))).all()
    return [deal for deal in deals if is_open(deal) and not waiting.open_waits(session, deal.id or 0)]
