"""Looking again: a stage that waits for a moment which may move, and decides anew each time it wakes.

    due = looks.look(decide)      suspended for as long as `decide` names a moment
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TypeVar

from prefect.flow_runs import suspend_flow_run
from sqlmodel import Session

from models import looks, waiting
from models.waiting import Question
from tasks import diary, forms, runs
from tasks.world import world


class Decided(Protocol):
    """What a look comes to: a moment to look again, or something to do; `why` is a sentence for operators."""

    @property
    def until(self) -> datetime | None:
        """When to look again; None when there is something to do, or nothing ever."""

    @property
    def why(self) -> str:
        """Why."""


Found = TypeVar("Found", bound=Decided)


def look(decide: Callable[[Session], Found], *, what: str) -> Found:
    """What `decide` comes to now. While it names a moment the run is suspended, holds nothing, and looks again then or when it is woken.

    It is asked under the deal's lock: what is told meanwhile is seen, or ends the pause. A plain look, never a cached step: a replay sees
    what is so now.
    """
    run = runs.current()
    if run is None:
        raise RuntimeError("Only a stage looks again.")
    runs.check()
    here, spot = world(), run.spot(looks.KEY, counted=False)
    with runs.writing(spot.deal_id) as session:
        found = decide(session)
        if found.until is None:
            waiting.over(session, spot, now=here.now())
            return _said(found)
        question = Question(kinds=[], subject="", whose="time", what=what, deadline=found.until)
        count = waiting.again(session, spot, question, now=here.now()).count
    _said(found)
    try:
        suspend_flow_run(key=forms.pause_key(spot, count))
    finally:
        here.nudge()
    raise AssertionError("unreachable: suspending ends the run")


def _said(found: Found) -> Found:
    diary.write(f"Waiting{diary.until(found.until)}: {found.why}" if found.until else found.why)
    return found
