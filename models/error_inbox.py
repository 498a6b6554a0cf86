"""The error inbox: what a person has to look at, each with what to do. Empty is how it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col

from models import effects, starts, suspense, todo, troubles
from models.addresses import run_path
from models.board_words import card_link, moment
from models.effects import EffectState
from models.markdown import lines, link, table
from models.tables import Deal, Effect, Fact, FailedOperation, StageRun

MOST = 100
"""How many lines of a kind are shown; the rest is counted."""


@dataclass(frozen=True)
class Trouble:
    """Something that waits for a person. `key` names it in the form that settles it, `flow_run_id` the run to look at."""

    at: datetime | None
    what: str
    why: str
    deal_id: int | None = None
    key: str = ""
    flow_run_id: str = ""


@dataclass(frozen=True)
class Kind:
    """Troubles of one kind: a heading, and what to do about each of them."""

    title: str
    do: str
    troubles: list[Trouble]


def gather(session: Session, *, now: datetime) -> list[Kind]:
    """Every kind of trouble there may be, also those that there is none of, in the order of `troubles.counts`."""
    stranded = troubles.stranded(session)
    return [
        Kind("Failed runs", "Mend what the reason names, then press **Retry** in the run: it goes on where it failed.", _failed_runs(session)),
        Kind(
            "Checks and operations that failed",
            "Mend what the reason names. A check runs again by itself, or from its deployment; an operation goes on by **Retry** in its run.",
            _failed_operations(session, now),
        ),
        Kind(
            "Effects that may have happened", "Find out whether it went out, then run **settle-effect** with its key: it went out, or send it again.",
            [Trouble(one.settled_at, one.what, one.said, one.deal_id, one.key) for one in effects.in_state(session, EffectState.UNKNOWN)],
        ),
        Kind(
            "Letters and acts that failed",
            "Mend the reason (a wrong address: **change-address**), then run **settle-effect** with its key: send it again.",
            _failed_effects(session, now),
        ),
        Kind("Addresses that letters come back from", "Ask for another one, then run **change-address**.", _bounced(session)),
        Kind(
            "Money that nobody could place", "Run **match-suspense** with its number and the invoices, or **ignore-payment** with a reason.",
            [
                Trouble(None, f"Payment {one.id}: {one.amount.format()} {one.direction}, {one.payer_name or one.source}, {one.reference}", one.said)
                for one in suspense.everything(session, limit=MOST + 1)
            ],
        ),
        Kind(
            "Open deals without a next step",
            "Start the stage from the deployment of its name, where it goes on, or run the operation; and tell whoever looks after the system.",
            [_stranded(session, one) if place < MOST else Trouble(None, "", "", one.id) for place, one in enumerate(stranded)],
        ),
        Kind("Webhooks that cannot be booked", "The reason says what is missing; it is tried again by itself.", _unread(session)),
    ]  # fmt: skip


def inbox_page(kinds: Sequence[Kind], *, zone: str) -> str:
    """The page: kind by kind, what is wrong and what to do. Pure."""
    count = sum(len(kind.troubles) for kind in kinds)
    if not count:
        return f"# Error inbox\n\nNothing waits for a person. {_elsewhere()}"
    parts = [f"# Error inbox\n\n**{count}** {'thing waits' if count == 1 else 'things wait'} for a person. {_elsewhere()}"]
    for kind in kinds:
        if kind.troubles:
            rest = f"\n\n{len(kind.troubles) - MOST} more" if len(kind.troubles) > MOST else ""
            parts.append(f"## {kind.title}\n\n{kind.do}\n\n{_rows(kind.troubles[:MOST], zone)}{rest}")
    return "\n\n".join(parts)


def _rows(troubles: Sequence[Trouble], zone: str) -> str:
    columns = [
        ("Deal", [card_link(one.deal_id) if one.deal_id else "" for one in troubles]),
        ("What", [_what(one) for one in troubles]),
        ("Since", [moment(one.at, zone) for one in troubles]),
        ("Why", [lines(one.why, 400, 44) for one in troubles]),
    ]
    told = [(name, cells) for name, cells in columns if any(cells)]
    return table([name for name, _ in told], zip(*(cells for _, cells in told), strict=True))


def _what(one: Trouble) -> str:
    what = lines(one.what, 160, 44)
    linked = link(what, run_path(one.flow_run_id)) if one.flow_run_id else what
    return f"{linked}<br>`{one.key}`" if one.key else linked


def _elsewhere() -> str:
    return f"Forms that were refused are among {link('all failed runs', '/runs?state=Failed')}, each with its reason."


def _stranded(session: Session, deal: Deal) -> Trouble:
    return Trouble(None, f"It is {deal.sales}.", f"No run is live, and nothing is waited for. {starts.advice(session, deal)}", deal.id)


def _failed_runs(session: Session) -> list[Trouble]:
    rows = session.exec(troubles.failed_runs().order_by(col(StageRun.id))).all()
    return [Trouble(row.touched_at, _title(row), row.why, row.deal_id, flow_run_id=row.flow_run_id or "") for row in rows]


def _failed_operations(session: Session, now: datetime) -> list[Trouble]:
    rows = session.exec(troubles.failed_operations(now).order_by(col(FailedOperation.at))).all()
    return [Trouble(row.at, row.what, row.why, row.deal_id, flow_run_id=row.flow_run_id) for row in rows]


def _title(row: StageRun) -> str:
    return f"{row.stage} {row.part}" if row.part else f"{row.stage}" if row.deal_id else f"{row.stage} of application {row.application_id}"


def _failed_effects(session: Session, now: datetime) -> list[Trouble]:
    rows = session.exec(troubles.failed_effects(now).order_by(col(Effect.settled_at))).all()
    return [Trouble(row.settled_at, row.what, row.said, row.deal_id, row.key) for row in rows]


def _bounced(session: Session) -> list[Trouble]:
    rows = session.exec(troubles.bounced().order_by(col(Deal.id)))
    return [Trouble(client.bounced_at, client.email, client.bounce_said, deal_id) for deal_id, client in rows]


def _unread(session: Session) -> list[Trouble]:
    rows = [(row, session.get_one(Fact, row.fact_id)) for row in todo.stuck(session)]
    return [Trouble(row.added_at, f"{fact.kind} {fact.external_id} of {fact.source}", row.said, fact.deal_id) for row, fact in rows]
