"""The pipeline: every open deal by where it stands, with its value, how long it has stood there, whose move it is and when it is looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import and_, not_
from sqlmodel import Session, col, func, select

from models.board_words import card_link, day, place, shown
from models.deal_card import whose
from models.markdown import lines, plain, table
from models.money import Money
from models.stages import LIVE
from models.tables import Client, Deal, Document, Move, StageRun, Wait
from models.tracks import CLOSED, Cash, Sales, Work

MOST = 200
"""How many deals the page names, those that have stood longest before the others; the rest is counted."""
ORDER = [place.value for place in (*Sales, *Work)]
OPEN = and_(
    col(Deal.sales).not_in([one.value for one in CLOSED]),
    col(Deal.work) != Work.CANCELLED.value,
    not_(and_(col(Deal.sales) == Sales.WON.value, col(Deal.work) == Work.HANDED_OVER.value, col(Deal.money) == Cash.PAID.value)),
)
"""`tracks.is_open`, asked of the database."""


@dataclass(frozen=True)
class Standing:
    """An open deal and its client. `since` is when it came to its stage, `next_at` when what it waits for is looked at next."""

    deal: Deal
    client: str
    value: Money | None
    since: datetime
    whose: str = ""
    what: str = ""
    next_at: datetime | None = None

    @property
    def stage(self) -> str:
        """The place of the sale, or of the work once it is won."""
        return stage_of(self.deal)


@dataclass(frozen=True)
class Total:
    """How many open deals stand at a stage, and what they are worth, by currency."""

    stage: str
    count: int
    worth: list[Money]


def stage_of(deal: Deal) -> str:
    """Where a deal stands: on its way to a contract that is paid for, then in its work."""
    return deal.work if deal.sales == Sales.WON else deal.sales


def gather(session: Session) -> tuple[list[Total], list[Standing]]:
    """The totals of all open deals, and the first `MOST` of them, by stage, the longest first."""
    values, since = _values(session), _since(session)
    found = []
    for deal, company, name in session.exec(select(Deal, Client.company, Client.name).join(Client, col(Client.id) == Deal.client_id).where(OPEN)):
        track = "work" if deal.sales == Sales.WON else "sales"
        budget = Money(amount=deal.budget, currency=deal.currency) if deal.budget is not None else None
        found.append(Standing(deal, company or name, values.get(deal.id or 0, budget), since.get((deal.id or 0, track), deal.opened_at)))
    found.sort(key=lambda one: one.since)
    named = _asked(session, found[:MOST])
    return totals(found), sorted(named, key=lambda one: (ORDER.index(one.stage), one.since))


def totals(found: Sequence[Standing]) -> list[Total]:
    """Counts and values by stage, in the order of the stages."""
    by_stage = sorted(found, key=lambda one: ORDER.index(one.stage))
    return [Total(stage, len(group := list(some)), _worth(group)) for stage, some in groupby(by_stage, key=lambda one: one.stage)]


def pipeline_page(sums: Sequence[Total], rows: Sequence[Standing], *, now: datetime, zone: str, locale: str) -> str:
    """The page: the totals, then the deals stage by stage. Pure."""
    if not sums:
        return "# Pipeline\n\nThere is no open deal."
    counted = sum(one.count for one in sums)
    overview = table(("Stage", "Deals", "Worth"), [(place(one.stage), f"{one.count}", _sum(one, locale)) for one in sums], right=("Deals", "Worth"))
    parts = [f"# Pipeline\n\n{counted} open {'deal' if counted == 1 else 'deals'}. A number leads to the deal's card.", overview]
    for stage, some in groupby(rows, key=lambda one: one.stage):
        parts.append(f"## {place(stage).capitalize()}\n\n{_deals(list(some), now, zone, locale)}")
    if counted > len(rows):
        parts.append(f"{counted - len(rows)} more have come to their stage since.")
    return "\n\n".join(parts)


def _deals(rows: Sequence[Standing], now: datetime, zone: str, locale: str) -> str:
    head = ("Deal", "Client", "Value", "Days", "Move", "What", "Next date", "Money")
    is_paid_for = any(one.deal.money != Cash.NONE for one in rows)
    cells = [
        (
            card_link(one.deal.id or 0), plain(one.client, 40), shown(one.value, locale), f"{max((now - one.since).days, 0)}",
            "on hold" if one.deal.held_since else one.whose or "**nobody's**", lines(one.what, 120, 34),
            day(one.deal.held_until if one.deal.held_since else one.next_at, zone), place(one.deal.money),
        )
        for one in rows
    ]  # fmt: skip
    columns = slice(None) if is_paid_for else slice(-1)
    return table(head[columns], [row[columns] for row in cells], right=("Value", "Days"))


def _sum(one: Total, locale: str) -> str:
    return " + ".join(shown(money, locale) for money in one.worth)


def _worth(group: Sequence[Standing]) -> list[Money]:
    sums: dict[str, Money] = {}
    for one in group:
        if one.value:
            sums[one.value.currency] = sums[one.value.currency] + one.value if one.value.currency in sums else one.value
    return [sums[currency] for currency in sorted(sums)]


def _values(session: Session) -> dict[int, Money]:
    """What was accepted (gross), else what was estimated (net), by deal: the newest of each."""
    amount, currency = Document.body["total"]["amount"].as_integer(), Document.body["total"]["currency"].as_string()
    mine = select(Document.deal_id, amount, currency).join(Deal, col(Deal.id) == Document.deal_id).where(OPEN)
    values = {
        deal_id: Money(amount=minor, currency=code)
        for deal_id, minor, code in session.exec(mine.where(Document.kind == "estimate").order_by(col(Document.version)))
    }
    accepted = select(Document.deal_id, Document.totals).join(Deal, col(Deal.id) == Document.deal_id).where(OPEN, Document.kind == "proposal")
    for deal_id, sums in session.exec(accepted.order_by(col(Document.version))):
        if sums:
            values[deal_id] = Money.model_validate(sums["gross"])
    return values


def _since(session: Session) -> dict[tuple[int, str], datetime]:
    """When each open deal made its last move, by track."""
    last = select(Move.deal_id, Move.track, func.max(Move.at)).join(Deal, col(Deal.id) == Move.deal_id).where(OPEN)
    return {(deal_id, track): at for deal_id, track, at in session.exec(last.group_by(col(Move.deal_id), col(Move.track)))}


def _asked(session: Session, rows: Sequence[Standing]) -> list[Standing]:
    """The same deals with whose move it is, what is waited for and when that is looked at."""
    ids = [one.deal.id for one in rows]
    waits: dict[int, list[Wait]] = {}
    for wait in session.exec(select(Wait).where(col(Wait.deal_id).in_(ids), col(Wait.closed_at).is_(None)).order_by(col(Wait.id))):
        waits.setdefault(wait.deal_id, []).append(wait)
    runs: dict[int, list[StageRun]] = {}
    for run in session.exec(select(StageRun).where(col(StageRun.deal_id).in_(ids), col(StageRun.state).in_(LIVE))):
        runs.setdefault(run.deal_id or 0, []).append(run)
    named = []
    for one in rows:
        mine, live = waits.get(one.deal.id or 0, []), runs.get(one.deal.id or 0, [])
        failed = next((f"the stage {run.stage} failed" for run in live if run.state == "failed"), "")
        what = failed or next((wait.what for wait in mine if wait.kinds), "")
        dates = [at for wait in mine for at in (wait.due_at, wait.deadline) if at]
        named.append(Standing(one.deal, one.client, one.value, one.since, whose(session, one.deal, mine, live), what, min(dates, default=None)))
    return named
