"""Signing the act by code."""

from datetime import datetime

from sqlmodel import Session

from models import act_facts, signature, waiting
from models.delivery_answers import ActSigned
from models.signature import Signer


def sign(session: Session, secret: str, deal_id: int, signer: Signer, typed: str, *, now: datetime) -> str:
    """Sign a version of the act with a typed code; "" when it is signed, else in a sentence why not (`signature.sign`).

    Raises Refused (409) for a version that is void, newer than what was read, or accepted already.
    """
    document = act_facts.unsigned(session, waiting.lock(session, deal_id), signer.version, now)
    return signature.sign(session, secret, document, signer, typed, kind=ActSigned, now=now)
