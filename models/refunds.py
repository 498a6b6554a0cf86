"""Money that goes back: on a provider's word, or a line of a statement (`models.outgoing`).

It is taken from where the payment's money lies, in this order: an invoice that was credited after it was paid, the client's credit,
suspense, and only then an invoice, which is open again. What nobody can place lies in suspense.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from models import cash, facts, ledger, places, placing, waiting
from models.accounts import CREDIT, PROVIDER, RECEIVABLE, SUSPENSE
from models.cash_answers import InvoiceCorrected
from models.cash_tables import Invoice, Payment, Posting
from models.ledger import Draft, Line
from models.matching import Share
from models.money import Money
from models.places import Place


@dataclass(frozen=True)
class Charge:
    """A payment at a provider that money can be given back on, and how much of it is there still."""

    payment: Payment
    left: Money


def charges(session: Session, invoice: Invoice) -> list[Charge]:
    """The provider's charges whose money lies on an invoice, or in the client's credit because of it, newest first."""
    lying: dict[int, int] = {}
    for place in places.find(session, Posting.invoice_id == invoice.id):
        lying[place.payment_id] = lying.get(place.payment_id, 0) + place.amount
    payments = [session.get_one(Payment, payment_id) for payment_id in sorted(lying, reverse=True)]
    at_provider = [payment for payment in payments if payment.direction == "in" and payment.source not in {"bank", "operator"}]
    return [Charge(payment, Money(amount=lying[payment.id or 0], currency=invoice.currency)) for payment in at_provider]


def reverse(session: Session, original: Payment | None, out: Payment, *, actor: str, now: datetime) -> None:
    """Book money that went back on a provider's charge, once; from suspense if it lies there, to suspense while the charge is unknown."""
    found = places.in_order(session, places.find(session, Posting.payment_id == original.id)) if original else []
    said = f"Went back on payment {original.id}." if original else "It went back on a charge that we do not know yet."
    take(session, out, PROVIDER + out.source, found, said, actor=actor, now=now)
    if original is None:
        return
    out.client_id, out.deal_id = original.client_id, original.deal_id
    session.add(out)
    if original.state == "suspense" and not places.left_of(session, original):
        original.state, original.said, original.settled_at = "ignored", f"It went back: payment {out.id}.", now
        session.add(original)


def take(session: Session, out: Payment, account: str, found: Sequence[Place], said: str, *, actor: str, now: datetime) -> None:
    """Book outgoing money: from `account`, or from suspense where it lies already, to the places found; what is left to suspense."""
    is_new = session.exec(select(Posting.id).where(Posting.payment_id == out.id)).first() is None
    left = out.amount if is_new else places.left_of(session, out)
    lines, reopened = [], []
    for place in found:
        taken = min(left, place.amount)
        left -= taken
        if taken:
            money = Money(amount=taken, currency=out.currency)
            lines.append(Line(place.account, money, client_id=place.client_id, invoice_id=place.invoice_id, payment_id=place.payment_id))
            reopened += [place.invoice_id] if place.invoice_id and place.account == RECEIVABLE else []
    if is_new and left:
        lines.append(Line(SUSPENSE, Money(amount=left, currency=out.currency), payment_id=out.id))
    if lines:
        gone = Money(amount=-sum(line.amount.amount for line in lines), currency=out.currency)
        lines.append(Line(account if is_new else SUSPENSE, gone, payment_id=out.id))
        key = f"payment/{out.id}" if is_new else places.next_key(session, out)
        memo = f"{out.source} {out.external_id}"[:200]
        ledger.book_all(session, [Draft(key, "payment", lines, out.happened_on, memo=memo, fact_id=out.fact_id)], now=now)
    out.state, out.said, out.settled_at = ("suspense", said, None) if left else ("matched", said, now)
    session.add(out)
    _tell(session, out, list(dict.fromkeys(reopened)), actor=actor, now=now)


def _tell(session: Session, out: Payment, invoice_ids: Sequence[int], *, actor: str, now: datetime) -> None:
    for invoice_id in invoice_ids:
        invoice = session.get_one(Invoice, invoice_id)
        if invoice.part:
            # The money may lie on other deals' invoices than those named, which were locked; should two wait for each other, one is retried.
            waiting.lock(session, invoice.deal_id)
            answer = InvoiceCorrected(part=invoice.part, number=invoice.number or "")
            placing.tell(session, invoice, answer, key=f"payment/{out.id}/{invoice_id}/back", actor=actor, now=now)
        _use_credit(session, invoice, out, actor=actor, now=now)
        cash.reopened(session, invoice, fact=facts.find(session, "ledger", f"payment/{out.id}/{invoice_id}/back"), now=now)


def _use_credit(session: Session, invoice: Invoice, cause: Payment, *, actor: str, now: datetime) -> None:
    """An invoice that is open again is paid with what came too much for it: whichever came first, the end is the same."""
    still = ledger.open_of(session, invoice).amount
    for place in places.find(session, Posting.invoice_id == invoice.id, Posting.account == CREDIT):
        taken = min(still, place.amount)
        if not taken:
            continue
        still -= taken
        money = Money(amount=taken, currency=invoice.currency)
        lines = [Line(account, money.times(sign), client_id=invoice.client_id, invoice_id=invoice.id, payment_id=place.payment_id)
                 for account, sign in ((CREDIT, 1), (RECEIVABLE, -1))]  # fmt: skip
        key = f"payment/{cause.id}/credit/{place.payment_id}/{invoice.id}"
        ledger.book_all(session, [Draft(key, "credit used", lines, cause.happened_on, deal_id=invoice.deal_id)], now=now)
        placing.came(session, session.get_one(Payment, place.payment_id), Share(invoice, taken), key=key, actor=actor, now=now)
