"""What a restore means: the database is as it was, the world is not. What may have happened since is never guessed.

    clocks       every reminder and deadline rests from the backup to the restore, as on hold: answers of that time are lost, not silence
    errands      letters that were planned or under way become unknown: a person says whether they went out
    deals        that were moving are in doubt until somebody says something: a first effect is asked for at its vendor, else unknown
    numbers      of rows go on well above those that may have been given since
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, or_, select

from models import effects, installation, waiting
from models.cash_tables import Invoice, Series
from models.effects import EffectState
from models.errors import Refused
from models.stages import RunState
from models.tables import Deal, Effect, Fact, StageRun, Wait
from models.tracks import is_open

MOVING = (RunState.WANTED, RunState.CREATED, RunState.RUNNING, RunState.FAILED)
WHY = "A backup was restored; whether this went out after the backup was made is not known."


@dataclass(frozen=True)
class Restore:
    """A restore: the id of the installation that it makes, of when the backup is, when it was restored, the rows' next numbers."""

    id: str
    made_at: datetime
    now: datetime
    numbers: dict[str, int]


@dataclass(frozen=True)
class Told:
    """What an operator must know of a restore: open deals, deals in doubt, keys of unknown letters, the last invoice's number."""

    open: int
    moving: list[int]
    unknown: list[str]
    last_invoice: str


def settle(session: Session, restore: Restore, *, moved: bool) -> Told:
    """Write down that a backup was restored, and make of what was under way what can be said of it. Called once, on the restored rows.

    `moved`: nothing has happened since the backup, its system was stopped before: everything goes on where it stood.
    """
    deals, applications = ([], []) if moved else _moving(session, restore.made_at)
    unknown = [] if moved else _doubt_letters(session, restore.now)
    opened = [deal for deal in session.exec(select(Deal)) if is_open(deal)]
    for deal in opened:
        if not moved and restore.now > restore.made_at and deal.held_since is None:
            waiting.shift_all(session, deal.id or 0, since=restore.made_at, now=restore.now)
    payload: dict[str, Any] = {
        "id": restore.id, "made_at": restore.made_at.isoformat(), "numbers": restore.numbers, "deals": deals, "applications": applications,
    }  # fmt: skip
    installation.note(session, installation.RESTORED, f"restored/{restore.id}", payload, now=restore.now)
    newest = select(Invoice.number).where(col(Invoice.number).is_not(None), Invoice.kind == "invoice").order_by(col(Invoice.id).desc())
    return Told(open=len(opened), moving=deals, unknown=unknown, last_invoice=session.exec(newest).first() or "")


def in_doubt(session: Session, effect: Effect) -> bool:
    """Whether an effect that is claimed for the first time may have happened between a backup and its restore."""
    restored = session.exec(select(Fact).where(Fact.kind == installation.RESTORED).order_by(col(Fact.id).desc())).first()
    if restored is None or effect.deal_id is None or effect.kind == effects.ERRAND:
        return False
    said = restored.payload
    if effect.deal_id not in said["deals"] and not _came_from(session, effect.deal_id, said["applications"]):
        return False
    heard = select(Fact.id).where(Fact.deal_id == effect.deal_id, Fact.known_at >= restored.known_at, Fact.actor != "system")
    silent = select(Wait.id).where(Wait.deal_id == effect.deal_id, Wait.outcome == "silent", col(Wait.closed_at) >= restored.known_at)
    return session.exec(heard.limit(1)).first() is None and session.exec(silent.limit(1)).first() is None


def skip_invoices(session: Session, last: str) -> None:
    """Let invoices be numbered after `last`, the last number that was really given. Raises Refused when it is none of a known series."""
    match = re.fullmatch(r"(.*?)0*(\d+)", last)
    numbered = session.exec(select(Invoice).where(col(Invoice.number).is_not(None)))
    same = [row for row in numbered if _prefix(row.number or "") == _prefix(last)]
    if match is None or not same:
        raise Refused(f"{last} is not the number of an invoice in a series that the backup knows.")
    row = session.get_one(Series, (same[0].series, same[0].year))
    row.last = max(row.last, int(match[2]))
    session.add(row)


def _prefix(number: str) -> str:
    return number.rstrip("0123456789")


def _moving(session: Session, made_at: datetime) -> tuple[list[int], list[int]]:
    """Deals and applications that something would have happened to without anybody's word."""
    rows = session.exec(select(StageRun).where(col(StageRun.state).in_(MOVING))).all()
    ripe = session.exec(select(Wait.deal_id).where(col(Wait.closed_at).is_(None), col(Wait.due_at) <= made_at)).all()
    deals = {row.deal_id for row in rows if row.deal_id is not None} | set(ripe)
    return sorted(deals), sorted(row.application_id for row in rows if row.application_id is not None)


def _doubt_letters(session: Session, now: datetime) -> list[str]:
    """Errands that were planned or under way become unknown. What else was planned is claimed as if for the first time."""
    planned = session.exec(select(Effect).where(or_(Effect.state == EffectState.PLANNED.value, Effect.state == EffectState.CLAIMED.value))).all()
    unknown = []
    for effect in planned:
        if effect.kind == effects.ERRAND:
            if effect.state == EffectState.PLANNED:
                effects.claim(session, effect, "", now=now)
            effects.settle(session, effect, EffectState.UNKNOWN, said=WHY, now=now)
            unknown.append(effect.key)
        elif effect.state == EffectState.PLANNED:
            effect.claimed_at = None
    return sorted(unknown)


def _came_from(session: Session, deal_id: int, applications: list[int]) -> bool:
    mine = select(func.count()).select_from(StageRun).where(StageRun.deal_id == deal_id, col(StageRun.application_id).in_(applications))
    return bool(applications) and session.exec(mine).one() > 0
