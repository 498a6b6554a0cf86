"""Signing the act by code: the typed code tried and the signature kept, in one transaction that is committed either way."""

from datetime import datetime

from sqlmodel import Session

from models import act_facts, act_state, inbox, signing, waiting
from models.contract_signature import Signer
from models.delivery_answers import ActSigned
from models.field_types import normal_email


def sign(session: Session, secret: str, deal_id: int, signer: Signer, typed: str, *, now: datetime) -> str:
    """Sign a version of the act with a typed code; "" when it is signed, else in a sentence why not.

    A wrong code is counted, and no error is raised for it: the transaction that counts it has to be committed. Raises Refused (409)
    for a version that is void, newer than what was read, or accepted already.
    """
    deal = waiting.lock(session, deal_id)
    document = act_facts.unsigned(session, deal, signer.version, now)
    sent, email = signing.current(session, deal_id, signer.version, now=now, kind=act_state.NOUN), normal_email(signer.email)
    if sent and sent.email != email:
        return f"The code was sent to another address than {signer.email[:100]}. Sign with that one, or ask for a new code."
    tried = signing.give(session, secret, deal_id, signer.version, typed, now=now, kind=act_state.NOUN)
    if tried.code is None:
        return tried.said
    answer = ActSigned(
        version=signer.version, name=signer.name, role=signer.role, email=email, consent=document.body["consent"], code=tried.code.number,
        address=signer.address[:100], agent=signer.agent[:500], body_hash=document.body_hash, template_hash=document.template_hash,
        pdf_hash=document.pdf_hash,
    )  # fmt: skip
    key = f"deal/{deal_id}/{act_state.NOUN}/v{signer.version}/signed/{tried.code.number}"
    inbox.tell(session, deal_id, answer, source="client", external_id=key, actor="client", now=now)
    return ""
