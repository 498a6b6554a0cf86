"""The books: double entry, minor units. Each thing that happened is one entry, made once by its key; its lines sum to nought.

Whoever books takes locks in this order: deals (by number), then the books.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from sqlalchemy import insert
from sqlmodel import Session, col, func, select

from models.accounts import ACCOUNTS, CREDIT, PROVIDER, RECEIVABLE
from models.cash_tables import Entry, Invoice, Posting
from models.db import serialise
from models.ledger_check import check
from models.money import Money
from models.tables import Fact

__all__ = ["Draft", "Line", "balance", "book", "book_all", "check", "chunks", "lock", "open_of", "owed_of", "paid_of", "receivables"]
CHUNK = 500
"""How many values one query is given: SQLite takes no more than some thousands."""
AS_ONE = {"render_nulls": True}
"""Rows with and without a value go in one query."""
T = TypeVar("T")


@dataclass(frozen=True)
class Line:
    """A line of an entry: debit positive, credit negative."""

    account: str
    amount: Money
    client_id: int | None = None
    invoice_id: int | None = None
    payment_id: int | None = None


@dataclass(frozen=True)
class Draft:
    """An entry to be booked."""

    key: str
    kind: str
    lines: Sequence[Line]
    happened_on: date
    memo: str = ""
    deal_id: int | None = None
    fact_id: int | None = None


def book(
    session: Session, key: str, kind: str, lines: Sequence[Line], *, happened_on: date, now: datetime, memo: str = "",
    deal_id: int | None = None, fact: Fact | None = None,
) -> Entry:  # fmt: skip
    """The entry under this key, booked if it was not there. Raises ValueError when it does not balance or names no account of ours."""
    draft = Draft(key, kind, lines, happened_on, memo=memo, deal_id=deal_id, fact_id=fact.id if fact else None)
    book_all(session, [draft], now=now)
    return session.exec(select(Entry).where(Entry.key == key)).one()


def book_all(session: Session, drafts: Sequence[Draft], *, now: datetime) -> None:
    """Book these entries with a few queries, however many there are; those that are there already stay as they are."""
    lock(session)
    known = {key for keys in chunks([draft.key for draft in drafts]) for key in _known(session, keys)}
    fresh = {draft.key: draft for draft in drafts if draft.key not in known}
    for draft in fresh.values():
        _check_lines(draft)
    if not fresh:
        return
    made = session.exec(insert(Entry).returning(col(Entry.key), col(Entry.id)), params=[_entry(draft, now) for draft in fresh.values()],
                        execution_options=AS_ONE)  # fmt: skip
    ids = {key: entry_id for key, entry_id in made}  # noqa: C416 (a result has keys of its own)
    rows = [_posting(ids[key], line) for key, draft in fresh.items() for line in draft.lines]
    session.exec(insert(Posting), params=rows, execution_options=AS_ONE)


def lock(session: Session) -> None:
    """Keep everybody else from booking until this transaction ends. Deals are locked before."""
    serialise(session, "ledger")


def open_of(session: Session, invoice: Invoice) -> Money:
    """What is still to be paid on an invoice: gross less paid less credited; never below nought."""
    return Money(amount=max(0, _receivable(session, [invoice.id or 0]).get(invoice.id or 0, 0)), currency=invoice.currency)


def paid_of(session: Session, invoice: Invoice) -> Money:
    """What was paid on an invoice, less what went back; what was paid too much lies in `credit` and does not count."""
    of_payments = (Posting.account == RECEIVABLE, Posting.invoice_id == invoice.id, col(Posting.payment_id).is_not(None))
    return Money(amount=-_sum(session, *of_payments), currency=invoice.currency)


def owed_of(session: Session, invoice: Invoice) -> Money:
    """What we owe the client because of an invoice: paid and then credited, or paid too much."""
    receivable = _receivable(session, [invoice.id or 0]).get(invoice.id or 0, 0)
    credit = _sum(session, Posting.account == CREDIT, Posting.invoice_id == invoice.id)
    return Money(amount=max(0, -receivable) + max(0, -credit), currency=invoice.currency)


def receivables(session: Session, invoice_ids: Iterable[int]) -> dict[int, int]:
    """What each of these invoices still asks for, in minor units; below nought: paid, and credited afterwards."""
    return {invoice_id: amount for ids in chunks(sorted(invoice_ids)) for invoice_id, amount in _receivable(session, ids).items()}


def balance(session: Session, account: str, currency: str) -> Money:
    """The sum of an account: debits less credits."""
    return Money(amount=_sum(session, Posting.account == account, Posting.currency == currency), currency=currency)


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """The values in runs that one query can take."""
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def _known(session: Session, keys: Sequence[str]) -> Iterable[str]:
    return session.exec(select(Entry.key).where(col(Entry.key).in_(keys)))


def _check_lines(draft: Draft) -> None:
    sums: dict[str, int] = {}
    for line in draft.lines:
        if line.account not in ACCOUNTS and not line.account.startswith(PROVIDER):
            raise ValueError(f"{draft.key}: there is no account {line.account}.")
        sums[line.amount.currency] = sums.get(line.amount.currency, 0) + line.amount.amount
    wrong = {currency: amount for currency, amount in sums.items() if amount}
    if wrong or not draft.lines:
        raise ValueError(f"{draft.key} does not balance: {wrong or 'it has no lines'}.")


def _entry(draft: Draft, now: datetime) -> dict[str, Any]:
    return {
        "key": draft.key, "kind": draft.kind, "happened_on": draft.happened_on, "at": now, "memo": draft.memo, "deal_id": draft.deal_id,
        "fact_id": draft.fact_id,
    }  # fmt: skip


def _posting(entry_id: int, line: Line) -> dict[str, Any]:
    return {
        "entry_id": entry_id, "account": line.account, "amount": line.amount.amount, "currency": line.amount.currency,
        "client_id": line.client_id, "invoice_id": line.invoice_id, "payment_id": line.payment_id,
    }  # fmt: skip


def _receivable(session: Session, invoice_ids: Sequence[int]) -> dict[int, int]:
    mine = select(Posting.invoice_id, func.sum(Posting.amount)).where(Posting.account == RECEIVABLE, col(Posting.invoice_id).in_(invoice_ids))
    return {invoice_id: int(amount) for invoice_id, amount in session.exec(mine.group_by(col(Posting.invoice_id))) if invoice_id}


def _sum(session: Session, *where: Any) -> int:
    return int(session.exec(select(func.coalesce(func.sum(Posting.amount), 0)).where(*where)).one())
