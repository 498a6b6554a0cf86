"""Prefect's live runs of stages against our rows: which of them nobody owns, and what is done with those.

    its row lives                      it is left alone
    its row is done                    ended: its worker died at the very end, or it was handed out once more
    its row has gone on without it     cancelled
    another run carries its row        a duplicate: cancelled
    no row has its key                 cancelled: the deal or the round that it is of is not ours
    no row, no key                     an operator's: planned for later it is left alone, never begun it is handed out again
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from models.stages import LIVE, RunState
from models.tables import StageRun

GRACE = timedelta(minutes=2)
"""How long a run may be in a state before it is judged by it: whoever is at it has written it down by then."""
ABANDONED = timedelta(hours=1)
"""How long an operation or a chore may run: they take seconds; one that takes longer has lost its worker."""


class Does(StrEnum):
    """What is done with a run that nobody owns."""

    NOTHING = ""
    CANCEL = "cancelled"
    END = "ended"
    CRASH = "shown as crashed"
    HAND_OUT = "handed out again"


@dataclass(frozen=True)
class Seen:
    """A live run as Prefect has it: `state` is SCHEDULED, PENDING, RUNNING, PAUSED or CANCELLING; `key` its idempotency key.

    One that is not whole has lost its deployment or its queue: nothing will ever start it.
    """

    id: str
    name: str
    key: str
    state: str
    since: datetime
    is_whole: bool = True


def judge(seen: Seen, own: StageRun | None, same_key: StageRun | None, *, now: datetime) -> tuple[Does, str]:
    """What is done with a live run, and why; `own` is the row that names it, `same_key` the one of its key. `now` is the real clock's."""
    row = own or same_key
    if seen.since > now - GRACE:
        return Does.NOTHING, ""
    if row is None:
        return _nobodys(seen)
    if own is None and row.flow_run_id:
        return Does.CANCEL, f"a duplicate: run {row.flow_run_id} carries {row.key}"
    if row.state == RunState.DONE:
        return Does.END, "its stage is done, and nobody is at it any more"
    return (Does.NOTHING, "") if row.state in LIVE else (Does.CANCEL, f"its row is {row.state}, and nobody wakes it any more")


def _nobodys(seen: Seen) -> tuple[Does, str]:
    """A run without a row. One that an operator started has its row once it has begun."""
    if seen.key.startswith(("deal-", "application-")):
        return Does.CANCEL, f"an orphan: we know no {seen.key}"
    if seen.state in {"PENDING", "RUNNING"}:
        return Does.HAND_OUT, "it was taken and never begun"
    return (Does.NOTHING, "") if seen.state == "SCHEDULED" else (Does.CANCEL, "an orphan: no row of ours is its own")


def judge_other(seen: Seen, *, now: datetime) -> tuple[Does, str]:
    """What is done with a live run of an operation or a chore, and why: one that is under way for very long has lost its worker."""
    if seen.state == "PENDING" and seen.since <= now - GRACE:
        return Does.HAND_OUT, "it was taken and never begun"
    if seen.state in {"RUNNING", "CANCELLING"} and seen.since <= now - ABANDONED:
        return Does.CRASH, "it ran for more than an hour, so its worker is dead"
    return Does.NOTHING, ""


def is_stale(row: StageRun, seen: Seen, *, now: datetime) -> bool:
    """Whether a run was handed out for a row (an operator's Resume or Retry) and never begun: its worker died with it."""
    return row.state in {RunState.WAITING, RunState.FAILED} and seen.state in {"PENDING", "RUNNING"} and seen.since <= now - GRACE
