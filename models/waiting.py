"""The wait: a row, not a process. Everything a stage's `waits.for_…` decides is decided here. Longer than 200: the row's whole life.

Each time a stage reaches the line, first time or replay, `reach` says in this order: the answer it had; an answer that has come;
silence past the deadline; otherwise: suspend, under a key that counts suspensions.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from models import facts
from models.tables import Deal, Fact, Wait


@dataclass(frozen=True)
class Spot:
    """Where in the process a wait stands. `key` is the same at every replay: `answer#1`."""

    deal_id: int
    stage: str
    round: int
    key: str
    flow_run_id: str
    part: int = 0


@dataclass(frozen=True)
class Question:
    """What is asked: kinds of facts that answer it, on which subject; whose move it is; when to remind and when to give up.

    After the silence of the last question a deal is closed: what comes until then is its answer still.
    """

    kinds: list[str]
    subject: str
    whose: str
    what: str
    ladder: str = ""
    rungs: list[dict[str, Any]] = field(default_factory=list)
    deadline: datetime | None = None
    is_last: bool = False


@dataclass(frozen=True)
class Answered:
    """A fact answered the question."""

    fact: Fact


@dataclass(frozen=True)
class Silent:
    """The deadline passed with no answer."""


@dataclass(frozen=True)
class Suspend:
    """Nothing has come and nothing is due: suspend as number `count`; earlier forms may hold an operator's input."""

    wait_id: int
    count: int


Reached = Answered | Silent | Suspend
OUTAGE = "outage/"
"""How the keys of pauses begin in which a vendor is away."""


def find(session: Session, spot: Spot) -> Wait | None:
    """The wait's row, once its line has been reached."""
    return session.exec(
        select(Wait).where(
            Wait.deal_id == spot.deal_id, Wait.stage == spot.stage, Wait.round == spot.round, Wait.part == spot.part, Wait.key == spot.key
        )
    ).first()


def reach(session: Session, spot: Spot, question: Question, *, now: datetime) -> Reached:
    """What the stage does at this line, now. One transaction; the answer's consumption is unique.

    It locks the deal as `inbox.tell` does: a fact is seen here, or its teller sees this wait and makes it due.
    """
    lock(session, spot.deal_id)
    _outages_over(session, spot, now)
    wait = find(session, spot)
    if wait and wait.fact_id:
        return Answered(session.get_one(Fact, wait.fact_id))
    if wait and wait.closed_at:
        late = answer_after_silence(session, wait) if question.is_last else None
        if late is None:
            return Silent()
        _close(session, wait, "answered", now, late)
        return Answered(late)
    if wait is None:
        wait = _open(session, spot, question, now)
    elif question.rungs and not wait.ladder:  # asked while the project rested: nobody was to be reminded then
        wait.ladder, wait.rungs, wait.deadline, wait.rungs_sent = question.ladder, question.rungs, question.deadline, 0
    fact = facts.unconsumed(session, spot.deal_id, wait.subject, wait.kinds) if wait.kinds else None
    if fact:
        _close(session, wait, "answered", now, fact)
        return Answered(fact)
    if is_past(session.get_one(Deal, spot.deal_id), wait, now):
        _close(session, wait, "silent", now)
        return Silent()
    wait.suspensions += 1
    wait.flow_run_id = spot.flow_run_id
    wait.due_at = next_due(wait)
    session.add(wait)
    return Suspend(wait.id or 0, wait.suspensions)


def answer_after_silence(session: Session, wait: Wait) -> Fact | None:
    """What has come on a question that was given up, and no other wait has taken."""
    return facts.unconsumed(session, wait.deal_id, wait.subject, wait.kinds) if wait.outcome == "silent" else None


def again(session: Session, spot: Spot, question: Question, *, now: datetime) -> Suspend:
    """Suspend on a pause that may begin anew (an outage): a closed one is opened now. What for, and how long, the newest question says."""
    _outages_over(session, spot, now)
    wait = find(session, spot) or _open(session, spot, question, now)
    wait.opened_at = now if wait.closed_at else wait.opened_at
    wait.closed_at, wait.outcome, wait.what, wait.deadline = None, "", question.what, question.deadline
    wait.suspensions += 1
    wait.flow_run_id = spot.flow_run_id
    wait.due_at = next_due(wait)
    session.add(wait)
    session.flush()
    return Suspend(wait.id or 0, wait.suspensions)


def heard(session: Session, spot: Spot, question: Question, places: list[str], *, now: datetime) -> None:
    """Close the row of a group of questions, with the rows that were heard in it as its kinds: a replay hears the same."""
    wait = find(session, spot) or _open(session, spot, question, now)
    wait.kinds = places
    _close(session, wait, "heard", now)


def over(session: Session, spot: Spot, *, now: datetime) -> bool:
    """Close a pause that is no longer needed; True if one was open."""
    wait = find(session, spot)
    if wait is None or wait.closed_at:
        return False
    _close(session, wait, "over", now)
    return True


def is_past(deal: Deal, wait: Wait, now: datetime) -> bool:
    """Whether the deadline has passed; while the deal is on hold only an outage's does: what was answered in the rest is carried out in it."""
    return wait.deadline is not None and wait.deadline <= now and (deal.held_since is None or wait.key.startswith(OUTAGE))


