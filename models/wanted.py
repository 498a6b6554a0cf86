"""Wanted runs: each live (deal, stage, round, part) has one row, and Prefect's run is made from it, and made again.

Longer than 200: all that may become of a row.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from models.db import serialise
from models.errors import HandedBack, Missing, Refused
from models.stages import LIVE, RUN_MOVES, RunState, Stage, run_key
from models.tables import Deal, Fact, StageRun
from models.tracks import CLOSED, Sales, Work
from models.waiting import lock

AT_ONCE = 500
STARTS_FROM: dict[Stage, frozenset[Sales]] = {
    Stage.INTAKE: frozenset({Sales.RECEIVED}),
    Stage.BRIEF: frozenset({Sales.BRIEFING}),
    Stage.ESTIMATE: frozenset({Sales.ESTIMATING}),
    Stage.PROPOSAL: frozenset({Sales.ESTIMATING, Sales.PROPOSED}),
    Stage.CONTRACT: frozenset({Sales.CONTRACTING}),
    Stage.INVOICE: frozenset({Sales.SIGNED, Sales.WON}),
    Stage.PAYMENT: frozenset({Sales.SIGNED, Sales.WON}),
    Stage.KICKOFF: frozenset({Sales.WON}),
    Stage.MATERIALS: frozenset({Sales.WON}),
    Stage.PRODUCTION: frozenset({Sales.WON}),
    Stage.LAUNCH: frozenset({Sales.WON}),
    Stage.NEXT_STEPS: frozenset({Sales.WON}),
    Stage.HANDOVER: frozenset({Sales.WON}),
    Stage.REVIEW: frozenset({Sales.WON}),
    Stage.CLOSING: frozenset({Sales.WON}),
}
_UNDER_WAY = frozenset({Work.MATERIALS, Work.PRODUCTION, Work.LAUNCH, Work.PAUSED})
WORKS_FROM: dict[Stage, frozenset[Work]] = {
    Stage.KICKOFF: frozenset({Work.KICKOFF, Work.MATERIALS, Work.PRODUCTION}),
    Stage.MATERIALS: _UNDER_WAY,
    Stage.PRODUCTION: frozenset({Work.PRODUCTION, Work.PAUSED}),
    Stage.LAUNCH: frozenset({Work.LAUNCH, Work.PAUSED}),
    Stage.NEXT_STEPS: frozenset({*_UNDER_WAY, Work.COMPLETED, Work.HANDED_OVER}),
    Stage.HANDOVER: frozenset({Work.COMPLETED}),
    Stage.REVIEW: frozenset({Work.COMPLETED, Work.HANDED_OVER}),
    Stage.CLOSING: frozenset({Work.HANDED_OVER, Work.CANCELLED}),
}
"""Where the work must stand for an operator to start a stage of it."""


def want(
    session: Session,
    stage: Stage,
    *,
    now: datetime,
    deal: Deal | None = None,
    application: Fact | None = None,
    fact: Fact | None = None,
    part: int = 0,
) -> StageRun:
    """The live row of this stage, written if there is none; the run follows from it. `part` counts payments of the plan, from 1."""
    deal_id, application_id, round_ = deal.id if deal else None, application.id if application else None, deal.round if deal else 1
    serialise(session, f"want/{stage}/{deal_id}/{application_id}")
    whose = StageRun.application_id == application_id if application else StageRun.deal_id == deal_id
    same = (StageRun.stage == stage.value, whose, StageRun.round == round_, StageRun.part == part)
    live = session.exec(select(StageRun).where(*same, col(StageRun.state).in_(LIVE))).first()
    if live:
        return live
    generation = (session.exec(select(func.max(StageRun.generation)).where(*same)).one() or 0) + 1
    row = StageRun(
        key=run_key(deal_id=deal_id, application_id=application_id, stage=stage, round_=round_, generation=generation, part=part),
        stage=stage.value, deal_id=deal_id, application_id=application_id, round=round_, part=part, generation=generation,
        fact_id=fact.id if fact else None, wanted_at=now, touched_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return row


def want_anew(session: Session, stage: Stage, *, deal: Deal, part: int, fact: Fact, why: str, now: datetime) -> StageRun:
    """A row of this stage that goes by `fact`. A live one, which goes by what it was wanted for, is withdrawn, and stops at its next step."""
    for row in live_of(session, deal.id or 0):
        if (row.stage, row.round, row.part) == (stage.value, deal.round, part):
            mark(session, row, RunState.WITHDRAWN, now=now, why=why)
    session.flush()
    return want(session, stage, deal=deal, part=part, fact=fact, now=now)


def created(session: Session, row_id: int, flow_run_id: str, *, now: datetime) -> None:
    """Write which flow run was made of the row, unless the run was quicker and wrote it itself, or another one has it by now."""
    row = now_is(session, row_id)
    row.flow_run_id = row.flow_run_id or flow_run_id
    if row.state == RunState.WANTED:
        _to(session, row, RunState.CREATED, now)
    session.add(row)


def begin(session: Session, key: str, flow_run_id: str, owner: str, *, now: datetime) -> StageRun | None:
    """The row that this flow run carries out, now running; None if the run has lost it and must stop quietly."""
    row = session.exec(_kept(StageRun.key == key if key else StageRun.flow_run_id == flow_run_id)).first()
    if row is None or row.state not in LIVE or row.flow_run_id not in (None, flow_run_id):
        return None
    row.flow_run_id, row.owner, row.why = flow_run_id, owner, ""
    _to(session, row, RunState.RUNNING, now)
    return row


def adopt(session: Session, stage: Stage, deal_id: int, flow_run_id: str, owner: str, *, now: datetime, part: int = 0) -> StageRun:
    """A row for a run that an operator started from the Prefect UI.

    Raises Missing without such a deal; Refused while the stage has a live run or is not what the deal needs, HandedBack where it would take
    a client back from support.
    """
    if session.get(Deal, deal_id) is None:
        raise Missing(f"There is no deal {deal_id}.")
    deal = lock(session, deal_id)
    own = session.exec(select(StageRun).where(StageRun.flow_run_id == flow_run_id)).first()
    live = session.exec(
        select(StageRun).where(
            StageRun.stage == stage.value, StageRun.deal_id == deal_id, StageRun.round == deal.round, StageRun.part == part,
            col(StageRun.state).in_(LIVE),
        )
    ).first()
    if live and live is not own:
        raise Refused(f"The {stage} of deal {deal_id} is under way already; retry or resume that run ({live.key}).")
    if own is None and Sales(deal.sales) not in STARTS_FROM[stage]:
        raise Refused(f"Deal {deal_id} is {deal.sales}; a {stage} starts from {', '.join(sorted(STARTS_FROM[stage]))}.")
    if own is None and Work(deal.work) not in WORKS_FROM.get(stage, {Work(deal.work)}):
        refusal = HandedBack if deal.work == Work.HANDED_OVER else Refused
        raise refusal(f"The work of deal {deal_id} is {deal.work}; a {stage} starts from {', '.join(sorted(WORKS_FROM[stage]))}.")
    row = own or want(session, stage, now=now, deal=deal, part=part)
    row.flow_run_id, row.owner = flow_run_id, owner
    _to(session, row, RunState.RUNNING, now)
    return row


def of_run(session: Session, flow_run_id: str) -> StageRun | None:
    """The row of a flow run."""
    return session.exec(select(StageRun).where(StageRun.flow_run_id == flow_run_id)).first()


def of_runs(session: Session, flow_run_ids: Sequence[str]) -> dict[str, StageRun]:
    """The rows of flow runs, by the run's id."""
    return {row.flow_run_id or "": row for row in _where(session, StageRun.flow_run_id, flow_run_ids)}


