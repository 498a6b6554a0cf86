"""The run we are in: which row it carries out, and whether it still may. Longer than 200: from the row's beginning to its end."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from prefect.context import FlowRunContext
from prefect.exceptions import Abort, Pause
from prefect.logging import get_run_logger
from sqlmodel import Session

from models import attempts, logs, waiting, wanted
from models.answers import Application
from models.errors import Missing, Refused, Unavailable
from models.stages import LIVE, RunState, Stage
from models.tables import Deal, Fact, StageRun
from models.waiting import Spot
from tasks import admission
from tasks.engine import NO_ANSWER, engine, passes
from tasks.world import world


@dataclass
class Run:
    """One execution of a stage. `calls` counts the waits by name, so that a replay meets the same rows."""

    row_id: int
    stage: str
    deal_id: int | None
    round: int
    flow_run_id: str
    began: datetime
    part: int = 0
    calls: Counter[str] = field(default_factory=Counter)

    def spot(self, name: str, *, counted: bool = True) -> Spot:
        """Where the next wait of this name stands."""
        if self.deal_id is None:
            raise RuntimeError("A stage waits only once it has a deal.")
        self.calls[name] += counted
        key = f"{name}#{self.calls[name]}" if counted else name
        return Spot(deal_id=self.deal_id, stage=self.stage, round=self.round, part=self.part, key=key, flow_run_id=self.flow_run_id)


PAUSES = (1, 2, 4, 8, 15, 30, 30, 30, 60, 60, 60)
T = TypeVar("T")
log = logging.getLogger("studioflow.runs")
_current: ContextVar[Run | None] = ContextVar("run", default=None)


def current() -> Run | None:
    """The run we are in; None outside of a stage, as in a step's test."""
    return _current.get()


def patiently(act: Callable[[], T], pauses: Sequence[float] = PAUSES) -> T:
    """Do it, and again while our database (or Prefect) is away: for five minutes, then the error is the run's.

    For what no step does: steps are patient by themselves, and a vendor's absence suspends the stage.
    """
    for pause in pauses:
        try:
            return act()
        except (Unavailable, *NO_ANSWER) as away:
            if not passes(away):
                raise
            log.warning("%s: %s The next try is in %g s.", type(away).__name__, away, pause)
            time.sleep(pause)
    return act()


@contextmanager
def entered(stage: Stage, *, deal_id: int | None = None, application_id: int | None = None, part: int = 0) -> Generator[Run]:
    """Carry out the row of the Prefect run we are in; leave it waiting, failed or done.

    A run that has lost its row ends as Superseded, quietly. Raises Refused when an operator starts what makes no sense.
    """
    run = patiently(lambda: _begin(stage, deal_id, application_id, part))
    token = _current.set(run)
    left = RunState.DONE, ""
    try:
        with logs.about(deal=run.deal_id, stage=run.stage, run=run.flow_run_id):
            yield run
    except Pause:
        left = RunState.WAITING, ""
        raise
    except Abort:
        left = None
        raise
    except Exception as error:
        left = RunState.FAILED, f"{type(error).__name__}: {error}"
        raise
    except BaseException as error:
        left = RunState.FAILED, f"stopped: {type(error).__name__}"
        raise
    finally:
        _current.reset(token)
        patiently(lambda: _leave(run, left))
        world().nudge()


def check() -> None:
    """Stop this run quietly if another generation has taken its row over, or nobody wants it any more.

    An execution whose own run was begun anew (it was handed out twice) stops as well, and leaves the run to the one that goes on.
    Raises BadSetup where its process has other settings than the worker.
    """
    admission.expect_agreement()
    run = current()
    if run is None:
        return
    with world().db.reading() as session:
        row = session.get_one(StageRun, run.row_id)
    if row.state == RunState.CANCELLED:  # Prefect shows it already
        get_run_logger().info("This run was cancelled (%s); it stops here.", row.why)
        raise Abort("cancelled")
    if wanted.owns(row, run.flow_run_id, run.began) or row.state == RunState.DONE:
        return
    if row.flow_run_id == run.flow_run_id and row.state in LIVE:
        get_run_logger().info("This run was begun anew; the execution from before stops here.")
        raise Abort("begun anew")
    stop(run.flow_run_id)


