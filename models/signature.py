"""Signing by code, whatever is signed: the typed code tried and the signature kept, in one transaction that is committed either way."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from models import inbox, signing
from models.cash_answers import ContractSigned
from models.delivery_answers import ActSigned
from models.field_types import normal_email
from models.tables import Document


@dataclass(frozen=True)
class Signer:
    """Who signs which version, as typed, and where it came from: network address and browser."""

    version: int
    name: str
    role: str
    email: str
    address: str = ""
    agent: str = ""


def sign(
    session: Session, secret: str, document: Document, signer: Signer, typed: str, *, kind: type[ContractSigned] | type[ActSigned], now: datetime
) -> str:
    """Sign a version with a typed code; "" when it is signed, else in a sentence why not.

    A wrong code is counted, and no error is raised for it: the transaction that counts it has to be committed.
    """
    deal_id, noun, email = document.deal_id, document.kind, normal_email(signer.email)
    sent = signing.current(session, deal_id, signer.version, now=now, kind=noun)
    if sent and sent.email != email:
        return f"The code was sent to another address than {signer.email[:100]}. Sign with that one, or ask for a new code."
    tried = signing.give(session, secret, deal_id, signer.version, typed, now=now, kind=noun)
    if tried.code is None:
        return tried.said
    answer = kind(
        version=signer.version, name=signer.name, role=signer.role, email=email, consent=document.body["consent"], code=tried.code.number,
        address=signer.address[:100], agent=signer.agent[:500], body_hash=document.body_hash, template_hash=document.template_hash,
        pdf_hash=document.pdf_hash,
    )  # fmt: skip
    key = f"deal/{deal_id}/{noun}/v{signer.version}/signed/{tried.code.number}"
    inbox.tell(session, deal_id, answer, source="client", external_id=key, actor="client", now=now)
    return ""
