"""Links are capabilities: derived from the secret, found by their digest, revoked by raising the generation.

Nothing in the database opens a page: it holds SHA-256 digests only.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from models.db import serialise
from models.errors import Missing
from models.tables import Link

PATHS = {
    "qualify": "q", "brief": "b", "brief-staff": "b", "brief-read": "b", "proposal": "p", "proposal-staff": "p",
    "approve": "a", "estimate-staff": "a", "contract-word": "k", "comeback": "r", "unsubscribe": "u", "contract": "c", "contract-staff": "c",
    "countersign": "s", "invoice": "i", "invoice-staff": "i",
    "project": "j", "project-staff": "j", "work": "w", "act": "t", "act-staff": "t", "review": "v", "refer": "f", "course-off": "x",
}  # fmt: skip
"""The first part of a page's path by kind of link. A kind may name its item after a colon: `invoice:7`."""
STAFF = frozenset({
    "brief-staff", "proposal-staff", "approve", "contract-word", "contract-staff", "countersign", "invoice-staff", "project-staff", "work",
    "act-staff", "estimate-staff", "brief-read",
})  # fmt: skip
CALLED = {
    "qualify": "your application", "brief": "your brief", "proposal": "your proposal", "contract": "your contract", "invoice": "your invoice",
    "project": "your project", "act": "the act of acceptance", "review": "your review", "comeback": "the page by which you can come back to us",
    "approve": "approving the estimate", "estimate-staff": "reading the estimate", "contract-word": "the terms to be settled",
    "countersign": "signing the contract", "work": "the project, for whoever runs it", "brief-staff": "the brief, to fill it in for the client",
    "brief-read": "reading the brief", "proposal-staff": "the proposal", "contract-staff": "the contract", "invoice-staff": "the invoice",
    "project-staff": "the project, as the client sees it", "act-staff": "the act of acceptance",
}  # fmt: skip
"""What letters call the pages."""
PRINTED = frozenset({"proposal", "proposal-staff", "contract", "contract-staff", "invoice", "invoice-staff", "act", "act-staff"})
"""Pages that there is a PDF of, at the same address with `.pdf`."""


@dataclass(frozen=True)
class Found:
    """A link that was given out once; `current` says whether it still opens anything."""

    link: Link
    current: bool


def token(secret: str, kind: str, deal_id: int, generation: int) -> str:
    """The token of a link: 160 bits as 32 lower-case letters and digits."""
    mac = hmac.new(secret.encode(), f"{kind}/{deal_id}/{generation}".encode(), hashlib.sha256).digest()
    return base64.b32encode(mac[:20]).decode().lower()


def base(kind: str) -> str:
    """The kind of page, without its item: `invoice` of `invoice:7`."""
    return kind.partition(":")[0]


def item(kind: str) -> int:
    """The number of the item that a kind names; 0 without one."""
    return int(kind.partition(":")[2] or 0)


def called(links: Mapping[str, str]) -> str:
    """What a letter calls the page behind its button, by the links that its order names."""
    return CALLED.get(base(links.get("link", "")), "your page")


def digest(text: str) -> str:
    """What is kept of a token or a key."""
    return hashlib.sha256(text.encode()).hexdigest()


def hand_out(session: Session, secret: str, kind: str, deal_id: int, *, now: datetime) -> str:
    """The path of a deal's current link of this kind, `/p/…`; its row is written when it is handed out first."""
    serialise(session, f"link/{kind}/{deal_id}")
    link = _latest(session, kind, deal_id)
    generation = 1 if link is None else link.generation + (1 if link.revoked_at else 0)
    text = token(secret, kind, deal_id, generation)
    if link is None or link.revoked_at:
        session.merge(Link(digest=digest(text), kind=kind, deal_id=deal_id, generation=generation, made_at=now))
    return f"/{PATHS[base(kind)]}/{text}"


def given(session: Session, secret: str, kind: str, deal_id: int) -> str:
    """The path of a deal's current link of this kind, if it was ever handed out; "" if not."""
    link = _latest(session, kind, deal_id)
    return "" if link is None or link.revoked_at else f"/{PATHS[base(kind)]}/{token(secret, kind, deal_id, link.generation)}"


def find(session: Session, text: str, *kinds: str) -> Found:
    """The link with this token. Raises Missing when none was ever given out, or it opens another kind of page."""
    link = session.get(Link, digest(text))
    if link is None or base(link.kind) not in kinds:
        raise Missing("This link is not one of ours.")
    return Found(link, link.revoked_at is None)


def was_given(session: Session, kind: str, deal_id: int) -> bool:
    """Whether a deal's link of this kind was ever handed out, revoked by now or not."""
    return _latest(session, kind, deal_id) is not None


def revoke(session: Session, kind: str, deal_id: int, *, now: datetime) -> None:
    """End a deal's current link of this kind; the next one handed out is another."""
    link = _latest(session, kind, deal_id)
    if link:
        link.revoked_at = now
        session.add(link)


def is_withdrawn(session: Session, kind: str, deal_id: int) -> bool:
    """Whether a deal's link of this kind was revoked and no other one handed out since."""
    link = _latest(session, kind, deal_id)
    return link is not None and link.revoked_at is not None


def _latest(session: Session, kind: str, deal_id: int) -> Link | None:
    mine = select(Link).where(Link.kind == kind, Link.deal_id == deal_id)
    return session.exec(mine.order_by(col(Link.generation).desc())).first()
