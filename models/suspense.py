"""Money that nobody knows what it is for: listed, matched by a person's word, or set aside with a reason."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models import facts, ledger, matching, outgoing, places, placing
from models.accounts import OUTSIDE, SUSPENSE
from models.cash_tables import Invoice, Payment
from models.errors import Missing, Refused
from models.facts import News
from models.ledger import Line
from models.money import Money
from models.placing import Desk
from models.proposal import Record
from models.receiving import OPERATOR, entry_of, lock_deals

MATCHED, IGNORED = "payment.matched", "payment.ignored"


class Waiting(Record):
    """A payment in suspense as an operator reads it: `suggested` are numbers of invoices that it may be for."""

    id: int
    source: str
    direction: str
    amount: Money
    happened_on: str
    payer_name: str
    payer_iban: str
    reference: str
    said: str
    suggested: list[str]


def everything(session: Session, *, after: int = 0, limit: int | None = None) -> list[Waiting]:
    """What lies in suspense, the oldest first, behind the payment `after`."""
    mine = select(Payment).where(Payment.state == "suspense", col(Payment.id) > after).order_by(col(Payment.id)).limit(limit)
    rows = session.exec(mine).all()
    wanted = sorted({invoice_id for payment in rows for invoice_id in payment.suggested})
    found = [invoice for some in ledger.chunks(wanted) for invoice in session.exec(select(Invoice).where(col(Invoice.id).in_(some)))]
    numbers = {invoice.id: invoice.number or "" for invoice in found}
    return [_waiting(payment, [numbers[one] for one in payment.suggested if one in numbers]) for payment in rows]


def match(session: Session, payment_id: int, invoice_numbers: Sequence[str], *, who: str, now: datetime, key: str = "", reason: str = "") -> Payment:
    """Book a payment that lies in suspense on these invoices, by a person's word. The same `key` again changes nothing.

    Raises Missing for an unknown payment or number, Refused when it does not lie in suspense or cannot be for them.
    """
    invoices = _named(session, invoice_numbers)
    lock_deals(session, {invoice.deal_id for invoice in invoices})
    ledger.lock(session)
    told = key or f"payment/{payment_id}/matched"
    if facts.find(session, OPERATOR, told):
        return session.get_one(Payment, payment_id)
    payment = _in_suspense(session, payment_id)
    if payment.direction == "out":
        wrong = outgoing.match_out(session, payment, invoices, actor=f"staff:{who}", now=now)
        if wrong:
            raise Refused(wrong)
    else:
        _place(session, payment, invoices, who, now)
    payment.said = " ".join(filter(None, [payment.said, f"Matched by {who}.", reason]))
    _tell(session, payment, MATCHED, told, {"invoices": [invoice.number for invoice in invoices], "reason": reason}, who, now)
    return payment


def ignore(session: Session, payment_id: int, *, reason: str, who: str, now: datetime, key: str = "") -> Payment:
    """Set a payment in suspense aside, by a person's word: it is none of our invoices'. The same `key` again changes nothing.

    Raises Missing for an unknown payment, Refused when it does not lie in suspense.
    """
    ledger.lock(session)
    told = key or f"payment/{payment_id}/ignored"
    if facts.find(session, OPERATOR, told):
        return session.get_one(Payment, payment_id)
    payment = _in_suspense(session, payment_id)
    left = Money(amount=places.left_of(session, payment), currency=payment.currency).times(1 if payment.direction == "in" else -1)
    lines = [Line(SUSPENSE, left, payment_id=payment.id), Line(OUTSIDE, left.times(-1), payment_id=payment.id)]
    ledger.book_all(session, [entry_of(payment, places.next_key(session, payment), lines)], now=now)
    payment.state, payment.said, payment.settled_at = "ignored", f"{reason} ({who})", now
    _tell(session, payment, IGNORED, told, {"reason": reason}, who, now)
    return payment


def _place(session: Session, payment: Payment, invoices: Sequence[Invoice], who: str, now: datetime) -> None:
    left = places.left_of(session, payment)
    placed = Desk.of(session, invoices).place(payment, invoices, left)
    if isinstance(placed, str):
        raise Refused(placed)
    done = placed.preceded_by(Line(SUSPENSE, Money(amount=left, currency=payment.currency), payment_id=payment.id))
    ledger.book_all(session, [entry_of(payment, places.next_key(session, payment), done.lines, deal_id=invoices[0].deal_id)], now=now)
    placing.mark(session, payment, done, now)
    placing.announce(session, payment, done, actor=f"staff:{who}", now=now)


def _named(session: Session, numbers: Sequence[str]) -> list[Invoice]:
    if not numbers:
        raise Refused("Name the invoice that it is for.")
    named = [(number, matching.by_numbers(session, [number])) for number in numbers]
    unknown = [number for number, found in named if not found]
    if unknown:
        raise Missing(f"There is no invoice {', '.join(unknown)}.")
    return list({invoice.id: invoice for _, found in named for invoice in found}.values())


def _in_suspense(session: Session, payment_id: int) -> Payment:
    payment = session.get(Payment, payment_id)
    if payment is None:
        raise Missing(f"There is no payment {payment_id}.")
    if payment.state != "suspense":
        raise Refused(f"Payment {payment_id} does not lie in suspense: it is {payment.state}. {payment.said}")
    return payment


def _tell(session: Session, payment: Payment, kind: str, told: str, payload: dict[str, object], who: str, now: datetime) -> None:
    session.add(payment)
    news = News(
        kind=kind, source=OPERATOR, external_id=told, actor=f"staff:{who}", deal_id=payment.deal_id, payload={"payment": payment.id, **payload}
    )  # fmt: skip
    facts.keep(session, news, now=now)


def _waiting(payment: Payment, suggested: list[str]) -> Waiting:
    return Waiting(
        id=payment.id or 0, source=payment.source, direction=payment.direction, amount=Money(amount=payment.amount, currency=payment.currency),
        happened_on=payment.happened_on.isoformat(), payer_name=payment.payer_name, payer_iban=payment.payer_iban, reference=payment.reference,
        said=payment.said, suggested=suggested,
    )  # fmt: skip