def of_keys(session: Session, keys: Sequence[str]) -> dict[str, StageRun]:
    """The rows of these keys."""
    return {row.key: row for row in _where(session, StageRun.key, keys)}


def _where(session: Session, column: Any, values: Sequence[str]) -> list[StageRun]:
    parts = [values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE)]
    return [row for part in parts for row in session.exec(select(StageRun).where(col(column).in_(part)))]


def was_wanted(session: Session, stage: Stage, deal: Deal) -> bool:
    """Whether a stage was ever wanted in a deal's round: some happen once, whatever toggles afterwards."""
    same = (StageRun.stage == stage.value, StageRun.deal_id == deal.id, StageRun.round == deal.round)
    return session.exec(select(StageRun.id).where(*same)).first() is not None


def has_followed(session: Session, fact: Fact) -> bool:
    """Whether a run was ever wanted for a fact, whatever has become of it."""
    return session.exec(select(StageRun.id).where(StageRun.fact_id == fact.id)).first() is not None


def now_is(session: Session, row_id: int) -> StageRun:
    """A row as it is now, which nobody else changes until this transaction ends."""
    return session.exec(_kept(StageRun.id == row_id)).one()


def keep(session: Session, row_id: int, flow_run_id: str, began: datetime) -> StageRun:
    """The row of the run that is about to write, kept for it. Raises Refused where another has it by now, or nobody wants it any more."""
    row = now_is(session, row_id)
    if not owns(row, flow_run_id, began) and (row.flow_run_id != flow_run_id or row.state != RunState.DONE):
        raise Refused(f"Run {row.key} is {row.state}: what it does is not wanted any more.")
    return row


