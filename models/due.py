"""What is due: which waits a round of the waker has to do with, asked in one query each, however many are open.

A wait that nobody can help now is in neither list, so that it keeps no place from those whom somebody can help: the deal is on hold, the
run failed and stands for its Retry, an operator cancelled it.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal_column, or_, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from models.stages import LIVE, RunState
from models.tables import Deal, Fact, StageRun, Wait
from models.waiting import OUTAGE

GOES_ON = [state.value for state in LIVE if state not in (RunState.WANTED, RunState.FAILED)]
"""States of a row whose run goes on when it is woken."""


def ripe(session: Session, *, now: datetime, limit: int) -> dict[str, datetime]:
    """The flow runs whose wait has its answer, or whose time is up, with since when; longest first."""
    goes_on = or_(col(Deal.held_since).is_(None), col(Wait.key).startswith(OUTAGE))
    is_past = and_(col(Wait.deadline) <= now, goes_on)
    since = func.min(Wait.due_at)
    wanted = (
        select(Wait.flow_run_id, since)
        .join(StageRun, col(StageRun.flow_run_id) == Wait.flow_run_id)
        .join(Deal, col(Deal.id) == Wait.deal_id)
        .where(*_open_and_due(now), col(StageRun.state).in_(GOES_ON), or_(is_past, _is_answered()))
    )
    rows = session.exec(wanted.group_by(col(Wait.flow_run_id)).order_by(since).limit(limit))
    return {flow_run_id: at for flow_run_id, at in rows if at}


def to_remind(session: Session, *, now: datetime, limit: int) -> list[Wait]:
    """The waits whose next rung may be due, and for which no answer has come; the highest rungs first."""
    wanted = (
        select(Wait)
        .join(Deal, col(Deal.id) == Wait.deal_id)
        .outerjoin(StageRun, col(StageRun.flow_run_id) == Wait.flow_run_id)
        .where(
            *_open_and_due(now), col(Deal.held_since).is_(None), or_(col(Wait.deadline).is_(None), col(Wait.deadline) > now),
            or_(col(StageRun.id).is_(None), col(StageRun.state) != RunState.CANCELLED.value), ~_is_answered(),
        )
    )  # fmt: skip
    return list(session.exec(wanted.order_by(col(Wait.rungs_sent).desc(), col(Wait.due_at), col(Wait.id)).limit(limit)))


def owned(session: Session) -> list[StageRun]:
    """The rows that a worker has in its hands, ended ones that it never let go of included."""
    is_owned = col(StageRun.owner) > literal_column("''")  # in these words, or the index of the few is not found to hold them
    return list(session.exec(select(StageRun).where(is_owned).order_by(col(StageRun.owner), col(StageRun.id))))


def of_runs(session: Session, flow_run_ids: Sequence[str]) -> list[StageRun]:
    """The live rows of these flow runs."""
    wanted = select(StageRun).where(col(StageRun.flow_run_id).in_(flow_run_ids), col(StageRun.state).in_(LIVE))
    return list(session.exec(wanted.order_by(col(StageRun.id)))) if flow_run_ids else []


def not_begun(session: Session, before: datetime, *, limit: int) -> list[StageRun]:
    """The rows whose run was made, and not looked at since `before`, and has not begun; longest first."""
    wanted = select(StageRun).where(StageRun.state == RunState.CREATED.value, StageRun.touched_at < before)
    return list(session.exec(wanted.order_by(col(StageRun.touched_at)).limit(limit)))


def looked_at(session: Session, rows: Sequence[StageRun], *, now: datetime) -> None:
    """Write that runs which have not begun are all right, so that others are looked at next."""
    theirs = col(StageRun.id).in_([row.id for row in rows])
    session.exec(update(StageRun).where(theirs, col(StageRun.state) == RunState.CREATED.value).values(touched_at=now))


def held_until(session: Session, now: datetime) -> list[Deal]:
    """The deals whose rest is over."""
    return list(session.exec(select(Deal).where(col(Deal.held_until) <= now).order_by(col(Deal.held_until))))


def _open_and_due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(Wait.closed_at).is_(None), col(Wait.due_at) <= now


def _is_answered() -> ColumnElement[bool]:
    """Whether a fact has come that the wait may take; kinds are a JSON list of plain words, the same text on both databases."""
    taker = aliased(Wait)
    is_taken = exists().where(col(taker.fact_id) == Fact.id)
    is_one_of_its_kinds = cast(Wait.kinds, String).like('%"' + col(Fact.kind) + '"%')
    return exists().where(col(Fact.deal_id) == Wait.deal_id, col(Fact.subject) == Wait.subject, is_one_of_its_kinds, ~is_taken)
