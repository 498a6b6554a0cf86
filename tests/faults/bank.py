"""The studio's bank as a play needs it: one statement a transfer, each of the next day, each beginning with what the one before ended with."""

import os
import threading
from datetime import date, timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from models.accounts import BANK, CASH
from models.cash_tables import Payment, Posting
from models.clock import real_now
from models.money import Money
from models.receiving import BANK_SOURCE, OPERATOR
from models.tables import Deal
from tests.models.bank_files import BankLine, camt
from tests.studio import the_company

OPENING = 100_000
"""What lay there before, in cents."""
LONG_AGO = timedelta(days=300)
QUIET = 60
"""Seconds ago at which a statement was written last: longer than the studio waits for a file to be whole."""


class Bank:
    """`folder` is the one that the studio watches. Amounts are cents; `balance` is what the account holds by the bank's own count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.balance = OPENING
        self.statements = 0
        self.day: date = real_now().date() - LONG_AGO
        self._lock = threading.Lock()

    def statement(self, amount: int, text: str) -> tuple[str, bytes]:
        """The next statement, by name and content: somebody has sent so much, with this text."""
        with self._lock:
            self.statements += 1
            self.day += timedelta(days=1)
            opening, self.balance = self.balance, self.balance + amount
            line = BankLine(_euros(amount), text, on=self.day, ref=f"T{self.statements}")
            iban = the_company().studio.bank.iban.replace(" ", "")
            return f"{self.day}.xml", camt([line], opening=_euros(opening), iban=iban, number=str(self.statements))

    def puts(self, amount: int, text: str, where: str = "in") -> str:
        """Lay the next statement into the watched folder, or one beside it, whole at once; return the file's name."""
        name, content = self.statement(amount, text)
        folder = self.folder.parent / where
        folder.mkdir(parents=True, exist_ok=True)
        scratch = folder.parent / f"{name}.tmp"
        scratch.write_bytes(content)
        then = real_now().timestamp() - QUIET
        os.utime(scratch, (then, then))
        scratch.replace(folder / name)
        return name


def is_cash(session: Session, deal: Deal) -> Deal:
    """The deal, with what it had paid before the play as money that somebody saw: no statement of this bank will ever show it."""
    session.flush()
    theirs = select(Payment).where(Payment.deal_id == deal.id, Payment.source == BANK_SOURCE, col(Payment.statement_id).is_(None))
    for payment in session.exec(theirs).all():
        payment.source, payment.method = OPERATOR, "cash"
        session.add(payment)
        for posting in session.exec(select(Posting).where(Posting.payment_id == payment.id, Posting.account == BANK)).all():
            posting.account = CASH
            session.add(posting)
    return deal


def _euros(amount: int) -> str:
    return str(Money(amount=amount, currency="EUR").major)
