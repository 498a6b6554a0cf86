"""A stage played from its first line to its end without an engine: it can be made to fail at each step, and is run again as Retry does.

What belongs to Prefect is left out: a step is its function, a suspension ends the run, and nothing that a step returned is remembered, so
that a run which is tried again says everything anew. A player that `remembers` keeps what each step returned, as Prefect does for a run:
until the row is another run's.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import FunctionType, SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect import Flow, Task
from prefect.artifacts import Artifact
from prefect.exceptions import ObjectNotFound, Pause
from prefect.logging import disable_run_logger
from sqlmodel import Session, col, select

from models import waiting, wanted
from models.cash_tables import Invoice
from models.stages import RunState
from models.tables import Deal, Document, Effect, Fact, Move, StageRun, Wait
from tasks import diary, engine, forms, looks, runs, waits
from tasks.step import Step
from tasks.world import World
from tests.fakes import ManualClock
from tests.tasks.stages import carried

Say = Callable[[Session, Deal, ManualClock], object]
"""What happens while a stage waits: something is told, or time goes by."""


class Stumble(Exception):
    """A step fails, as code with a mistake in it does."""


@dataclass
class Player:
    """Runs a stage. `stumbles`: each step fails before it has done anything, and each call of it once more after it has done everything.

    `typed` is what operators typed into forms, by run and key; `deaf` counts how often Prefect cannot be asked for it. `memory` is what
    steps returned to whom, where it `remembers`.
    """

    here: World
    clock: ManualClock
    stumbles: bool = False
    called: set[str] = field(default_factory=set)
    failures: set[str] = field(default_factory=set)
    diary: list[str] = field(default_factory=list)
    typed: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    deaf: int = 0
    remembers: bool = False
    memory: dict[tuple[str, str], Any] = field(default_factory=dict)

    def types(self, **typed: Any) -> None:
        """Fill in the form of the one suspended run, as Resume does."""
        with self.here.db.reading() as session:
            [wait] = [wait for wait in session.exec(select(Wait)) if wait.closed_at is None and wait.kinds]
        spot = waiting.Spot(wait.deal_id, wait.stage, wait.round, wait.key, wait.flow_run_id, wait.part)
        self.typed[wait.flow_run_id, f"suspended-{forms.pause_key(spot, wait.suspensions)}-response"] = typed

    def read(self, key: str, flow_run_id: UUID) -> dict[str, Any]:
        """What was typed into a form, as Prefect keeps it."""
        if self.deaf:
            self.deaf -= 1
            raise Stumble
        if (str(flow_run_id), key) not in self.typed:
            raise ObjectNotFound(Exception("nothing was typed"))
        return dict(self.typed[str(flow_run_id), key])

    def play(self, flow: Flow, row_id: int, script: list[Say]) -> None:
        """Run a stage to its end, again after each failure; each suspension is answered by the next line of `script`."""
        lines = list(script)
        for _ in range(1000):
            row = self.taken(row_id)
            if row.state == RunState.DONE:
                assert lines == [], f"The stage ended with {len(lines)} lines left to say."
                return
            if self.runs(flow, row) == "waits":
                assert lines, f"The stage waits, and nobody says anything: {self._asked()}"
                self._say(row, lines.pop(0))
        raise AssertionError("The stage comes to no end.")

    def runs(self, flow: Flow, row: StageRun) -> str:
        """One run of a stage, from its first line: "done", "waits" or "failed"."""
        token = runs._current.set(carried(row))
        try:
            inspect.unwrap(flow.fn)(**self._parameters(row))
        except Stumble:
            return "failed"
        except Pause:
            return "waits"
        finally:
            runs._current.reset(token)
        with self.here.db.writing() as session:
            session.get_one(StageRun, row.id).state = RunState.DONE.value
        return "done"

    def step(self, task: Task, args: tuple, kwargs: dict[str, Any]) -> Any:
        """One call of a step."""
        name = f"{task.fn.__module__}.{task.fn.__name__}"
        call, run = f"{name} {args} {kwargs}", runs.current()
        whose = run.flow_run_id if run else "", call
        if self.remembers and whose in self.memory:
            return self.memory[whose]
        if self.stumbles and name not in self.failures:
            self.failures.add(name)
            raise Stumble
        result = task.fn(*args, **kwargs)
        self.called.add(name)
        if self.stumbles and call not in self.failures:
            self.failures.add(call)
            raise Stumble
        self.memory[whose] = result
        return result

    def taken(self, row_id: int) -> StageRun:
        with self.here.db.writing() as session:
            row = session.get_one(StageRun, row_id)
            if row.state != RunState.DONE:
                row.state, row.flow_run_id, row.owner = RunState.RUNNING.value, row.flow_run_id or str(uuid4()), self.here.worker
            return row

    def _say(self, row: StageRun, line: Say) -> None:
        with self.here.db.writing() as session:
            deal_id = session.get_one(StageRun, row.id).deal_id
            line(session, session.get_one(Deal, deal_id), self.clock)

    def _parameters(self, row: StageRun) -> dict[str, int]:
        if row.application_id:
            return {"application_id": row.application_id}
        return {"deal_id": row.deal_id or 0} | ({"part": row.part} if row.part else {})

    def _asked(self) -> list[str]:
        with self.here.db.reading() as session:
            return [f"{wait.stage} {wait.key} {wait.what} until {wait.deadline}" for wait in session.exec(select(Wait)) if wait.closed_at is None]


@contextmanager
def without_engine(player: Player, monkeypatch: pytest.MonkeyPatch) -> Iterator[Player]:
    """Prefect's part is played: tasks are their functions, a suspension is the end of the run, artifacts and labels are taken."""

    def suspend(**_: object) -> None:
        raise Pause

    @contextmanager
    def client(**_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(update_flow_run=lambda *_args, **_values: None)

    with monkeypatch.context() as patch, disable_run_logger():
        patch.setattr(Task, "__call__", lambda task, *args, **kwargs: player.step(task, args, kwargs))
        patch.setattr(Artifact, "create", lambda *_args, **_values: SimpleNamespace(id=uuid4()))
        patch.setattr(waits, "suspend_flow_run", suspend)
        patch.setattr(looks, "suspend_flow_run", suspend)
        patch.setattr(forms, "read_flow_run_input", player.read)
        patch.setattr(engine, "get_client", client)
        patch.setattr(diary, "get_run_logger", lambda: SimpleNamespace(info=lambda line, *words: player.diary.append(line % words)))
        yield player


def steps_of(flow: Flow) -> set[str]:
    """Every step that a stage's flow may call, read from its code and from the functions of flows that it calls."""
    return _steps(inspect.unwrap(flow.fn), set())


def _steps(function: FunctionType, seen: set[FunctionType]) -> set[str]:
    seen.add(function)
    found: set[str] = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        thing = _meant(node, function.__globals__)
        if isinstance(thing, Step):
            found.add(f"{thing.fn.__module__}.{thing.name}")
        elif isinstance(thing, FunctionType) and thing.__module__.startswith("flows.") and thing not in seen:
            found |= _steps(thing, seen)
    return found


def _meant(node: ast.AST, names: dict[str, Any]) -> object:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return getattr(names.get(node.value.id), node.attr, None)
    return None


def ending(here: World) -> dict[str, list]:
    """Everything that a studio would find afterwards, in an order of its own: what two ways to the same end must agree on."""
    with here.db.reading() as session:
        return {
            "effects": sorted((one.key, one.kind, one.what, one.state) for one in session.exec(select(Effect))),
            "letters": sorted(here.mail.letters()),
            "facts": [(one.kind, one.subject, one.actor, _told(one.payload)) for one in session.exec(select(Fact).order_by(col(Fact.id)))],
            "moves": [(one.track, one.was, one.to, one.why) for one in session.exec(select(Move).order_by(col(Move.id)))],
            "runs": sorted((one.key, one.state) for one in session.exec(select(StageRun))),
            "waits": sorted((one.stage, one.key, one.outcome, one.whose, one.what) for one in session.exec(select(Wait))),
            "documents": [(one.kind, one.version, one.state) for one in session.exec(select(Document).order_by(col(Document.id)))],
            "invoices": [(one.key, one.number, one.gross) for one in session.exec(select(Invoice).order_by(col(Invoice.id)))],
            "deals": [(one.sales, one.work, one.money, one.round) for one in session.exec(select(Deal).order_by(col(Deal.id)))],
        }


def _told(payload: dict[str, Any]) -> dict[str, Any]:
    """A fact without what differs between two studios: each has addresses of its own, and what is hashed holds them."""
    return {name: said for name, said in payload.items() if name != "email" and not name.endswith("hash")}


def silence(session: Session, deal: Deal, clock: ManualClock) -> None:
    """Nobody says anything until the first ladder ends."""
    ends = [wait.deadline for wait in waiting.open_waits(session, deal.id or 0) if wait.deadline]
    clock.at = min(ends) + timedelta(minutes=1)


def another_run(session: Session, deal: Deal, _: ManualClock) -> None:
    """The run dies, and the next one begins at the first line without its memory."""
    for row in wanted.live_of(session, deal.id or 0):
        row.flow_run_id = str(uuid4())
        session.add(row)


def until(moment: datetime) -> Say:
    """Time goes by."""
    return lambda _session, _deal, clock: setattr(clock, "at", moment)
