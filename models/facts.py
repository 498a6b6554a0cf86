"""The inbox: what came to be known, once per (source, external id)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from models.cash_tables import Invoice
from models.tables import Fact, Wait


@dataclass(frozen=True)
class News:
    """Something to be put into the inbox. `subject` is a slash path; `actor` says who: client, staff:e-mail, machine:key, system."""

    kind: str
    source: str
    external_id: str
    actor: str
    deal_id: int | None = None
    subject: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    happened_at: datetime | None = None


def subject(deal_id: int, round_: int, noun: str) -> str:
    """What a fact is about: `deal/42/r1/proposal`. The round keeps an old answer from meeting a new question."""
    return f"deal/{deal_id}/r{round_}/{noun}"


def off_plan(invoice: Invoice) -> str:
    """What a fact is about that no payment of the plan waits for: an invoice outside of it, of an earlier round, or issued anew since."""
    return f"{subject(invoice.deal_id, invoice.round, 'invoice')}/{invoice.id}"


def keep(session: Session, news: News, *, now: datetime) -> tuple[Fact, bool]:
    """The fact of this news, and whether it is new. Telling it again gives the first one back."""
    known = find(session, news.source, news.external_id)
    if known:
        return known, False
    fact = Fact(
        kind=news.kind, source=news.source, external_id=news.external_id, deal_id=news.deal_id, subject=news.subject,
        actor=news.actor, payload=news.payload, happened_at=news.happened_at or now, known_at=now,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(fact)
    except IntegrityError:
        known = find(session, news.source, news.external_id)
        if known is None:
            raise
        return known, False
    return fact, True


def find(session: Session, source: str, external_id: str) -> Fact | None:
    """The fact that a source told under this id."""
    return session.exec(select(Fact).where(Fact.source == source, Fact.external_id == external_id)).first()


def unconsumed(session: Session, deal_id: int, about: str, kinds: list[str]) -> Fact | None:
    """The earliest fact of these kinds on a subject that no wait has taken yet."""
    taken = select(Wait.fact_id).where(Wait.deal_id == deal_id, col(Wait.fact_id).is_not(None))
    wanted = select(Fact).where(Fact.deal_id == deal_id, Fact.subject == about, col(Fact.kind).in_(kinds), col(Fact.id).not_in(taken))
    return session.exec(wanted.order_by(col(Fact.id))).first()


def of_deal(session: Session, deal_id: int, *kinds: str) -> list[Fact]:
    """A deal's facts in the order in which they came to be known, all or of some kinds."""
    wanted = select(Fact).where(Fact.deal_id == deal_id).order_by(col(Fact.id))
    return list(session.exec(wanted.where(col(Fact.kind).in_(kinds)) if kinds else wanted))
