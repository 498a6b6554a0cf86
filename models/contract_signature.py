"""Signing the contract by code."""

from datetime import datetime

from sqlmodel import Session

from models import contract_facts, signature, waiting
from models.cash_answers import ContractSigned
from models.signature import Signer


def sign(session: Session, secret: str, deal_id: int, signer: Signer, typed: str, *, now: datetime) -> str:
    """Sign a version with a typed code; "" when it is signed, else in a sentence why not (`signature.sign`).

    Raises Refused (409) for a version that is void, newer than what was read, or signed already.
    """
    document = contract_facts.unsigned(session, waiting.lock(session, deal_id), signer.version)
    return signature.sign(session, secret, document, signer, typed, kind=ContractSigned, now=now)
