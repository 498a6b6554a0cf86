"""Whom money in suspense may be from: invoices that ask for exactly this much, payers that we have met. A person decides."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from models import ledger, letters
from models.accounts import RECEIVABLE
from models.cash_tables import Invoice, Payment, Posting
from models.letters import LetterOrder
from models.money import Money
from models.references import compact
from models.tables import Client

MOST = 5


def suggest(session: Session, payments: Sequence[Payment], *, now: datetime) -> None:
    """Write on each payment which invoices it may be for, and tell the salesperson of the likeliest one's deal."""
    if not payments:
        return
    invoices = _open_invoices(session)
    payers = _payers(session, payments)
    for payment in payments:
        found = _likely(payment, invoices, payers)
        if found:
            payment.suggested = [invoice.id or 0 for invoice in found]
            session.add(payment)
            _tell(session, payment, found[0], now)


def _likely(payment: Payment, invoices: dict[tuple[int, str], list[Invoice]], payers: dict[str, set[int]]) -> list[Invoice]:
    """Same amount and a payer that we know; else the same amount. The payer alone says too little."""
    same = invoices.get((payment.amount, payment.currency), [])
    known = payers.get(payment.payer_iban, set()) | payers.get(compact(payment.payer_name), set())
    return ([invoice for invoice in same if invoice.client_id in known] or same)[:MOST]


def _open_invoices(session: Session) -> dict[tuple[int, str], list[Invoice]]:
    """Invoices that ask for something, by what they ask for; due first."""
    asks = select(Posting.invoice_id, func.sum(Posting.amount)).where(Posting.account == RECEIVABLE).group_by(col(Posting.invoice_id))
    open_ = {invoice_id or 0: int(amount) for invoice_id, amount in session.exec(asks.having(func.sum(Posting.amount) > 0))}
    found: defaultdict[tuple[int, str], list[Invoice]] = defaultdict(list)
    for some in ledger.chunks(sorted(open_)):
        for invoice in session.exec(select(Invoice).where(col(Invoice.id).in_(some)).order_by(col(Invoice.due_on), col(Invoice.id))):
            found[open_[invoice.id or 0], invoice.currency].append(invoice)
    return found


def _payers(session: Session, payments: Sequence[Payment]) -> dict[str, set[int]]:
    """Clients by the accounts they have paid from, and by their names without spaces and dots."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for ibans in ledger.chunks(sorted({payment.payer_iban for payment in payments if payment.payer_iban})):
        seen = select(Payment.payer_iban, Payment.client_id).where(col(Payment.payer_iban).in_(ibans), Payment.state == "matched")
        for iban, client_id in session.exec(seen.distinct()):
            found[iban] |= {client_id} if client_id else set()
    if any(payment.payer_name for payment in payments):
        for client in session.exec(select(Client)):
            for name in (client.name, client.company, str(client.details.get("legal_name", ""))):
                found[compact(name)].add(client.id or 0)
    found.pop("", None)
    return found


def _tell(session: Session, payment: Payment, invoice: Invoice, now: datetime) -> None:
    words = {
        "amount": Money(amount=payment.amount, currency=payment.currency).format(), "payer": payment.payer_name or "somebody",
        "reference": payment.reference or "no text", "said": f"{payment.said} It may be for {invoice.number}.",
    }  # fmt: skip
    order = LetterOrder(name="payment-unknown", deal_id=invoice.deal_id, to="salesperson", facts=words)
    letters.plan(session, f"payment/{payment.id}/unknown", order, now=now)