def owns(row: StageRun, flow_run_id: str, began: datetime) -> bool:
    """Whether the execution of a flow run that began then still is the one to act for its row: the run may have been begun anew since."""
    return row.flow_run_id == flow_run_id and row.state == RunState.RUNNING and row.touched_at == began


def mark(session: Session, row: StageRun, to: RunState, *, now: datetime, why: str = "") -> None:
    """Move a row on, with the reason where there is one."""
    if row.state == to:
        return
    row.why = why
    _to(session, row, to, now)


def succeed(session: Session, row: StageRun, *, now: datetime, why: str) -> StageRun:
    """Give a dead run's row to the next generation."""
    mark(session, row, RunState.SUPERSEDED, now=now, why=why)
    session.flush()
    deal = session.get(Deal, row.deal_id) if row.deal_id else None
    application = session.get(Fact, row.application_id) if row.application_id else None
    heir = want(
        session, Stage(row.stage), now=now, deal=None if application else deal, application=application,
        fact=session.get(Fact, row.fact_id) if row.fact_id else None, part=row.part,
    )  # fmt: skip
    heir.deal_id = row.deal_id  # an intake's, too: it is its deal's next step, and whoever closes the deal ends it
    return heir


def withdraw_all(session: Session, deal_id: int, *, why: str, now: datetime, but: str = "") -> None:
    """Nobody wants a deal's live runs any more; the waker cancels them in Prefect. `but` names a flow run to leave alone."""
    for row in session.exec(_kept(StageRun.deal_id == deal_id, col(StageRun.state).in_(LIVE)).order_by(col(StageRun.id))).all():
        if row.flow_run_id is None or row.flow_run_id != but:
            mark(session, row, RunState.WITHDRAWN, now=now, why=why)


def belongs_to(session: Session, row_id: int, deal: Deal, *, now: datetime) -> None:
    """Write whose an intake's row is, so that who closes the deal ends it too; a deal that is closed by now has ended it."""
    row = now_is(session, row_id)
    row.deal_id = deal.id
    if deal.sales in CLOSED and row.state == RunState.RUNNING:
        mark(session, row, RunState.WITHDRAWN, now=now, why=f"the deal is {deal.sales}")
    session.add(row)


def live_of(session: Session, deal_id: int) -> list[StageRun]:
    """A deal's live rows."""
    return list(session.exec(select(StageRun).where(StageRun.deal_id == deal_id, col(StageRun.state).in_(LIVE)).order_by(col(StageRun.id))))


def in_states(session: Session, *states: RunState, limit: int = 500) -> list[StageRun]:
    """Rows in these states, oldest first."""
    return list(session.exec(select(StageRun).where(col(StageRun.state).in_(states)).order_by(col(StageRun.id)).limit(limit)))


def to_make(session: Session, *, limit: int) -> list[StageRun]:
    """Rows that have no run yet, oldest first; one that could not be made stands behind the others."""
    rows = select(StageRun).where(StageRun.state == RunState.WANTED.value)
    return list(session.exec(rows.order_by(col(StageRun.touched_at), col(StageRun.id)).limit(limit)))


def touch(session: Session, row_id: int, *, now: datetime) -> None:
    """Put a row that has no run yet behind the others; one that has begun keeps its moment, by which its execution knows itself."""
    row = now_is(session, row_id)
    if row.state == RunState.WANTED:
        row.touched_at = now
        session.add(row)


def _kept(*which: Any) -> SelectOfScalar[StageRun]:
    """Rows read anew and kept from everybody else: what a session has loaded before may be outdated on PostgreSQL."""
    return select(StageRun).where(*which).with_for_update().execution_options(populate_existing=True)


def _to(session: Session, row: StageRun, to: RunState, now: datetime) -> None:
    if to not in RUN_MOVES[RunState(row.state)]:
        raise Refused(f"Run {row.key} is {row.state} and cannot become {to}.")
    row.state, row.touched_at = to.value, now
    row.ended_at = now if to not in LIVE else None
    session.add(row)
