"""The daily proof: what we have booked, what the provider moved and what the bank says are one. Each difference is a sentence."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise
from typing import Protocol

from sqlmodel import Session, col, func, select

from models import ledger
from models.accounts import BANK, FEES, PROVIDER, RECORDED
from models.cash_tables import Payment, Posting, Statement
from models.ledger import Draft, Line
from models.money import Money
from models.placing import SAME_TRANSFER
from models.proposal import Record


class Moved(Protocol):
    """A movement of our balance at a provider; money that came is positive."""

    @property
    def id(self) -> str:
        """What the provider calls it."""

    @property
    def kind(self) -> str:
        """Charge, refund, fee, payout, dispute, other."""

    @property
    def amount(self) -> Money:
        """What it did to our balance."""

    @property
    def reference(self) -> str:
        """The invoice's number, or ""."""

    @property
    def at(self) -> datetime:
        """When."""


class Account(Record):
    """An account as the proof shows it: what the books say and what the other side says (None: it says nothing)."""

    name: str
    ours: Money
    theirs: Money | None


def provider(session: Session, name: str, moved: Sequence[Moved]) -> list[str]:
    """Where our books and a provider's movements differ, charge by charge. `moved` is a run of them without a gap.

    Fees and payouts are the provider's own affair until a statement shows the payout. A charge that has just been made may still be on its
    way to us: ask for movements up to some minutes ago.
    """
    there: dict[str, int] = {}
    told = [one for one in moved if one.kind not in {"fee", "payout"}]
    for one in told:
        there[_name(one)] = there.get(_name(one), 0) + one.amount.amount
    here = _booked(session, name, sorted(there))
    said = []
    for one in {_name(one): one for one in reversed(told)}.values():
        theirs, ours = there[_name(one)], here.get(_name(one), 0)
        if theirs != ours:
            amounts = [Money(amount=amount, currency=one.amount.currency).format() for amount in (theirs, ours)]
            about = f"{one.kind} {_name(one)} {one.reference}".strip()
            said.append(f"{name} has {amounts[0]} for {about} of {one.at:%Y-%m-%d}; our books have {amounts[1]}.")
    return [*reversed(said), *_unheard_of(session, name, set(there), moved)]


def book_fees(session: Session, name: str, moved: Iterable[Moved], *, now: datetime) -> None:
    """Book what a provider kept for itself, once each: nobody else tells of it."""
    drafts = [
        Draft(
            f"fee/{name}/{one.id}", "fee", [Line(FEES, one.amount.times(-1)), Line(PROVIDER + name, one.amount)], one.at.date(),
            memo=f"{name} {one.reference}".strip(),
        )
        for one in moved if one.kind == "fee"
    ]  # fmt: skip
    ledger.book_all(session, drafts, now=now)


def bank(session: Session) -> list[str]:
    """Where our bank account and the bank's statements differ: balances that do not join, an end that is not ours, money never seen."""
    said = []
    for before, after in pairwise(_chain(session)):
        is_next = (after.from_on or after.at.date()) > (before.to_on or before.at.date())
        if is_next and None not in (before.closing, after.opening) and after.opening != before.closing:
            ends, begins = _shown(before, before.closing), _shown(after, after.opening)
            said.append(f"Statement {before.number} ends with {ends}, the next, {after.number}, begins with {begins}: one is missing.")
    account = bank_account(session)
    if account and account.theirs is not None and account.theirs != account.ours:
        said.append(f"Our bank account should hold {account.ours.format()}; the newest statement closes with {account.theirs.format()}.")
    return [*said, *_never_seen(session)]


def bank_account(session: Session) -> Account | None:
    """Our bank account, counted from the opening of the first statement; None before there is one with balances."""
    rows = [row for row in _chain(session) if row.opening is not None and row.closing is not None]
    if not rows:
        return None
    first, last = rows[0], max(rows, key=lambda row: (row.to_on or row.at.date(), row.id or 0))
    ours = Money(amount=first.opening or 0, currency=first.currency) + ledger.balance(session, BANK, first.currency)
    return Account(name=BANK, ours=ours, theirs=Money(amount=last.closing or 0, currency=last.currency))


def accounts(session: Session) -> list[Account]:
    """Every account with something in it."""
    sums = select(Posting.account, Posting.currency, func.sum(Posting.amount)).group_by(Posting.account, Posting.currency)
    found = [
        Account(name=account, ours=Money(amount=int(amount), currency=currency), theirs=None)
        for account, currency, amount in session.exec(sums.order_by(Posting.account, Posting.currency))
    ]
    return [one for one in found if one.ours.amount]


def first_day(session: Session, name: str) -> date | None:
    """The day of this provider's first payment, by the provider's clock."""
    return session.exec(select(func.min(col(Payment.happened_on))).where(Payment.source == name)).one()


def _name(one: Moved) -> str:
    """What we know a movement by: money that came back is a second movement of one name (`re_1/failed`)."""
    return one.id.partition("/")[0]


def _never_seen(session: Session) -> list[str]:
    """Transfers that a person recorded and that no statement has shown, though it should have."""
    last = max((row.to_on for row in _chain(session) if row.to_on), default=None)
    if last is None:
        return []
    open_ = select(Posting.payment_id).where(Posting.account == RECORDED).group_by(col(Posting.payment_id)).having(func.sum(Posting.amount) > 0)
    mine = select(Payment).where(col(Payment.id).in_(open_), Payment.method == "bank", Payment.happened_on < last - SAME_TRANSFER)
    return [
        f"Payment {one.id} of {Money(amount=one.amount, currency=one.currency).format()} was recorded by hand for {one.happened_on}, "
        f"and no statement up to {last} shows it."
        for one in session.exec(mine.order_by(col(Payment.id)))
    ]


def _booked(session: Session, name: str, ids: Sequence[str]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for some in ledger.chunks(ids):
        mine = select(Payment.external_id, func.sum(Posting.amount)).join(Posting, col(Posting.payment_id) == Payment.id)
        rows = mine.where(Payment.source == name, col(Payment.external_id).in_(some), Posting.account == PROVIDER + name)
        sums |= {known: int(amount) for known, amount in session.exec(rows.group_by(Payment.external_id))}
    return sums


def _unheard_of(session: Session, name: str, known: set[str], moved: Sequence[Moved]) -> list[str]:
    """What we booked on days that lie wholly within the movements, and the provider does not have."""
    if not moved:
        return []
    first, last = min(one.at for one in moved).date(), max(one.at for one in moved).date()
    mine = select(Payment).where(Payment.source == name, Payment.happened_on > first, Payment.happened_on < last)
    return [
        f"Our books have {Money(amount=one.amount, currency=one.currency).format()} for {one.external_id} of {one.happened_on}; {name} has nothing."
        for one in session.exec(mine.order_by(col(Payment.id)))
        if one.external_id not in known
    ]


def _chain(session: Session) -> list[Statement]:
    rows = session.exec(select(Statement)).all()
    return sorted(rows, key=lambda row: (row.from_on or row.at.date(), row.to_on or row.at.date(), row.id or 0))


def _shown(row: Statement, amount: int | None) -> str:
    return Money(amount=amount or 0, currency=row.currency).format()
