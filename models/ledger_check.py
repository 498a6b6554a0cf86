"""What is wrong with the books, in sentences; none is how it should be."""

from collections.abc import Iterator

from sqlmodel import Session, col, func, select

from models.accounts import ACCOUNTS, CREDIT, PROVIDER, RECEIVABLE, RECORDED, SUSPENSE
from models.cash_tables import Entry, Invoice, Payment, Posting
from models.money import Money


def check(session: Session) -> list[str]:
    """Entries that do not balance, postings that hang in the air, invoices and payments that the books tell otherwise; one sentence each."""
    return [*_entries(session), *_postings(session), *_invoices(session), *_payments(session)]


def _entries(session: Session) -> Iterator[str]:
    sums = select(Entry.key, Posting.currency, func.sum(Posting.amount)).join(Posting, col(Posting.entry_id) == Entry.id)
    for key, currency, amount in session.exec(sums.group_by(col(Entry.key), col(Posting.currency)).having(func.sum(Posting.amount) != 0)):
        yield f"Entry {key} does not balance: its lines sum to {_shown(int(amount), currency)}."
    with_lines = select(Posting.entry_id)
    for key in session.exec(select(Entry.key).where(col(Entry.id).not_in(with_lines))):
        yield f"Entry {key} has no lines."


def _postings(session: Session) -> Iterator[str]:
    needs = ((RECEIVABLE, Posting.invoice_id, "an invoice"), (SUSPENSE, Posting.payment_id, "a payment"),
             (RECORDED, Posting.payment_id, "a payment"), (CREDIT, Posting.client_id, "a client"))  # fmt: skip
    for account, column, what in needs:
        mine = select(Entry.key).join(Posting, col(Posting.entry_id) == Entry.id).where(Posting.account == account, col(column).is_(None))
        yield from (f"Entry {key} moves {account} without {what}." for key in session.exec(mine.distinct()))
    for account in session.exec(select(Posting.account).distinct()):
        if account not in ACCOUNTS and not account.startswith(PROVIDER):
            yield f"There is no account {account}, and yet there are postings on it."


def _invoices(session: Session) -> Iterator[str]:
    of_account = select(Posting.invoice_id, func.sum(Posting.amount)).where(Posting.account == RECEIVABLE).group_by(col(Posting.invoice_id))
    asked = {one: int(amount) for one, amount in session.exec(of_account.where(col(Posting.payment_id).is_(None)))}
    paid = {one: -int(amount) for one, amount in session.exec(of_account.where(col(Posting.payment_id).is_not(None)))}
    notes = select(Invoice.corrects_id, func.sum(Invoice.gross)).where(col(Invoice.corrects_id).is_not(None)).group_by(col(Invoice.corrects_id))
    credited = {one: int(amount) for one, amount in session.exec(notes)}
    for invoice in session.exec(select(Invoice).where(col(Invoice.number).is_not(None), col(Invoice.corrects_id).is_(None))):
        number, currency, due = invoice.number, invoice.currency, invoice.gross - credited.get(invoice.id, 0)
        if asked.get(invoice.id, 0) != due:
            yield f"Invoice {number} asks for {_shown(due, currency)}, the books for {_shown(asked.get(invoice.id, 0), currency)}."
        if due < 0:
            yield f"More was credited on invoice {number} than it asked for."
        if paid.get(invoice.id, 0) > invoice.gross:
            yield f"The receivable of invoice {number} is below nought: {_shown(paid[invoice.id], currency)} were booked on it."
        if paid.get(invoice.id, 0) < 0:
            yield f"More money went back from invoice {number} than came in on it."


def _payments(session: Session) -> Iterator[str]:
    booked = select(Posting.payment_id).where(col(Posting.payment_id).is_not(None))
    for payment in session.exec(select(Payment).where(col(Payment.id).not_in(booked), Payment.amount != 0)):
        yield f"Payment {payment.id} ({payment.state}) is not in the books."
    sums = select(Posting.payment_id, func.sum(Posting.amount)).where(Posting.account == SUSPENSE, col(Posting.payment_id).is_not(None))
    lying = {one: -int(amount) for one, amount in session.exec(sums.group_by(col(Posting.payment_id)))}
    waiting = {payment.id or 0: payment for payment in session.exec(select(Payment).where(Payment.state == "suspense"))}
    for payment_id in sorted({one for one, amount in lying.items() if amount} ^ set(waiting)):
        payment = waiting.get(payment_id) or session.get_one(Payment, payment_id)
        yield f"Payment {payment.id} is {payment.state}, and {_shown(lying.get(payment_id, 0), payment.currency)} of it lie in suspense."


def _shown(amount: int, currency: str) -> str:
    return Money(amount=amount, currency=currency).format()
