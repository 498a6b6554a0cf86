"""Where an act of acceptance stands: its newest version of the round, who signed it and how, what was named in place of that.

    frozen ──▶ signed                    by mailed code, or on paper
       ├─────▶ deemed                    silence after two warnings, where the contract says so
       └─────▶ void                      faults were mended and the next version comes, or the work was cancelled
"""

from sqlmodel import Session, col, select

from models import facts, silence
from models.delivery_answers import ActDeemed, ActFaults, ActSigned
from models.errors import Refused
from models.stages import Stage
from models.tables import Deal, Document, Effect, Fact

NOUN = "act"
ACCEPTED = frozenset({"signed", "deemed"})
WARNING = "act-warning"
"""The letter that says what silence means."""


def of_round(session: Session, deal: Deal) -> list[Document]:
    """The versions of the act in the deal's round, oldest first."""
    mine = select(Document).where(Document.deal_id == deal.id, Document.kind == NOUN, Document.round == deal.round)
    return list(session.exec(mine.order_by(col(Document.version))))


def newest(session: Session, deal: Deal) -> Document | None:
    """The newest version of the act in the deal's round."""
    return next(reversed(of_round(session, deal)), None)


def signature(session: Session, document: Document) -> tuple[Fact, ActSigned] | None:
    """The fact that signed this version for the client: by code, or on paper."""
    fact = session.get(Fact, document.frozen_by) if document.state == "signed" and document.frozen_by else None
    return (fact, ActSigned.model_validate(fact.payload)) if fact else None


def deemed(session: Session, document: Document) -> Fact | None:
    """The fact by which this version counts as accepted without a signature."""
    return session.get(Fact, document.frozen_by) if document.state == "deemed" and document.frozen_by else None


def faults(session: Session, document: Document) -> list[tuple[Fact, ActFaults]]:
    """The faults that the client named in this version, in the order in which they did."""
    told = [(fact, ActFaults.model_validate(fact.payload)) for fact in facts.of_deal(session, document.deal_id, ActFaults.kind)]
    return [one for one in told if one[1].version == document.version]


def accept(session: Session, document: Document, fact: Fact) -> None:
    """Freeze a version for good, in the transaction that keeps the word which accepts it."""
    document.state, document.frozen_by = "deemed" if fact.kind == ActDeemed.kind else "signed", fact.id
    session.add(document)


def withdraw(session: Session, deal: Deal) -> None:
    """Make the act that is out void: the work was cancelled. Raises Refused once the client has accepted the work."""
    document = newest(session, deal)
    if document is None:
        return
    if document.state in ACCEPTED:
        raise Refused(f"The client has accepted the work by act {document.body['number']}; it cannot be cancelled any more.")
    document.state = "void"
    session.add(document)


def letter(deal_id: int, version: int) -> str:
    """The key of the letter that brings a version to the client."""
    return f"deal/{deal_id}/{NOUN}/v{version}/mail"


def warned(session: Session, deal: Deal) -> list[Effect]:
    """The warnings of what silence means that reached the client about the newest version, in the order in which they went out."""
    return silence.warned(session, deal, Stage.LAUNCH, NOUN, WARNING)


def told(session: Session, deal: Deal, *kinds: str) -> list[Fact]:
    """The facts of these kinds about the act of the deal's round, in the order in which they came to be known."""
    about = facts.subject(deal.id or 0, deal.round, NOUN)
    return [fact for fact in facts.of_deal(session, deal.id or 0, *kinds) if fact.subject == about]
