"""Documents: every save is a version; one is live until it is accepted, then frozen with its hashes."""

import hashlib
import json
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from models.db import serialise
from models.tables import Deal, Document


def fingerprint(body: dict[str, Any]) -> str:
    """SHA-256 of a snapshot in its canonical form (sorted keys, no spaces, UTF-8)."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def add_version(
    session: Session,
    deal: Deal,
    kind: str,
    body: dict[str, Any],
    *,
    made_by: str,
    now: datetime,
    why: str = "",
    changes: list[str] | None = None,
    made_from: dict[str, Any] | None = None,
) -> Document:
    """The next version of a deal's document, live; the one before is superseded (a frozen one stays frozen).

    `made_from` names what it was made from: versions of other documents, texts given by hand.
    """
    serialise(session, f"document/{deal.id}/{kind}")
    before = latest(session, deal.id or 0, kind)
    if before and before.state == "live":
        before.state = "superseded"
        session.add(before)
    document = Document(
        deal_id=deal.id or 0, kind=kind, version=before.version + 1 if before else 1, round=deal.round, body=body,
        body_hash=fingerprint(body), made_at=now, made_by=made_by, why=why, changes=changes or [], made_from=made_from or {},
    )  # fmt: skip
    session.add(document)
    session.flush()
    return document


def latest(session: Session, deal_id: int, kind: str) -> Document | None:
    """A deal's newest version of a document."""
    mine = select(Document).where(Document.deal_id == deal_id, Document.kind == kind)
    return session.exec(mine.order_by(col(Document.version).desc())).first()


def version(session: Session, deal_id: int, kind: str, number: int) -> Document | None:
    """One version of a deal's document."""
    return session.exec(select(Document).where(Document.deal_id == deal_id, Document.kind == kind, Document.version == number)).first()


def next_version(session: Session, deal_id: int, kind: str) -> int:
    """The number that the next version will have."""
    return (session.exec(select(func.max(Document.version)).where(Document.deal_id == deal_id, Document.kind == kind)).one() or 0) + 1


def all_of(session: Session, deal_id: int) -> list[Document]:
    """Every version of every document of a deal, oldest first."""
    return list(session.exec(select(Document).where(Document.deal_id == deal_id).order_by(col(Document.id))))
