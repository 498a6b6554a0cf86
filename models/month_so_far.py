"""The month so far, as charts: from applications to signatures, the money that came in, and how long deals stood at each stage of the sale."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, or_, select

from models.accounts import BANK, CASH, PROVIDER, RECORDED
from models.answers import Application
from models.board_words import lasted, place
from models.cash_tables import Entry, Payment, Posting
from models.charts import Bar, bars, columns, in_words, picture
from models.markdown import plain
from models.money import Money
from models.tables import Fact, Move
from models.tracks import Sales

AT_HAND = (BANK, CASH, RECORDED)
FUNNEL = {
    "Applications": None, "Briefs sent": Sales.ESTIMATING, "Proposals": Sales.PROPOSED, "Accepted": Sales.CONTRACTING, "Signed": Sales.SIGNED,
}  # fmt: skip
"""The steps of the funnel, and the place that a deal has come to by each; applications are facts."""


@dataclass(frozen=True)
class MonthSoFar:
    """What a month has brought by now. `funnel` counts deals by step, `weeks` the money that came in them, `stood` the median time at a stage."""

    begins: date
    funnel: dict[str, int]
    weeks: list[tuple[date, Money]]
    stood: dict[str, timedelta]


def gather(session: Session, *, currency: str, zone: str, now: datetime) -> MonthSoFar:
    """The month that `now` is in by the studio's calendar. Money is counted in the studio's currency, on the day it came in."""
    today = now.astimezone(ZoneInfo(zone))
    first = today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    applied = session.exec(select(func.count(col(Fact.id))).where(Fact.kind == Application.kind, Fact.known_at >= first)).one()
    reached = select(Move.to, func.count(func.distinct(Move.deal_id))).where(Move.track == "sales", Move.at >= first).group_by(col(Move.to))
    came = dict(session.exec(reached).all())
    moved = select(Move.deal_id).where(Move.track == "sales", Move.at >= first)
    moves = session.exec(
        select(col(Move.deal_id), col(Move.was), col(Move.at)).where(col(Move.deal_id).in_(moved), Move.track == "sales")
        .order_by(col(Move.deal_id), col(Move.id))
    ).all()  # fmt: skip
    # By the books, not by the payments: a statement's line that confirms a transfer recorded by hand takes it off there, and brings nothing.
    paid = session.exec(
        select(col(Entry.happened_on), func.sum(Posting.amount))
        .join(Posting, col(Posting.entry_id) == Entry.id).join(Payment, col(Payment.id) == Posting.payment_id)
        .where(
            Entry.happened_on >= first.date(), Posting.currency == currency, Payment.direction == "in",
            col(Payment.state).in_(["matched", "suspense"]), or_(col(Posting.account).in_(AT_HAND), col(Posting.account).startswith(PROVIDER)),
        )
        .group_by(col(Entry.happened_on))
    ).all()  # fmt: skip
    return MonthSoFar(
        first.date(), {step: applied if to is None else came.get(to, 0) for step, to in FUNNEL.items()},
        weeks_of(first.date(), today.date(), paid, currency), stood_of(moves, first),
    )  # fmt: skip


def weeks_of(first: date, today: date, paid: Iterable[tuple[date, int]], currency: str) -> list[tuple[date, Money]]:
    """The money of each week by its Monday, the month's first day's week to today's, also of those that brought none."""
    sums: dict[date, int] = {}
    for on, amount in paid:
        sums[_monday(on)] = sums.get(_monday(on), 0) + amount
    weeks = range((_monday(today) - _monday(first)).days // 7 + 1)
    mondays = [_monday(first) + timedelta(weeks=week) for week in weeks]
    return [(monday, Money(amount=sums.get(monday, 0), currency=currency)) for monday in mondays]


def stood_of(moves: Sequence[tuple[int, str, datetime]], first: datetime) -> dict[str, timedelta]:
    """The median time that deals stood at each place of the sale which they left since `first`.

    `moves` are deal, place left and moment; those of a deal follow each other.
    """
    times: dict[str, list[float]] = {}
    for (deal, _, before), (same, was, at) in pairwise(moves):
        if deal == same and at >= first:
            times.setdefault(was, []).append((at - before).total_seconds())
    return {stage.value: timedelta(seconds=median(times[stage.value])) for stage in Sales if stage.value in times}


def month_page(month: MonthSoFar, *, locale: str) -> str:
    """The page: three charts, each said in words besides. Pure."""
    funnel = [Bar(step, count, f"{count}") for step, count in month.funnel.items()]
    money = [Bar(f"from {monday:%d %b}", float(sum_.major), _short(sum_, locale)) for monday, sum_ in month.weeks]
    stood = [Bar(place(stage).capitalize(), time.total_seconds(), lasted(time)) for stage, time in month.stood.items()]
    charts = [
        ("From application to signature", funnel, bars),
        ("Money in by week", money, columns),
        ("Time at each stage of the sale, median", stood, bars),
    ]
    parts = [f"# {month.begins:%B %Y} so far"]
    for title, values, draw in charts:
        said = in_words(title, values)
        parts += [picture(draw(title, values), said), plain(said, 500)] if values else [plain(said)]
    return "\n\n".join(parts)


def _short(money: Money, locale: str) -> str:
    """An amount above a column: no cents, which nobody reads there."""
    return money.format(locale).split(".")[0] if locale.startswith("en") else money.format(locale)


def _monday(on: date) -> date:
    return on - timedelta(days=on.weekday())
