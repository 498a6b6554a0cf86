"""A month's closed projects: as reported when the month was closed, and as they are known now.

    projects close in May ──▶ 1 June: May is closed, its report kept ──▶ hours come late, money goes back: May now differs from May reported
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from pydantic import Field
from sqlmodel import Session, col, select

from models import performances
from models.company import Company
from models.db import serialise
from models.delivery_tables import ClosedMonth, Performance
from models.errors import Invalid, Refused
from models.money import Money, round_half_up, total
from models.performance import Figures, Number, PerformanceRow, percent
from models.proposal import Record
from models.reading import YEARS

_TENTH = Decimal("0.1")
_LENGTH = len("2026-05")


class Totals(Record):
    """A month in numbers. Days and stars are averages. Money sums projects in the studio's currency."""

    projects: int
    completed: int
    cancelled: int
    amount: Money
    cost: Money
    margin: Money
    margin_percent: Number | None = Field(description="Margin in per cent of the amount; null where there is no amount.")
    hours: Number
    planned_hours: Number
    profit_per_hour: Money | None = Field(description="Margin by hours worked; null where nobody worked.")
    working_days: Number | None
    calendar_days: Number | None
    waiting_days: Number | None
    rounds: Number | None
    review: Number | None


class Report(Record):
    """A month's projects and their totals, as they were known at `counted_at`."""

    counted_at: datetime
    totals: Totals
    projects: list[Figures]


class Difference(Record):
    """A project that is not as it was reported: the fields that differ; `project` alone means that it was not in the report."""

    deal: int
    round: int
    project: str
    fields: list[str]


class Monthly(Record):
    """A month twice. `reported` is null until the month is closed."""

    month: str
    reported: Report | None
    now: Report
    differences: list[Difference]


def month_of(text: str) -> str:
    """A month as 2026-05. Raises Invalid for anything else."""
    year, dash, month = text.partition("-")
    if len(text) != _LENGTH or not dash or not (year + month).isascii() or not (year + month).isdigit():
        raise Invalid(f"“{text[:40]}” is no month; write it like 2026-05.")
    if int(year) not in YEARS or not 1 <= int(month) <= 12:  # noqa: PLR2004 (months of a year)
        raise Invalid(f"There is no month {text}; write it like 2026-05.")
    return text


def before(today: date) -> str:
    """The month before the one that a day lies in."""
    return f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"


def after(month: str) -> str:
    """The month after one."""
    year, number = map(int, month.split("-"))
    return f"{year + number // 12}-{number % 12 + 1:02}"


def totals(rows: Sequence[Figures], currency: str) -> Totals:
    """The totals of a month's rows. Pure."""
    own = [row for row in rows if row.amount.currency == currency]
    amount, cost = total((row.amount for row in own), currency), total((row.cost for row in own), currency)
    hours, own_hours = _sum(row.hours for row in rows), _sum(row.hours for row in own)
    return Totals(
        projects=len(rows), completed=sum(row.outcome == "completed" for row in rows), cancelled=sum(row.outcome == "cancelled" for row in rows),
        amount=amount, cost=cost, margin=amount - cost, margin_percent=percent(amount - cost, amount), hours=hours,
        planned_hours=_sum(row.planned_hours for row in rows), profit_per_hour=_by_the_hour(amount - cost, own_hours),
        working_days=_average([row.working_days for row in rows]), calendar_days=_average([row.calendar_days for row in rows]),
        waiting_days=_average([row.waiting_days for row in rows]), rounds=_average([row.rounds for row in rows]),
        review=_average([row.review for row in rows if row.review is not None]),
    )  # fmt: skip


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))


def _by_the_hour(margin: Money, hours: Decimal) -> Money | None:
    return Money(amount=round_half_up(margin.amount / hours), currency=margin.currency) if hours else None


def _average(values: Sequence[int]) -> Decimal | None:
    return (Decimal(sum(values)) / len(values)).quantize(_TENTH, rounding=ROUND_HALF_UP) if values else None


def differences(reported: Sequence[Figures], now: Sequence[Figures]) -> list[Difference]:
    """What is not as it was reported, in the order of what is known now. Pure."""
    was, found = {row.key: row for row in reported}, []
    for row in now:
        old = was.get(row.key)
        fields = ["project"] if old is None else [name for name in Figures.model_fields if getattr(old, name) != getattr(row, name)]
        if fields:
            found.append(Difference(deal=row.deal, round=row.round, project=row.project, fields=fields))
    return found


def report(session: Session, company: Company, month: str, now: datetime) -> Monthly:
    """A month as reported, if it is closed, and as it is known now."""
    kept, currency = session.get(ClosedMonth, month), company.studio.currency
    rows = rows_of(session, company, month)
    reported = Report.model_validate(kept.body) if kept else None
    return Monthly(
        month=month, reported=reported, now=_report(rows, currency, now),
        differences=differences(reported.projects, [_plain(row) for row in rows]) if reported else [],
    )  # fmt: skip


def rows_of(session: Session, company: Company, month: str) -> list[PerformanceRow]:
    """The projects closed in a month, as they are known now, in the order in which they closed."""
    mine = select(Performance).where(Performance.month == month).order_by(col(Performance.closed_on), col(Performance.id))
    return [performances.as_now(session, company, kept) for kept in session.exec(mine)]


def _report(rows: Sequence[Figures], currency: str, now: datetime) -> Report:
    return Report(counted_at=now, totals=totals(rows, currency), projects=[_plain(row) for row in rows])


def _plain(row: Figures) -> Figures:
    """The figures without who cost what: that stays with the row."""
    return Figures.model_validate(row.model_dump(include=set(Figures.model_fields)))


def close(session: Session, company: Company, month: str, now: datetime) -> ClosedMonth:
    """A month's report, kept as it is now; one that was closed before stays as it was. Raises Refused while the month is not over."""
    if month >= f"{company.studio.today(now):%Y-%m}":
        raise Refused(f"{month} is not over yet: it can be closed from {after(month)}-01 on.")
    serialise(session, f"closed_month/{month}")
    known = session.get(ClosedMonth, month)
    if known:
        return known
    made = _report(rows_of(session, company, month), company.studio.currency, now)
    closed = ClosedMonth(month=month, body=made.model_dump(mode="json"), closed_at=now)
    session.add(closed)
    session.flush()
    return closed


def to_close(session: Session, company: Company, now: datetime) -> list[str]:
    """The months that are over and not closed: the last one, and those before it in which a project closed, oldest first."""
    last = before(company.studio.today(now))
    closed = set(session.exec(select(ClosedMonth.month)))
    begun = set(session.exec(select(Performance.month).where(Performance.month <= last).distinct()))
    return sorted({last, *begun} - closed)


def known_months(session: Session, company: Company, now: datetime) -> list[str]:
    """The months that there is something to say of, the newest first: this one, the last one, and those with closed projects."""
    today = company.studio.today(now)
    return sorted({f"{today:%Y-%m}", before(today), *session.exec(select(Performance.month).distinct())}, reverse=True)
