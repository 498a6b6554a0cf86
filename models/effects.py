"""The effect ledger: at most once without a person's word, and never silently zero.

    planned ──▶ claimed ──▶ done
       ▲  └─▶ skipped │ ├──▶ failed     the world refused for good
       └──────────────┘ └──▶ unknown    it may have happened: a person decides
    unknown ──▶ done | planned, by a person's word
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, exists, literal
from sqlmodel import Session, and_, col, or_, select

from models.db import serialise
from models.errors import Refused
from models.stages import BUSY
from models.tables import Effect, Lease, StageRun


class EffectState(StrEnum):
    """Where an effect stands."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


E = EffectState
EFFECT_MOVES: dict[EffectState, frozenset[EffectState]] = {
    E.PLANNED: frozenset({E.CLAIMED, E.SKIPPED}),
    E.CLAIMED: frozenset({E.DONE, E.FAILED, E.PLANNED, E.UNKNOWN}),
    E.UNKNOWN: frozenset({E.DONE, E.PLANNED}),
    E.DONE: frozenset(),
    E.FAILED: frozenset({E.PLANNED}),
    E.SKIPPED: frozenset(),
}
SETTLED = frozenset({E.DONE, E.FAILED, E.SKIPPED, E.UNKNOWN})
LEASE = timedelta(minutes=5)
REFUND = "refund"
HOLDING = frozenset({"payment-request", REFUND})
"""Kinds of effects whose unknown outcome holds the deal: money is asked for or given back once, and nobody guesses. A letter's does not."""
STAGES_OWN = frozenset({"tracker", "ticket"})
"""Kinds that only their own stage can do: after a person's word it does them again at its next Retry."""
LETTER = "letter"
"""The kind of a letter that a stage sends."""
ERRAND = "errand"
"""The kind of an effect that the waker carries out by itself, from the order written down in `args`."""
KINDS = frozenset({LETTER, ERRAND}) | HOLDING | STAGES_OWN
"""Every kind there is."""


def plan(
    session: Session, key: str, kind: str, *, deal_id: int | None, what: str, now: datetime, args: dict[str, Any] | None = None
) -> Effect:
    """The effect under this key, planned if it was not there."""
    serialise(session, f"effect/{key}")
    effect = session.get(Effect, key)
    if effect is None:
        effect = Effect(key=key, kind=kind, deal_id=deal_id, what=what, args=args or {}, planned_at=now)
        session.add(effect)
        session.flush()
    return effect


def claim(session: Session, effect: Effect, owner: str, *, now: datetime) -> None:
    """Take a planned effect for `owner`; `now` is the real clock's."""
    _to(effect, E.CLAIMED)
    effect.owner, effect.claimed_at, effect.lease_until = owner, now, now + LEASE
    effect.attempts += 1
    session.add(effect)


def take_over(session: Session, effect: Effect, owner: str, *, now: datetime) -> None:
    """Make the claim of a dead owner ours, so that only one of its finders goes on with it."""
    effect.owner, effect.lease_until = owner, now + LEASE
    session.add(effect)


def settle(
    session: Session, effect: Effect, to: EffectState, *, said: str, now: datetime, result: dict[str, Any] | None = None
) -> None:
    """Write what became of a claimed (or, by a person's word, an unknown) effect."""
    _to(effect, to)
    effect.said, effect.owner, effect.lease_until = said[:2000], "", None
    effect.settled_at = now if to in SETTLED else None
    if result is not None:
        effect.result = result
    session.add(effect)


def skip(session: Session, effect: Effect, why: str, *, now: datetime) -> None:
    """Write that a planned effect is not wanted any more, and why."""
    _to(effect, E.SKIPPED)
    effect.said, effect.settled_at = why, now
    session.add(effect)


def later(session: Session, effect: Effect, until: datetime) -> None:
    """Put a planned effect off until `until`; the waker leaves it alone so long."""
    effect.lease_until = until
    session.add(effect)


def is_orphan(effect: Effect, *, now: datetime, owner_lives: bool) -> bool:
    """Whether a claim's owner is gone: its lease ran out, or its worker died."""
    return effect.state == E.CLAIMED and (not owner_lives or effect.lease_until is None or effect.lease_until <= now)


def planned_errands(session: Session, *, now: datetime, kinds: Iterable[str] = (ERRAND,), limit: int = 50) -> list[Effect]:
    """What a fact planned and no stage does, letters unless other `kinds` are named: oldest first, those put off left out.

    What a worker had claimed of it when it died is among them: no stage comes back to it, so whoever looks here takes it over.
    """
    is_ripe = and_(Effect.state == E.PLANNED.value, or_(col(Effect.lease_until).is_(None), col(Effect.lease_until) <= now))
    wanted = select(Effect).where(or_(is_ripe, _is_nobodys(now)), col(Effect.kind).in_(kinds))
    return list(session.exec(wanted.order_by(col(Effect.planned_at)).limit(limit)))


def drop_planned(session: Session, deal_id: int, why: str, *, now: datetime) -> None:
    """Skip what a deal's stages had planned and could not do yet: nobody wants it any more. Errands and refunds are owed all the same."""
    planned = select(Effect).where(Effect.deal_id == deal_id, Effect.state == E.PLANNED.value, col(Effect.kind).not_in([ERRAND, REFUND]))
    for effect in session.exec(planned).all():
        skip(session, effect, why, now=now)


def abandoned(session: Session, *, now: datetime) -> list[Effect]:
    """Letters of stages whose sender died, of deals of which no run is under way: no stage comes back to them. Oldest first.

    A run that only waits is not under way: after the death another one went on without the letter, since what it was about was over by then.
    """
    is_busy = exists().where(col(StageRun.deal_id) == col(Effect.deal_id), col(StageRun.state).in_(BUSY))
    return list(session.exec(select(Effect).where(_is_nobodys(now), Effect.kind == LETTER, ~is_busy).order_by(col(Effect.planned_at))))


def _is_nobodys(now: datetime) -> ColumnElement[bool]:
    """Whether a claim's owner is gone, as far as leases tell."""
    is_held = exists().where(col(Lease.name) == literal("worker/") + col(Effect.owner), col(Lease.until) > now)
    return and_(Effect.state == E.CLAIMED.value, or_(col(Effect.lease_until).is_(None), col(Effect.lease_until) <= now, ~is_held))


def in_state(session: Session, state: EffectState) -> list[Effect]:
    """All effects in one state, oldest first."""
    return list(session.exec(select(Effect).where(Effect.state == state.value).order_by(col(Effect.planned_at))))


def deals_settled(session: Session, since: datetime) -> list[int]:
    """The deals of which an effect was settled since then, by the studio's clock. Kinds are named so that the index is used to its last column."""
    settled = select(Effect.deal_id).where(col(Effect.state).in_(SETTLED), col(Effect.kind).in_(KINDS), col(Effect.settled_at) >= since)
    return [deal_id for deal_id in session.exec(settled.distinct()) if deal_id]


def _to(effect: Effect, to: EffectState) -> None:
    if to not in EFFECT_MOVES[EffectState(effect.state)]:
        raise Refused(f"Effect {effect.key} is {effect.state} and cannot become {to}.")
    effect.state = to.value
