"""The wait, which everything hangs on: a stage asks, suspends, and is the same stage when it goes on. Longer than 200: every kind of wait.

    answer = waits.for_fact(BriefSent, key="answer", ladder="brief", whose="client", what="the filled brief")

Each of these lines may be reached any number of times. What it decides is in `models.waiting`; here is the engine's half: the form
that an operator sees on a suspended run, and the suspension itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from prefect.flow_runs import suspend_flow_run
from pydantic import BaseModel

from models import facts, inbox, ladder, wait_keys, waiting
from models.answers import Answer, read
from models.waiting import Answered, Question, Silent, Spot, Suspend
from tasks import diary, forms, runs
from tasks.world import world

Typed = TypeVar("Typed", bound=Answer)


@dataclass(frozen=True)
class Ask:
    """A question: kinds of answers, whose move it is, what for, which ladder reminds, from when, and which item it is about."""

    models: Sequence[type[Answer]]
    key: str
    whose: str
    what: str
    ladder: str = ""
    starts: datetime | None = None
    item: str = ""


@dataclass(frozen=True)
class Heard:
    """What came of a question; `said` is None after silence. `place` names its row: the same at every replay."""

    ask: Ask
    said: Answer | None
    place: str


PAUSES = (1, 5, 15, 60, 120, 240)


def for_fact(model: type[Typed], *, key: str, whose: str, what: str, ladder: str = "") -> Typed | None:
    """The answer of this kind; None when the ladder's deadline passed in silence."""
    return for_any([model], key=key, whose=whose, what=what, ladder=ladder)


def for_last(models: Sequence[type[Typed]], *, key: str, whose: str, what: str, ladder: str) -> Typed | None:
    """As `for_any`, where silence closes the deal: an answer that comes while its letters are not out yet is heard at the next replay."""
    return _for_any(Ask(models, key=key, whose=whose, what=what, ladder=ladder), is_last=True)


def however_long(models: Sequence[type[Typed]], *, key: str, whose: str, what: str) -> Typed:
    """The first answer of these kinds, without reminders and without an end: whoever was to be told has been."""
    answer = for_any(models, key=key, whose=whose, what=what)
    if answer is None:
        raise RuntimeError("A wait without a ladder has no end.")
    return answer


def for_any(
    models: Sequence[type[Typed]], *, key: str, whose: str, what: str, ladder: str = "", starts: datetime | None = None, item: str = ""
) -> Typed | None:
    """The first answer of these kinds; the first kind is the form that an operator sees. None after silence.

    The ladder counts from `starts` where that is given (an invoice's due day), else from the moment the question is put. `item` names
    what the question is about where there are several of its kind (a stage of production, say).
    """
    return _for_any(Ask(models, key=key, whose=whose, what=what, ladder=ladder, starts=starts, item=item))


def _for_any(ask: Ask, *, is_last: bool = False) -> Any:
    run, models, what, whose = runs.current(), ask.models, ask.what, ask.whose
    if run is None:
        raise RuntimeError("Only a stage waits.")
    runs.check()
    spot = run.spot(wait_keys.known(run.stage, ask.key))
    forms.take(spot, models[0], ask.item)
    reached = _reach(spot, replace(_question(spot, ask), is_last=is_last))
    if isinstance(reached, Answered):
        return read(reached.fact.kind, reached.fact.payload)
    if isinstance(reached, Silent):
        return None
    told = f"Waiting for {what} ({whose})"
    _suspend(spot, forms.form(models[0], f"{told}, deal {spot.deal_id}."), reached.count, f"{told}{diary.until(_ends(spot))}.")
    raise AssertionError("unreachable: suspending ends the run")


def place_of(key: str) -> str:
    """The name of the row of the newest question that this run put under a key (`design#2`): the same at every replay, in every run."""
    run = runs.current()
    if run is None:
        raise RuntimeError("Only a stage waits.")
    return f"{key}#{run.calls[key]}"


def for_some(asks: Sequence[Ask], *, key: str, form: type[Answer], what: str) -> list[Heard]:
    """What came of several questions that are open at once, each with its own row and ladder: one word or more, in the order asked.

    A question that is still open stays the same row at the next call; `form` is what an operator sees, and names its item itself. A row of
    the group writes down what was heard in it, so that a replay hears the same, whatever has come since.
    """
    run = runs.current()
    if run is None:
        raise RuntimeError("Only a stage waits.")
    runs.check()
    here, group = world(), run.spot(wait_keys.known(run.stage, key))
    while (past := _heard_in(group)) is not None:
        if again := _hear(run, asks, only=past):
            return again
        group = run.spot(key)  # nothing of what was heard then is asked for now
    forms.take(group, form)
    heard = _hear(run, asks)
    with runs.writing(group.deal_id) as session:
        question = Question(kinds=[], subject="", whose="", what=what)
        if heard:
            waiting.heard(session, group, question, [one.place for one in heard], now=here.now())
            return heard
        count = waiting.again(session, group, question, now=here.now()).count
        mine = [wait.deadline for wait in waiting.open_waits(session, group.deal_id) if wait.stage == group.stage and wait.deadline]
    told = f"Waiting for {what}{', the first of them' if len(mine) > 1 else ''}{diary.until(min(mine, default=None))}."
    _suspend(group, forms.form(form, f"Waiting for {what}, deal {group.deal_id}."), count, told)
    raise AssertionError("unreachable: suspending ends the run")


