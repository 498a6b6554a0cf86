"""Where a contract stands: its newest version of the round, who signed it and how, what the studio said. Read, never written."""

from sqlmodel import Session, col, select

from models import contract_parties, documents, facts
from models.answers import ContractWord
from models.cash_answers import ContractChangeAsked, ContractDetails, ContractSigned, Countersigned
from models.effects import EffectState
from models.tables import Client, Deal, Document, Effect, Fact

NOUN = "contract"


def of_round(session: Session, deal: Deal) -> Document | None:
    """The newest contract of the round that the deal is in."""
    document = documents.latest(session, deal.id or 0, NOUN)
    return document if document and document.round == deal.round else None


def first(session: Session, deal: Deal) -> Document | None:
    """The first contract of the round that the deal is in: where a replay of the stage begins."""
    mine = select(Document).where(Document.deal_id == deal.id, Document.kind == NOUN, Document.round == deal.round)
    return session.exec(mine.order_by(col(Document.version))).first()


def is_first(session: Session, document: Document) -> bool:
    """Whether no version came before this one in its round."""
    same = (Document.deal_id == document.deal_id, Document.kind == NOUN, Document.round == document.round)
    return session.exec(select(Document).where(*same, col(Document.version) < document.version)).first() is None


def letter(deal_id: int, version: int) -> str:
    """The key of the letter that brings a version to the client."""
    return f"deal/{deal_id}/{NOUN}/v{version}/mail"


def was_mailed_before(session: Session, document: Document) -> bool:
    """Whether the client got an earlier version of the round."""
    same = (Document.deal_id == document.deal_id, Document.kind == NOUN, Document.round == document.round)
    earlier = session.exec(select(Document.version).where(*same, col(Document.version) < document.version)).all()
    keys = [letter(document.deal_id, version) for version in earlier]
    sent = select(Effect).where(col(Effect.key).in_(keys), col(Effect.state).in_([EffectState.DONE.value, EffectState.UNKNOWN.value]))
    return session.exec(sent).first() is not None


def details_letter(deal: Deal) -> str:
    """The key of the letter that asks for the details in this round."""
    return f"deal/{deal.id}/r{deal.round}/contract/details"


def asks_details(session: Session, deal: Deal) -> bool:
    """Whether this round asks for the details: they were not known when it began. Once asked it stays asked, whatever becomes known."""
    if session.get(Effect, details_letter(deal)):
        return True
    return contract_parties.details_of(session.get_one(Client, deal.client_id)) is None


def has_details(session: Session, deal: Deal) -> bool:
    """Whether the contract can be made: the details were told in this round, or need not be asked for."""
    about = facts.subject(deal.id or 0, deal.round, NOUN)
    is_told = any(fact.subject == about for fact in facts.of_deal(session, deal.id or 0, ContractDetails.kind))
    return is_told or not asks_details(session, deal)


def signature(session: Session, document: Document) -> tuple[Fact, ContractSigned | ContractWord] | None:
    """The fact that signed this version for the client: by code, or on paper."""
    fact = session.get(Fact, document.frozen_by) if document.frozen_by else None
    if fact is None:
        return None
    model = ContractSigned if fact.kind == ContractSigned.kind else ContractWord
    return fact, model.model_validate(fact.payload)


def countersignature(session: Session, document: Document) -> tuple[Fact, Countersigned] | None:
    """The studio's word on a signed version, if it was given."""
    for fact in reversed(facts.of_deal(session, document.deal_id, Countersigned.kind)):
        if fact.payload["version"] == document.version:
            return fact, Countersigned.model_validate(fact.payload)
    return None


def change_asked(session: Session, document: Document) -> ContractChangeAsked | None:
    """The last change that the client asked for in this version."""
    told = [ContractChangeAsked.model_validate(fact.payload) for fact in facts.of_deal(session, document.deal_id, ContractChangeAsked.kind)]
    return next((one for one in reversed(told) if one.version == document.version), None)
