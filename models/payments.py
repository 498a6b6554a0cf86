"""Payments, whoever tells of them: the door to receiving, giving back, matching by hand, and how a part of the plan stands."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import facts, ledger, matching, refunds
from models.answers import Noted
from models.cash_tables import Payment
from models.company import Company
from models.errors import Invalid, Unavailable
from models.facts import News
from models.money import Money
from models.provider_event import ProviderEvent
from models.receiving import Incoming, lock_deals, receive, receive_all
from models.refunds import Charge, charges
from models.standing import Standing, standing
from models.suspense import Waiting, everything, ignore, match
from models.tables import Fact

__all__ = [
    "Charge", "Incoming", "Standing", "Waiting", "act_on", "charges", "everything", "ignore", "match", "receive", "receive_all", "standing",
]  # fmt: skip


def act_on(session: Session, company: Company, event: ProviderEvent, provider: str, fact: Fact | None, *, now: datetime) -> Payment | None:
    """Book what a provider told, once, in whatever order it tells; the payment, or None where no money moved.

    Raises Invalid for an event that lacks what it needs, Unavailable for a refund that can be booked only when its charge is known.
    """
    match event.kind:
        case "paid":
            return _paid(session, company, event, provider, fact, now)
        case "refunded" | "disputed":
            return _went_back(session, event, provider, _zone(company), fact, now)
        case "failed":
            _note(session, company, event, provider, now)
        case _:
            pass
    return None


def _paid(session: Session, company: Company, event: ProviderEvent, provider: str, fact: Fact | None, now: datetime) -> Payment:
    if event.amount is None or not event.charge_id:
        raise Invalid(f"Event {event.id} of {provider} says that money came, and not how much or by which charge.")
    news = Incoming(
        source=provider, external_id=event.charge_id, direction="in", amount=event.amount, happened_on=event.at.astimezone(_zone(company)).date(),
        method="card", reference=event.reference, payer_name=event.payer, actor=f"machine:{provider}", fact_id=fact.id if fact else None,
    )  # fmt: skip
    payment = receive(session, company, news, now=now)
    early = select(Payment).where(
        Payment.source == provider, Payment.direction == "out", Payment.reference == event.charge_id, Payment.state == "suspense"
    )
    for out in session.exec(early.order_by(col(Payment.id))).all():
        refunds.reverse(session, payment, out, actor=f"machine:{provider}", now=now)
    return payment


def _went_back(session: Session, event: ProviderEvent, provider: str, zone: ZoneInfo, fact: Fact | None, now: datetime) -> Payment:
    """The payment out of a refund or dispute; each has an id of its own, a dispute at least its charge's."""
    ledger_id = event.refund_id or f"{event.kind}/{event.charge_id or event.id}"
    original = _charge(session, provider, event.charge_id)
    lock_deals(session, {original.deal_id} if original and original.deal_id else set())
    ledger.lock(session)
    out = session.exec(select(Payment).where(Payment.source == provider, Payment.external_id == ledger_id)).first()
    if out and (out.state != "suspense" or original is None):
        return out
    out = out or _payment_out(session, event, provider, ledger_id, original, zone, fact, now)
    refunds.reverse(session, original, out, actor=f"machine:{provider}", now=now)
    return out


def _payment_out(
    session: Session, event: ProviderEvent, provider: str, external_id: str, original: Payment | None, zone: ZoneInfo, fact: Fact | None,
    now: datetime,
) -> Payment:  # fmt: skip
    gone = event.amount or (Money(amount=original.amount, currency=original.currency) if original else None)
    if gone is None:
        raise Unavailable(f"{provider} gave money of charge {event.charge_id} back, and we do not know that charge yet.")
    out = Payment(
        source=provider, external_id=external_id, direction="out", amount=gone.amount, currency=gone.currency, method=event.kind,
        reference=event.charge_id, payer_name=event.payer, happened_on=event.at.astimezone(zone).date(), fact_id=fact.id if fact else None,
        known_at=now,
    )  # fmt: skip
    session.add(out)
    session.flush()
    return out


def _charge(session: Session, provider: str, charge_id: str) -> Payment | None:
    mine = (Payment.source == provider, Payment.external_id == charge_id, Payment.direction == "in")
    return session.exec(select(Payment).where(*mine)).first() if charge_id else None


def _note(session: Session, company: Company, event: ProviderEvent, provider: str, now: datetime) -> None:
    """A note in the deal's history that a card was refused."""
    invoice = next(iter(matching.find(session, company, [event.reference])[0]), None)
    if invoice:
        amount = event.amount.format() if event.amount else "A payment"
        text = Noted(text=f"{amount} for {invoice.number} did not go through at {provider}.").model_dump(mode="json")
        news = News(
            kind=Noted.kind, source=provider, external_id=f"{event.id}/note", actor=f"machine:{provider}", deal_id=invoice.deal_id,
            subject=facts.subject(invoice.deal_id, invoice.round, "deal"), payload=text, happened_at=event.at,
        )  # fmt: skip
        facts.keep(session, news, now=now)


def _zone(company: Company) -> ZoneInfo:
    return ZoneInfo(company.studio.zone)
