"""The three tracks of a deal, and the one gate each: `move`.

    sales   received ▶ briefing ▶ estimating ▶ proposed ▶ contracting ▶ signed ▶ won       from each: lost; declined before a contract
    work    none ▶ kickoff ▶ materials ▶ production ▶ launch ▶ completed ▶ handed_over     paused and back; cancelled ▶ none in the next round
    money   none ▶ deposit_due ▶ deposit_paid ▶ final_due ▶ paid

Money also goes back: a payment may be reversed, an invoice credited. `completed and paid` is derived, overdue is derived. Nobody drags
a deal: a move names the fact that caused it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, assert_never

from sqlmodel import Session

from models.errors import HandedBack, Refused
from models.tables import Deal, Fact, Move


class Sales(StrEnum):
    """Where the sale stands."""

    RECEIVED = "received"
    BRIEFING = "briefing"
    ESTIMATING = "estimating"
    PROPOSED = "proposed"
    CONTRACTING = "contracting"
    SIGNED = "signed"
    WON = "won"
    DECLINED = "declined"
    LOST = "lost"


class Work(StrEnum):
    """Where the work stands."""

    NONE = "none"
    KICKOFF = "kickoff"
    MATERIALS = "materials"
    PRODUCTION = "production"
    LAUNCH = "launch"
    COMPLETED = "completed"
    HANDED_OVER = "handed_over"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class Cash(StrEnum):
    """Where the money stands."""

    NONE = "none"
    DEPOSIT_DUE = "deposit_due"
    DEPOSIT_PAID = "deposit_paid"
    FINAL_DUE = "final_due"
    PAID = "paid"


S, W, C = Sales, Work, Cash
SALES: dict[Sales, frozenset[Sales]] = {
    S.RECEIVED: frozenset({S.BRIEFING, S.DECLINED, S.LOST}),
    S.BRIEFING: frozenset({S.ESTIMATING, S.DECLINED, S.LOST}),
    S.ESTIMATING: frozenset({S.PROPOSED, S.DECLINED, S.LOST}),
    S.PROPOSED: frozenset({S.CONTRACTING, S.ESTIMATING, S.LOST}),
    S.CONTRACTING: frozenset({S.SIGNED, S.PROPOSED, S.LOST}),
    S.SIGNED: frozenset({S.WON, S.LOST}),
    S.WON: frozenset(),
    S.DECLINED: frozenset({S.BRIEFING}),
    S.LOST: frozenset({S.BRIEFING}),
}
_ON_THE_WAY = (W.KICKOFF, W.MATERIALS, W.PRODUCTION, W.LAUNCH)
WORK: dict[Work, frozenset[Work]] = {
    W.NONE: frozenset({W.KICKOFF, W.CANCELLED}),
    W.KICKOFF: frozenset({W.MATERIALS, W.PRODUCTION, W.PAUSED, W.CANCELLED}),
    W.MATERIALS: frozenset({W.PRODUCTION, W.PAUSED, W.CANCELLED}),
    W.PRODUCTION: frozenset({W.LAUNCH, W.PAUSED, W.CANCELLED}),
    W.LAUNCH: frozenset({W.COMPLETED, W.PAUSED, W.CANCELLED}),
    W.COMPLETED: frozenset({W.HANDED_OVER}),
    W.HANDED_OVER: frozenset(),
    W.PAUSED: frozenset({*_ON_THE_WAY, W.CANCELLED}),
    W.CANCELLED: frozenset({W.NONE}),
}
CASH: dict[Cash, frozenset[Cash]] = {
    C.NONE: frozenset({C.DEPOSIT_DUE, C.FINAL_DUE}),
    C.DEPOSIT_DUE: frozenset({C.DEPOSIT_PAID, C.PAID, C.NONE}),
    C.DEPOSIT_PAID: frozenset({C.FINAL_DUE, C.PAID, C.DEPOSIT_DUE}),
    C.FINAL_DUE: frozenset({C.PAID, C.DEPOSIT_PAID, C.NONE}),
    C.PAID: frozenset({C.FINAL_DUE, C.DEPOSIT_PAID}),
}
CLOSED = frozenset({S.DECLINED, S.LOST})
Place = Sales | Work | Cash
TRACKS: dict[str, Mapping[Any, frozenset[Any]]] = {"sales": SALES, "work": WORK, "money": CASH}


def track_of(place: Place) -> str:
    """The name of the track that `place` is on."""
    match place:
        case Sales():
            return "sales"
        case Work():
            return "work"
        case Cash():
            return "money"
        case _:
            assert_never(place)


def is_legal(was: Place, to: Place) -> bool:
    """Whether one track allows the step from `was` to `to`."""
    return type(was) is type(to) and to in TRACKS[track_of(was)].get(was, frozenset())


def is_open(deal: Deal) -> bool:
    """Whether the deal still needs a next step from somebody."""
    if deal.sales in CLOSED or deal.work == W.CANCELLED:
        return False
    return not (deal.sales == S.WON and deal.work == W.HANDED_OVER and deal.money == C.PAID)


def move(session: Session, deal: Deal, to: Place, *, why: str, fact: Fact | None, now: datetime) -> bool:
    """Move a deal to `to` and leave a row; True if it moved, False if it stood there already (a replay).

    Raises Refused when the table of moves does not allow the step, HandedBack when it would take back a client who is support's.
    """
    track = track_of(to)
    was = type(to)(getattr(deal, track))
    if was == to:
        return False
    if was == Work.HANDED_OVER:
        raise HandedBack(f"Deal {deal.id} cannot go from {was} to {to} on its {track} track: its client was handed over to support for good.")
    if not is_legal(was, to):
        raise Refused(f"Deal {deal.id} cannot go from {was} to {to} on its {track} track.")
    setattr(deal, track, to.value)
    session.add(deal)
    session.add(Move(deal_id=deal.id or 0, track=track, was=was.value, to=to.value, at=now, why=why, fact_id=fact.id if fact else None))
    return True