def next_due(wait: Wait) -> datetime | None:
    """When the waker must look at an open wait: its next rung or its deadline, whichever comes first."""
    rungs = [datetime.fromisoformat(rung["at"]) for rung in wait.rungs[wait.rungs_sent :]]
    return min([*rungs, *([wait.deadline] if wait.deadline else [])], default=None)


def climbed(session: Session, wait: Wait, rungs_sent: int) -> None:
    """Write how many rungs have been sent, or passed over."""
    lock(session, wait.deal_id)
    session.refresh(wait)
    wait.rungs_sent = max(wait.rungs_sent, rungs_sent)  # a waker that was held up may come last
    _reckon(session, wait)


def put_off(session: Session, wait: Wait, until: datetime) -> None:
    """Look at an open wait again at `until`, or at its deadline if that is sooner; one that has its answer by now stays due."""
    lock(session, wait.deal_id)
    session.refresh(wait)
    _reckon(session, wait)
    if wait.due_at and not (wait.kinds and facts.unconsumed(session, wait.deal_id, wait.subject, wait.kinds)):
        wait.due_at = min(until, wait.deadline) if wait.deadline else until


def lock(session: Session, deal_id: int) -> Deal:
    """The deal as it is now, with everybody else who asks or tells something about it kept out until this transaction ends."""
    mine = select(Deal).where(Deal.id == deal_id).with_for_update().execution_options(populate_existing=True)
    return session.exec(mine).one()


def wake(session: Session, fact: Fact, *, now: datetime) -> int:
    """Make every open wait that this fact may answer due at once; how many there are."""
    open_waits = session.exec(select(Wait).where(Wait.deal_id == fact.deal_id, Wait.subject == fact.subject, col(Wait.closed_at).is_(None)))
    hit = [wait for wait in open_waits if fact.kind in wait.kinds]
    for wait in hit:
        wait.due_at = now
        session.add(wait)
    return len(hit)


def went_on(session: Session, wait: Wait) -> bool:
    """Whether the stage has put a further question since this one; an outage is none."""
    same = (Wait.deal_id == wait.deal_id, Wait.stage == wait.stage, Wait.round == wait.round, Wait.part == wait.part)
    later = select(Wait.id).where(*same, col(Wait.id) > wait.id, ~col(Wait.key).startswith("outage/"))
    return session.exec(later).first() is not None


def open_waits(session: Session, deal_id: int) -> list[Wait]:
    """A deal's unanswered questions, oldest first."""
    return list(session.exec(select(Wait).where(Wait.deal_id == deal_id, col(Wait.closed_at).is_(None)).order_by(col(Wait.id))))


def drop_all(session: Session, deal_id: int, *, now: datetime) -> None:
    """Close every open wait of a deal: nobody waits for an answer any more."""
    for wait in open_waits(session, deal_id):
        _close(session, wait, "dropped", now)


def shift_all(session: Session, deal_id: int, *, since: datetime, now: datetime) -> None:
    """Move every rung not yet sent and every deadline by the time that its question rested: of a newer one less, of an outage nothing."""
    for wait in open_waits(session, deal_id):
        if wait.key.startswith(OUTAGE):
            continue
        by = max(now - max(since, wait.opened_at), timedelta())
        sent, rest = wait.rungs[: wait.rungs_sent], wait.rungs[wait.rungs_sent :]
        wait.rungs = [*sent, *({**rung, "at": (datetime.fromisoformat(rung["at"]) + by).isoformat()} for rung in rest)]
        wait.deadline = wait.deadline + by if wait.deadline else None
        _reckon(session, wait)


def _reckon(session: Session, wait: Wait) -> None:
    """Put down when the waker must look next; one that has its answer already stays due."""
    if wait.closed_at is None and not (wait.kinds and facts.unconsumed(session, wait.deal_id, wait.subject, wait.kinds)):
        wait.due_at = next_due(wait)
    session.add(wait)


def _outages_over(session: Session, spot: Spot, now: datetime) -> None:
    """Whoever has come to this line is past every outage before it, also of a step that has another name by now."""
    same = (Wait.deal_id == spot.deal_id, Wait.stage == spot.stage, Wait.round == spot.round, Wait.part == spot.part, Wait.key != spot.key)
    for wait in session.exec(select(Wait).where(*same, col(Wait.key).startswith(OUTAGE), col(Wait.closed_at).is_(None))).all():
        _close(session, wait, "over", now)


def _open(session: Session, spot: Spot, question: Question, now: datetime) -> Wait:
    wait = Wait(
        deal_id=spot.deal_id, stage=spot.stage, round=spot.round, part=spot.part, key=spot.key, flow_run_id=spot.flow_run_id,
        kinds=question.kinds,
        subject=question.subject, whose=question.whose, what=question.what, ladder=question.ladder, rungs=question.rungs,
        deadline=question.deadline, opened_at=now,
    )  # fmt: skip
    session.add(wait)
    session.flush()
    return wait


def _close(session: Session, wait: Wait, outcome: str, now: datetime, fact: Fact | None = None) -> None:
    wait.outcome, wait.closed_at, wait.due_at = outcome, now, None
    if fact:
        wait.fact_id = fact.id
    session.add(wait)
    session.flush()
