"""Leases: who may act, and until when. The one place where time is the real clock's, never a rehearsed one."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models.db import serialise
from models.tables import Lease

WORKER = timedelta(seconds=20)
"""How long a worker's lease is; it renews it long before."""
KEPT = timedelta(days=1)


def take(session: Session, name: str, owner: str, *, length: timedelta, now: datetime) -> bool:
    """Take or renew a lease; False while somebody else holds it."""
    serialise(session, f"lease/{name}")
    lease = session.get(Lease, name)
    if lease is None:
        session.add(Lease(name=name, owner=owner, until=now + length))
        return True
    if lease.owner != owner and lease.until > now:
        return False
    lease.owner, lease.until = owner, now + length
    session.add(lease)
    return True


def give_back(session: Session, name: str, owner: str) -> None:
    """End a lease early, if it is still ours."""
    lease = session.get(Lease, name)
    if lease is not None and lease.owner == owner:
        session.delete(lease)


def sweep(session: Session, *, now: datetime) -> None:
    """Delete the leases of workers that have been gone for a day: each start of a worker makes one, and a killed one gives none back."""
    long_gone = col(Lease.name).startswith("worker/"), Lease.until < now - KEPT
    for lease in session.exec(select(Lease).where(*long_gone)).all():
        session.delete(lease)


def holder(session: Session, name: str) -> str:
    """Who took the lease last; "" if nobody ever did."""
    lease = session.get(Lease, name)
    return lease.owner if lease else ""


def named(session: Session, start: str) -> list[Lease]:
    """Every lease whose name begins so, lapsed ones too."""
    return list(session.exec(select(Lease).where(col(Lease.name).startswith(start, autoescape=True)).order_by(col(Lease.name))))


def heartbeats(session: Session, *, now: datetime) -> dict[str, timedelta]:
    """How long ago each worker that is at work renewed its lease, by its name."""
    alive = session.exec(select(Lease).where(col(Lease.name).startswith("worker/"), Lease.until > now))
    return {lease.owner: max(now - (lease.until - WORKER), timedelta()) for lease in alive}


def is_held(session: Session, name: str, *, now: datetime) -> bool:
    """Whether somebody holds the lease now."""
    lease = session.get(Lease, name)
    return lease is not None and lease.until > now
