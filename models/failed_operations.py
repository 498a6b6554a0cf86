"""Checks and operations that failed: kept until they go well, so that the error inbox shows them beside the stages."""

from datetime import datetime

from sqlmodel import Session

from models.tables import FailedOperation


def note(session: Session, key: str, what: str, flow_run_id: str, why: str, *, deal_id: int | None = None, now: datetime) -> None:
    """Write down that it failed; a failure before of the same key is forgotten."""
    session.merge(FailedOperation(key=key, what=what, flow_run_id=flow_run_id, deal_id=deal_id, at=now, why=why[:2000]))


def is_kept(session: Session, key: str) -> bool:
    """Whether it failed and has not gone well since."""
    return session.get(FailedOperation, key) is not None


def went_well(session: Session, key: str) -> None:
    """Nobody has to look at it any more."""
    row = session.get(FailedOperation, key)
    if row is not None:
        session.delete(row)
