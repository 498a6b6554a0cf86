"""Interest on what is paid late: simple, a year of 365 days, from the day after the due day; the flat sum once."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise

from sqlmodel import Session, col, func, select

from models.cash_tables import Entry, Invoice, Posting
from models.ledger import RECEIVABLE
from models.money import Money, round_half_up
from models.proposal import Record
from models.terms import LateInterest

YEAR = 365


class Interest(Record):
    """Interest up to a day: `days` late in all, at `rate` percent a year, and the flat sum for the trouble."""

    days: int
    rate: Decimal
    interest: Money
    flat: Money

    @property
    def total(self) -> Money:
        """Both together."""
        return self.interest + self.flat


def late(terms: LateInterest, gross: Money, *, due_on: date, paid: Sequence[tuple[date, Money]], until: date) -> Interest:
    """The interest on `gross`, due on `due_on`, of which `paid` came on these days, up to and with `until`; rounded half up, once.

    Money that comes on a day stops the interest after that day (Directive 2011/7/EU, article 3: from the day following the due date).
    A negative rate counts as nought.
    """
    rate = max(Decimal(0), terms.base_rate + terms.points)
    marks = sorted({due_on, until, *(day for day, _ in paid if due_on < day < until)})
    days, weighted = 0, 0
    for begin, end in pairwise(marks) if until > due_on else ():
        still = max(0, gross.amount - sum(amount.amount for day, amount in paid if day <= begin))
        days += (end - begin).days if still else 0
        weighted += still * (end - begin).days
    flat = Money.of_major(terms.flat, gross.currency) if days else Money(amount=0, currency=gross.currency)
    amount = round_half_up(Decimal(weighted) * rate / 100 / YEAR)
    return Interest(days=days, rate=rate, interest=Money(amount=amount, currency=gross.currency), flat=flat)


def of_invoice(session: Session, terms: LateInterest | None, invoice: Invoice, *, until: date) -> Interest | None:
    """The interest on an invoice so far; None where the studio charges none or nothing was late. What was credited was never owed."""
    if terms is None or invoice.due_on is None:
        return None
    lines = (
        select(col(Entry.happened_on), func.sum(Posting.amount), func.max(col(Posting.payment_id)))
        .join(Posting, col(Posting.entry_id) == Entry.id)
        .where(Posting.account == RECEIVABLE, Posting.invoice_id == invoice.id)
        .group_by(col(Entry.id), col(Entry.happened_on))
    )
    rows = list(session.exec(lines))
    asked = sum(int(amount) for _, amount, payment in rows if payment is None)
    paid = [(day, Money(amount=-int(amount), currency=invoice.currency)) for day, amount, payment in rows if payment is not None]
    found = late(terms, Money(amount=asked, currency=invoice.currency), due_on=invoice.due_on, paid=paid, until=until)
    return found if found.days else None
