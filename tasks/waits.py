"""The wait, which everything hangs on: a stage asks, suspends, and is the same stage when it goes on.

    answer = waits.for_fact(BriefSent, key="answer", ladder="brief", whose="client", what="the filled brief")

Each of these lines may be reached any number of times. What it decides is in `models.waiting`; here is the engine's half: the form
that an operator sees on a suspended run, and the suspension itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar, cast
from uuid import UUID

from prefect.exceptions import ObjectNotFound
from prefect.flow_runs import suspend_flow_run
from prefect.input import keyset_from_base_key, read_flow_run_input
from prefect.input.run_input import RunInput, run_input_subclass_from_type
from prefect.logging import get_run_logger
from pydantic import BaseModel, Field, ValidationError, create_model

from models import facts, inbox, ladder, waiting
from models.answers import Answer, read
from models.errors import Refused
from models.tables import Deal
from models.waiting import Answered, Question, Silent, Spot, Suspend
from tasks import runs
from tasks.world import world

Typed = TypeVar("Typed", bound=Answer)
PAUSES = (1, 5, 15, 60, 120, 240)


def for_fact(model: type[Typed], *, key: str, whose: str, what: str, ladder: str = "") -> Typed | None:
    """The answer of this kind; None when the ladder's deadline passed in silence."""
    return for_any([model], key=key, whose=whose, what=what, ladder=ladder)


def however_long(models: Sequence[type[Typed]], *, key: str, whose: str, what: str) -> Typed:
    """The first answer of these kinds, without reminders and without an end: whoever was to be told has been."""
    answer = for_any(models, key=key, whose=whose, what=what)
    if answer is None:
        raise RuntimeError("A wait without a ladder has no end.")
    return answer


def for_any(
    models: Sequence[type[Typed]], *, key: str, whose: str, what: str, ladder: str = "", starts: datetime | None = None
) -> Typed | None:
    """The first answer of these kinds; the first kind is the form that an operator sees. None after silence.

    The ladder counts from `starts` where that is given (an invoice's due day), else from the moment the question is put.
    """
    run = runs.current()
    if run is None:
        raise RuntimeError("Only a stage waits.")
    runs.check()
    spot = run.spot(key)
    question = _question(spot, models, whose, what, ladder, starts)
    reached = _reach(spot, question)
    if isinstance(reached, Suspend) and _take_form(spot, models[0], reached.count - 1):
        reached = _reach(spot, question)
    if isinstance(reached, Answered):
        return cast("Typed", read(reached.fact.kind, reached.fact.payload))
    if isinstance(reached, Silent):
        return None
    told = f"Waiting for {what} ({whose})"
    _suspend(spot, _form(models[0], f"{told}, deal {spot.deal_id}."), reached.count, f"{told}.")
    raise AssertionError("unreachable: suspending ends the run")


def for_vendor(step: str, why: str) -> None:
    """Suspend until a vendor may be back: after a minute, then after growing pauses. No slot is held meanwhile."""
    run = runs.current()
    if run is None or run.deal_id is None:
        return
    here, spot = world(), run.spot(f"outage/{step}", counted=False)
    with here.db.writing() as session:
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
        with here.db.writing() as session:
            waiting.over(session, run.spot(f"outage/{step}", counted=False), now=here.now())


def _question(spot: Spot, models: Sequence[type[Answer]], whose: str, what: str, rungs: str, starts: datetime | None) -> Question:
    here = world()
    about = facts.subject(spot.deal_id, spot.round, inbox.NOUNS[models[0]])
    schedule = None
    if rungs:
        studio = here.company.studio
        schedule = ladder.open_ladder(here.company.ladders[rungs], here.now(), studio.zone, studio.holidays, studio.office, starts)
    return Question(
        kinds=[model.kind for model in models], subject=f"{about}/{spot.part}" if spot.part else about, whose=whose, what=what, ladder=rungs,
        rungs=[rung.model_dump(mode="json") for rung in schedule.rungs] if schedule else [],
        deadline=schedule.deadline if schedule else None,
    )  # fmt: skip


def _reach(spot: Spot, question: Question) -> waiting.Reached:
    here = world()
    with here.db.writing() as session:
        return waiting.reach(session, spot, question, now=here.now())


def _take_form(spot: Spot, model: type[Answer], count: int) -> bool:
    """Record what an operator typed into the form of the last suspension; False if there was none, or a rule refused it."""
    if count < 1:
        return False
    typed = _typed(spot, count)
    return typed is not None and _keep(spot, model, typed, f"{spot.flow_run_id}/{_pause_key(spot, count)}")


def _keep(spot: Spot, model: type[Answer], typed: dict[str, Any], key: str) -> bool:
    """Tell what was typed, once under its key; False if a rule refused it. Of a payment this run's own is meant."""
    here, who = world(), str(typed.pop("who", "")).strip()
    try:
        if spot.part and "part" in model.model_fields and not typed.get("part"):
            typed["part"] = spot.part
        answer = model.model_validate(typed)
        with here.db.writing() as session:
            session.get_one(Deal, spot.deal_id)
            inbox.tell(session, spot.deal_id, answer, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
    except (Refused, ValidationError) as error:
        get_run_logger().error("%s's answer was not taken: %s", who, error)
        return False
    return True


def _typed(spot: Spot, count: int) -> dict[str, Any] | None:
    key = keyset_from_base_key(f"suspended-{_pause_key(spot, count)}")["response"]
    try:
        return cast("dict[str, Any] | None", read_flow_run_input(key, flow_run_id=UUID(spot.flow_run_id)))
    except ObjectNotFound:
        return None


def _suspend(spot: Spot, form: type[BaseModel] | None, count: int, why: str) -> None:
    get_run_logger().info(why)
    try:
        suspend_flow_run(wait_for_input=form, key=_pause_key(spot, count))
    finally:
        world().nudge()


def _pause_key(spot: Spot, count: int) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in f"{spot.key}-{count}".lower())


@lru_cache(maxsize=64)
def _form(model: type[Answer], asked: str) -> type[BaseModel]:
    who = (str, Field(min_length=2, max_length=200, description="Your name or e-mail: the history says who did it."))
    form = create_model(f"{model.__name__}Form", __base__=model, who=who)
    return cast("type[RunInput]", run_input_subclass_from_type(form)).with_initial_data(description=asked)