def _hear(run: runs.Run, asks: Sequence[Ask], only: Sequence[str] | None = None) -> list[Heard]:
    """Reach each question's row, or `only` those named; its number counts what was heard on it, so that an open one is met again."""
    found = []
    for ask in asks:
        name = f"{wait_keys.known(run.stage, ask.key)}#{run.calls[ask.key] + 1}"
        if only is not None and name not in only:
            continue
        spot = replace(run.spot(name, counted=False), part=0)
        reached = _reach(spot, _question(spot, ask))
        if not isinstance(reached, Suspend):
            run.calls[ask.key] += 1
            said = read(reached.fact.kind, reached.fact.payload) if isinstance(reached, Answered) else None
            found.append(Heard(ask, said, name))
    return found


def _heard_in(group: Spot) -> list[str] | None:
    """The rows that were heard in a group that is closed; None for one that is open, or was never reached."""
    with world().db.reading() as session:
        wait = waiting.find(session, group)
    return wait.kinds if wait and wait.closed_at else None


def until(moment: datetime, *, key: str, what: str) -> None:
    """Suspend until a moment by the studio's clock; past ones go on at once."""
    run = runs.current()
    if run is None:
        raise RuntimeError("Only a stage waits.")
    runs.check()
    spot = run.spot(wait_keys.known(run.stage, key))
    reached = _reach(spot, Question(kinds=[], subject="", whose="time", what=what, deadline=moment))
    if isinstance(reached, Suspend):
        _suspend(spot, None, reached.count, f"Waiting for {what}, until {moment:%Y-%m-%d %H:%M} UTC.")


def for_vendor(step: str, why: str) -> None:
    """Suspend until a vendor may be back: after a minute, then after growing pauses. No slot is held meanwhile."""
    run = runs.current()
    if run is None or run.deal_id is None:
        return
    here, spot = world(), run.spot(f"outage/{step}", counted=False)
    with runs.writing(spot.deal_id) as session:
        before = waiting.find(session, spot)
        tries = before.suspensions if before and before.outcome == "" else 0
        pause = timedelta(minutes=PAUSES[min(tries, len(PAUSES) - 1)])
        question = Question(kinds=[], subject="", whose="world", what=why, deadline=here.now() + pause)
        count = waiting.again(session, spot, question, now=here.now()).count
    _suspend(spot, None, count, f"{why} Tried again in {pause}.")


def vendor_is_back(step: str) -> None:
    """Close the outage that this step may have waited for."""
    run = runs.current()
    if run is None or run.deal_id is None:
        return
    here = world()
    with here.db.reading() as session:
        wait = waiting.find(session, run.spot(f"outage/{step}", counted=False))
    if wait and not wait.closed_at:
        with runs.writing(run.deal_id) as session:
            waiting.over(session, run.spot(f"outage/{step}", counted=False), now=here.now())


def _question(spot: Spot, ask: Ask) -> Question:
    here = world()
    about = facts.subject(spot.deal_id, spot.round, inbox.NOUNS[ask.models[0]])
    about = f"{about}/{ask.item or spot.part}" if ask.item or spot.part else about
    schedule = None
    if ask.ladder:
        studio = here.company.studio
        schedule = ladder.open_ladder(here.company.ladders[ask.ladder], here.now(), studio.zone, studio.holidays, studio.office, ask.starts)
    return Question(
        kinds=[model.kind for model in ask.models], subject=about, whose=ask.whose, what=ask.what, ladder=ask.ladder,
        rungs=[rung.model_dump(mode="json") for rung in schedule.rungs] if schedule else [],
        deadline=schedule.deadline if schedule else None,
    )  # fmt: skip


def _reach(spot: Spot, question: Question) -> waiting.Reached:
    here = world()
    with runs.writing(spot.deal_id) as session:
        wait = waiting.find(session, spot)
        was = wait.outcome if wait else ""
        reached = waiting.reach(session, spot, question, now=here.now())
    if was in {"", "silent"} and isinstance(reached, Answered):
        diary.write(f"{question.what} has come: {reached.fact.kind}, told by {reached.fact.actor}.")
    elif not was and isinstance(reached, Silent):
        diary.write(f"Nobody has said anything about {question.what}.")
    return reached


def _ends(spot: Spot) -> datetime | None:
    """When an open wait is given up."""
    with world().db.reading() as session:
        wait = waiting.find(session, spot)
    return wait.deadline if wait else None


def _suspend(spot: Spot, form: type[BaseModel] | None, count: int, why: str) -> None:
    diary.write(why)
    try:
        suspend_flow_run(wait_for_input=form, key=forms.pause_key(spot, count))
    finally:
        world().nudge()
