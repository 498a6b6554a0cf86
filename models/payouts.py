"""Payouts that came before we knew what they were: the provider's own list tells them apart."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import ledger, places
from models.accounts import PROVIDER, SUSPENSE
from models.cash_tables import Payment
from models.ledger import Line
from models.money import Money
from models.placing import names_provider
from models.proof import Moved
from models.receiving import BANK_SOURCE, entry_of

ON_THE_WAY = timedelta(days=7)
"""How long a payout may take to the bank."""


def settle(session: Session, name: str, moved: Sequence[Moved], *, now: datetime) -> list[Payment]:
    """Move bank lines that are payouts of this provider out of suspense; the lines.

    A payout movement stands for one line: of its amount, within a week of it, naming the provider, or the only such line there is.
    """
    ledger.lock(session)
    mine = select(Payment).where(Payment.source == BANK_SOURCE, Payment.direction == "in")
    waiting = list(session.exec(mine.where(Payment.state == "suspense").order_by(col(Payment.id))))
    known = list(session.exec(mine.where(Payment.state == "payout").order_by(col(Payment.id))))
    settled = []
    for one in (movement for movement in moved if movement.kind == "payout"):
        seen = next((payment for payment in known if _fits(payment, one)), None)
        if seen:
            known.remove(seen)
            continue
        fitting = [payment for payment in waiting if _fits(payment, one)]
        named = [payment for payment in fitting if names_provider(payment, name)]
        if named or len(fitting) == 1:
            waiting.remove(payment := (named or fitting)[0])
            _move(session, payment, name, now)
            settled.append(payment)
    return settled


def _fits(payment: Payment, movement: Moved) -> bool:
    is_near = timedelta(days=-1) <= payment.happened_on - movement.at.date() <= ON_THE_WAY
    return is_near and Money(amount=-payment.amount, currency=payment.currency) == movement.amount


def _move(session: Session, payment: Payment, name: str, now: datetime) -> None:
    amount = Money(amount=payment.amount, currency=payment.currency)
    lines = [Line(SUSPENSE, amount, payment_id=payment.id), Line(PROVIDER + name, amount.times(-1), payment_id=payment.id)]
    ledger.book_all(session, [entry_of(payment, places.next_key(session, payment), lines)], now=now)
    payment.state, payment.said, payment.settled_at = "payout", f"Paid out by {name}.", now
    session.add(payment)
