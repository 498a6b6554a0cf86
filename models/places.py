"""Where the money of payments lies in the books: on invoices, in the client's credit, in suspense; and in which order it goes back."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from models import ledger
from models.accounts import CREDIT, RECEIVABLE, SUSPENSE
from models.cash_tables import Invoice, Payment, Posting


@dataclass(frozen=True)
class Place:
    """Where money of a payment lies, in minor units."""

    account: str
    client_id: int | None
    invoice_id: int | None
    payment_id: int
    amount: int


def find(session: Session, *where: ColumnElement[bool] | bool) -> list[Place]:
    """Where money lies that came in: credit balances by account, invoice and payment, the earliest payment first."""
    mine = select(Posting).where(col(Posting.account).in_([RECEIVABLE, CREDIT, SUSPENSE]), col(Posting.payment_id).is_not(None), *where)
    sums: Counter[tuple[int, int, str, int]] = Counter()
    for one in session.exec(mine):
        sums[one.payment_id or 0, one.invoice_id or 0, one.account, one.client_id or 0] -= one.amount
    return [
        Place(account, client or None, invoice or None, payment, amount)
        for (payment, invoice, account, client), amount in sorted(sums.items())
        if amount > 0
    ]


def in_order(session: Session, places: Sequence[Place]) -> list[Place]:
    """The order in which money goes back: what we owe; then suspense, then invoices, the latest first."""
    owed, rest = _split(session, places)
    suspended, on_invoices = ([one for one in rest if (one.account == RECEIVABLE) is wanted] for wanted in (False, True))
    return [*owed, *suspended, *reversed(on_invoices)]


def owed(session: Session, invoices: Sequence[Invoice]) -> list[Place]:
    """The places of what we owe because of these invoices: credited after it was paid, or paid too much."""
    return _split(session, find(session, col(Posting.invoice_id).in_([invoice.id for invoice in invoices])))[0]


def next_key(session: Session, payment: Payment) -> str:
    """The key of a further entry of a payment: the money leaves suspense."""
    booked = session.exec(select(func.count(func.distinct(Posting.entry_id))).where(Posting.payment_id == payment.id)).one()
    return f"payment/{payment.id}/match/{booked}"


def left_of(session: Session, payment: Payment) -> int:
    """What of a payment lies in suspense, in minor units."""
    mine = select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.account == SUSPENSE, Posting.payment_id == payment.id)
    return abs(int(session.exec(mine).one()))


def _split(session: Session, places: Sequence[Place]) -> tuple[list[Place], list[Place]]:
    """What we owe (on invoices that were credited after they were paid, then the client's credit), and the rest."""
    asks = ledger.receivables(session, {place.invoice_id for place in places if place.invoice_id})
    over, rest = [], []
    for place in places:
        too_much = min(place.amount, max(0, -asks.get(place.invoice_id or 0, 0))) if place.account == RECEIVABLE else 0
        if too_much:
            asks[place.invoice_id or 0] += too_much
            over.append(replace(place, amount=too_much))
        rest += [replace(place, amount=place.amount - too_much)] if place.amount > too_much else []
    return [*over, *(place for place in rest if place.account == CREDIT)], [place for place in rest if place.account != CREDIT]
