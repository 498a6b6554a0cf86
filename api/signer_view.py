"""What a page on which a client signs shows of it: who signs, the code that is out, whether another may be asked for."""

from typing import Any

from sqlmodel import Session

from api.door import Door
from api.links import Opened
from models import facts, signing
from models.answer import Answer
from models.cash_tables import SignCode
from models.signing import TooMany
from models.tables import Client, Document


def signing_parts(session: Session, here: Door, link: Opened, document: Document, client: Client, asked: type[Answer]) -> dict[str, Any]:
    """The parts of a page's record that are about the code; `asked` is the kind of fact by which one is asked for."""
    code = None if link.is_staff else open_code(session, here, document)
    return signer(session, client, document, asked) | {
        "code_sent_to": code.email if code else "", "code_until": code.expires_at if code else None,
        "tries_left": signing.tries_left(session, code) if code else 0, "may_resend": may_ask(session, here, document),
    }  # fmt: skip


def signer(session: Session, client: Client, document: Document, asked: type[Answer]) -> dict[str, str]:
    """Whose name, role and address the form shows: who asked for the last code, else the client."""
    told = [fact.payload for fact in facts.of_deal(session, document.deal_id, asked.kind) if fact.payload["version"] == document.version]
    last = told[-1] if told else {"name": client.name, "email": client.email}
    return {"signer_name": last["name"] or client.name, "signer_role": last.get("role", ""), "signer_email": last["email"]}


def open_code(session: Session, here: Door, document: Document) -> SignCode | None:
    """The code whose time is not over, tries left or not."""
    code = signing.newest(session, document.deal_id, document.version, kind=document.kind)
    return code if code and code.used_at is None and here.now() < code.expires_at else None


def may_ask(session: Session, here: Door, document: Document) -> bool:
    """Whether another code may be asked for now."""
    try:
        signing.check_may_ask(session, document.deal_id, document.version, now=here.now(), kind=document.kind)
    except TooMany:
        return False
    return True
