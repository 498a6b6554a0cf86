"""Invoices in the books as tests of money need them: issued, credited, and what payments look like."""

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session, col, select

from models import ledger
from models.cash_tables import Entry, Invoice, Payment, Posting
from models.ledger import Line
from models.money import Money
from models.payments import Incoming
from models.provider_event import ProviderEvent
from models.references import reference_of
from models.tables import Deal
from models.tracks import Sales
from tests.factories import a_client, a_deal
from tests.fakes import MONDAY
from tests.studio import the_company

TODAY = date(2026, 3, 2)
OUR_IBAN = "IE64IRCE92050112345678"
HER_IBAN = "DE89370400440532013000"
_numbers = count(1)


def eur(amount: float | str) -> Money:
    return Money.of_major(str(amount), "EUR")


def a_signed_deal(session: Session, **values: Any) -> Deal:
    """A deal whose contract is signed."""
    return a_deal(session, sales=Sales.SIGNED, **values)


def an_invoice(
    session: Session, deal: Deal | None = None, gross: float | str = 1000, *, part: int = 1, due_on: date = TODAY + timedelta(days=7),
    currency: str = "EUR", number: str = "", at: datetime = MONDAY,
) -> Invoice:  # fmt: skip
    """An issued invoice, booked as issuing books it. Its number is the next."""
    deal = deal or a_signed_deal(session)
    seq = next(_numbers)
    number = number or f"NL-2026-{seq:04}"
    whole = Money.of_major(str(gross), currency)
    net = whole.times("0.8")
    invoice = _row(session, deal, "invoice", number, whole, net, part=part, due_on=due_on, at=at)
    _book(session, invoice, invoice, whole, net, at, 1)
    return invoice


def a_credit_note(session: Session, invoice: Invoice, gross: Money | None = None, *, at: datetime = MONDAY) -> Invoice:
    """A credit note for an invoice, of all of it or some, booked as crediting books it."""
    deal = session.get_one(Deal, invoice.deal_id)
    whole = gross or Money(amount=invoice.gross, currency=invoice.currency)
    net = whole.times("0.8")
    note = _row(session, deal, "credit", f"NLC-2026-{next(_numbers):04}", whole, net, part=invoice.part, corrects_id=invoice.id, at=at)
    _book(session, note, invoice, whole, net, at, -1)
    return note


def _row(session: Session, deal: Deal, kind: str, number: str, gross: Money, net: Money, *, at: datetime, **values: Any) -> Invoice:
    invoice = Invoice(
        key=f"test/{number}", kind=kind, deal_id=deal.id or 0, client_id=deal.client_id, round=deal.round, number=number,
        reference=reference_of(number), currency=gross.currency, net=net.amount, vat=(gross - net).amount, gross=gross.amount, issued_at=at,
        issued_on=at.date(), body={}, body_hash="", **values,
    )  # fmt: skip
    session.add(invoice)
    session.flush()
    return invoice


def _book(session: Session, paper: Invoice, invoice: Invoice, gross: Money, net: Money, at: datetime, sign: int) -> None:
    lines = [
        Line("receivable", gross.times(sign), client_id=invoice.client_id, invoice_id=invoice.id),
        Line("revenue", net.times(-sign), invoice_id=invoice.id), Line("vat", (gross - net).times(-sign), invoice_id=invoice.id),
    ]  # fmt: skip
    ledger.book(session, f"invoice/{paper.number}", paper.kind, lines, happened_on=paper.issued_on, now=at, deal_id=paper.deal_id)


def a_transfer(amount: Money, text: str = "", **values: Any) -> Incoming:
    """A line of a bank statement."""
    defaults: dict[str, Any] = {
        "source": "bank", "external_id": f"line-{next(_numbers)}", "direction": "in", "amount": amount, "happened_on": TODAY, "method": "bank",
        "reference": text, "payer_name": "Acme Ltd", "payer_iban": HER_IBAN,
    }  # fmt: skip
    return Incoming(**defaults | values)


def an_event(kind: str, charge: str, amount: Money | None = None, reference: str = "", **values: Any) -> ProviderEvent:
    """What a provider tells."""
    defaults: dict[str, Any] = {"id": f"evt_{next(_numbers)}", "charge_id": charge, "reference": reference, "amount": amount, "at": MONDAY}
    return ProviderEvent(kind=kind, **defaults | values)


def balances(session: Session) -> dict[str, int]:
    """What every account holds, in cents of euros; empty ones left out."""
    accounts = session.exec(select(Posting.account).distinct()).all()
    sums = {account: ledger.balance(session, account, "EUR").amount for account in sorted(accounts)}
    return {account: amount for account, amount in sums.items() if amount}


def entries(session: Session, prefix: str = "payment/") -> list[str]:
    return [key for key in session.exec(select(Entry.key).order_by(col(Entry.id))) if key.startswith(prefix)]


def payments_of(session: Session) -> list[Payment]:
    return list(session.exec(select(Payment).order_by(col(Payment.id))))


COMPANY = the_company()
__all__ = ["COMPANY", "a_client", "a_deal"]
