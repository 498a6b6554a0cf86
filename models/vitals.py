"""How the whole installation is, in figures: what machines watch. Each figure is one bounded question to an index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, func, or_, select

from models.effects import ERRAND, EffectState
from models.stages import RunState
from models.tables import Deal, Effect, Fact, StageRun, Wait
from models.tracks import CLOSED

LETTERS = ("letter", ERRAND)
"""The kinds of effects that are letters."""
WINDOW = timedelta(hours=1)
MOST_WAKES = 5000


@dataclass(frozen=True)
class Letters:
    """When a letter was last handed over; how many were refused for good, have an unknown fate, or wait for a mail server since `oldest`."""

    last: datetime | None
    failed: int
    unknown: int
    waiting: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True)
class Effects:
    """Effects of one state and kind: how many, and when the last one was settled."""

    state: str
    kind: str
    count: int
    last: datetime | None


def deals(session: Session) -> dict[tuple[str, str], int]:
    """How many deals stand at each place of each track."""
    tracks = {"sales": col(Deal.sales), "work": col(Deal.work), "money": col(Deal.money)}
    return {(name, place): n for name, at in tracks.items() for place, n in session.exec(select(at, func.count()).group_by(at))}


def effects(session: Session) -> list[Effects]:
    """Effects by state and kind."""
    by = (col(Effect.state), col(Effect.kind))
    return [Effects(*row) for row in session.exec(select(*by, func.count(), func.max(col(Effect.settled_at))).group_by(*by).order_by(*by))]


def runs(session: Session) -> dict[tuple[str, str], int]:
    """Wanted runs by stage and state."""
    by = (col(StageRun.stage), col(StageRun.state))
    return {(stage, state): n for stage, state, n in session.exec(select(*by, func.count()).group_by(*by))}


def open_waits(session: Session) -> dict[tuple[str, str], int]:
    """Open questions by stage and whose move it is."""
    by = (col(Wait.stage), col(Wait.whose))
    wanted = select(*by, func.count()).where(col(Wait.closed_at).is_(None)).group_by(*by)
    return {(stage, whose): n for stage, whose, n in session.exec(wanted)}


def overdue(session: Session, now: datetime) -> timedelta:
    """How long the oldest due wait has stood that the waker could act on: its run waits and its deal is not on hold."""
    due = select(func.min(col(Wait.due_at))).where(col(Wait.closed_at).is_(None), col(Wait.due_at) <= now)
    ours = due.join(StageRun, col(StageRun.flow_run_id) == Wait.flow_run_id).where(StageRun.state == RunState.WAITING.value)
    oldest = session.exec(ours.join(Deal, col(Deal.id) == Wait.deal_id).where(col(Deal.held_since).is_(None))).one()
    return now - oldest if oldest else timedelta()


def unbegun(session: Session, now: datetime) -> timedelta:
    """How long the oldest run that is wanted has not been begun by any worker."""
    oldest = select(func.min(col(StageRun.wanted_at))).where(col(StageRun.state).in_([RunState.WANTED.value, RunState.CREATED.value]))
    since = session.exec(oldest).one()
    return max(now - since, timedelta()) if since else timedelta()


def wakes(session: Session, now: datetime) -> list[float]:
    """Seconds from knowing an answer (or asking, where it was known before) to its consumption: those of the last hour, shortest first."""
    answered = select(Wait.closed_at, Wait.opened_at, Fact.known_at).join(Fact, col(Fact.id) == Wait.fact_id)
    recent = answered.where(col(Wait.closed_at) > now - WINDOW).order_by(col(Wait.closed_at).desc()).limit(MOST_WAKES)
    return sorted(max((closed - max(opened, known)).total_seconds(), 0.0) for closed, opened, known in session.exec(recent) if closed)


def letters(session: Session) -> Letters:
    """The last letter that was handed over, and those that nobody knows to have arrived at a mail server.

    A stage's letter waits as long as its deal goes on: what is left of one that rests or is over is not owed.
    """
    ours = (col(Effect.kind).in_(LETTERS),)
    newest = select(func.max(col(Effect.settled_at))).where(Effect.state == EffectState.DONE.value, *ours)
    failed, unknown = (
        session.exec(select(func.count()).select_from(Effect).where(Effect.state == state.value, *ours)).one()
        for state in (EffectState.FAILED, EffectState.UNKNOWN)
    )
    is_owed = or_(col(Effect.kind) == ERRAND, and_(col(Deal.held_since).is_(None), col(Deal.sales).not_in(CLOSED)))
    planned = select(func.count(), func.min(col(Effect.planned_at))).select_from(Effect).join(Deal, isouter=True)
    waiting, oldest = session.exec(planned.where(Effect.state == EffectState.PLANNED.value, *ours, is_owed)).one()
    return Letters(session.exec(newest).one(), failed, unknown, waiting, oldest)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value that this share of `ordered` does not exceed; 0 of none."""
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else 0.0
