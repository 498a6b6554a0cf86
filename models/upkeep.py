"""Whether the schedule turns: when `reconcile` last ran, and since when somebody could have run it. Kept as leases, by the real clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from models import leases
from models.tables import Lease

EVERY = timedelta(minutes=10)
"""How often reconcile runs by itself."""
PATIENCE = timedelta(minutes=35)
"""How long it may be silent: three of its turns, and the time that one takes."""
_RAN, _UP = "schedule/reconcile", "schedule/up"


@dataclass(frozen=True)
class Schedule:
    """When reconcile last ran, and when the studio last came up after a standstill; None: not that we know."""

    ran: datetime | None
    up: datetime | None

    def silence(self, now: datetime) -> timedelta:
        """How long reconcile should have run and has not: nothing where the studio has never been up."""
        known = [moment for moment in (self.ran, self.up) if moment]
        return max(now - max(known), timedelta()) if known else timedelta()


def note_ran(session: Session, *, now: datetime) -> None:
    """Reconcile has looked at everything."""
    leases.take(session, _RAN, "reconcile", length=PATIENCE, now=now)


def note_up(session: Session, *, now: datetime) -> None:
    """Begin to count from now, if no waker has been at work lately: then the studio was down, and its schedule with it.

    To be said before the waker's lease is taken anew. A worker that only starts anew is no standstill, or one that dies again and again would
    hide a schedule that stands still.
    """
    waker = session.get(Lease, "waker")
    if waker is None or waker.until < now:
        leases.take(session, _UP, "waker", length=PATIENCE, now=now)


def schedule(session: Session) -> Schedule:
    """What is known of it."""
    ran, up = (lease.until - PATIENCE if (lease := session.get(Lease, name)) else None for name in (_RAN, _UP))
    return Schedule(ran, up)