def keep(session: Session) -> None:
    """Keep the row of this run for what is written next. Raises Refused where the run has lost it by now; a step then ends as `check` says."""
    run = current()
    if run:
        wanted.keep(session, run.row_id, run.flow_run_id, run.began)


@contextmanager
def writing(deal_id: int) -> Generator[Session]:
    """A transaction under the deal's lock, in which this run writes outside of a step; the run stops where it has lost its row by then."""
    try:
        with world().db.writing() as session:
            waiting.lock(session, deal_id)
            keep(session)
            yield session
    except Refused:
        check()
        raise


def belongs_to(deal_id: int) -> None:
    """Write on the row of this run which deal it is about, once an application has one. For a deal that was closed it stops."""
    run = current()
    if run is None:
        return
    run.deal_id = deal_id
    logs.note(deal=deal_id)
    here = world()
    with here.db.writing() as session:
        wanted.belongs_to(session, run.row_id, waiting.lock(session, deal_id), now=here.now())
    check()


def stop(flow_run_id: str) -> None:
    """End this run without a word: another one does its work, or nobody wants it. One that was handed out again after its end has ended."""
    with world().db.reading() as session:
        row = wanted.of_run(session, flow_run_id)
    is_done = row is not None and row.state == RunState.DONE
    get_run_logger().info("This run is done already; it stops here." if is_done else "This run is not wanted any more; it stops here.")
    with engine() as prefect:
        if is_done:
            prefect.bury(flow_run_id, crashed=False, why="It was handed out once more after its end.")
        else:
            prefect.cancel(flow_run_id, name="Superseded", why="Another run carries this stage on, or nobody wants it any more.")
    raise Abort("superseded")


def _begin(stage: Stage, deal_id: int | None, application_id: int | None, part: int) -> Run:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise RuntimeError("A stage is a Prefect flow run.")
    here, flow_run_id, key = world(), str(context.flow_run.id), context.flow_run.idempotency_key or ""
    key = key if is_key(key) else ""  # whoever starts a run by Prefect's API, or by a schedule, may give it one of their own
    refused = attempts.written_down(here.db, deal_id or 0, f"start {stage}", "operator", here.now())
    with refused, here.db.writing() as session:
        row = wanted.begin(session, key, flow_run_id, here.worker, now=here.now())
        is_ours = row is not None
        if row is None and wanted.of_run(session, flow_run_id) is None and not key:
            if deal_id is not None:
                row = wanted.adopt(session, stage, deal_id, flow_run_id, here.worker, now=here.now(), part=part)
            elif application_id is not None:
                fact = session.get(Fact, application_id)
                if fact is None or fact.kind != Application.kind:
                    raise Missing(f"There is no application {application_id}.")
                wanted.want(session, stage, application=fact, now=here.now())
            is_ours = row is not None
        if row is not None:
            whose = deal_id or row.deal_id
            return Run(
                row_id=row.id or 0, stage=stage, deal_id=whose, round=row.round, part=row.part, flow_run_id=flow_run_id, began=row.touched_at
            )  # fmt: skip
    if not is_ours:
        stop(flow_run_id)
    raise AssertionError("unreachable")


def is_key(key: str) -> bool:
    """Whether an idempotency key is a row's: its run was made by us, with name and tags."""
    return key.startswith(("deal-", "application-"))


def _leave(run: Run, left: tuple[RunState, str] | None) -> None:
    here = world()
    with here.db.writing() as session:
        row = wanted.now_is(session, run.row_id)
        was_resumed = row.state == RunState.RUNNING and row.touched_at != run.began
        if row.flow_run_id != run.flow_run_id or was_resumed:
            return
        row.owner = ""
        session.add(row)
        if left and row.state == RunState.RUNNING:
            wanted.mark(session, row, left[0], now=here.now(), why=left[1][:2000])


def round_of(deal_id: int) -> int:
    """The round that a deal is in; a run keeps the round it began in."""
    run = current()
    if run is not None:
        return run.round
    with world().db.reading() as session:
        return session.get_one(Deal, deal_id).round
