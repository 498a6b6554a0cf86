"""Makes this process die at points. Nothing of it is in the product: it listens to SQLAlchemy and stands around the steps.

A process that reaches a point writes it down and is killed as by `kill -9`, its children with it.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Collection
from functools import wraps
from pathlib import Path
from typing import Any

from prefect.context import FlowRunContext
from sqlalchemy import event
from sqlalchemy.orm import object_session
from sqlmodel import Session

from models.tables import Effect, StageRun
from tasks.step import Step
from tests.faults.points import BORN, NEW

MOVES = "moves"
KINDS: dict[str, Any] = {"effect": Effect, "run": StageRun}

Reach = Callable[[str], None]


AT = "@"
"""Parts whose death it was from the point at which they died, in a line of the note: `api@run/new>wanted/after`."""
ENGINE = f"engine{AT}"
"""How the name of a point begins at which Prefect's server was killed instead."""


def arm(deadly: Collection[str], note: Path, *, part: str, kills: Collection[str] = (), whom: Path = Path()) -> None:
    """Die at any of the `deadly` points, and write into `note` which `part` did.

    At each of `kills`, once, kill the process group that `whom` names instead.
    """
    left = set(kills)

    def reach(point: str) -> None:
        if point in left:
            left.discard(point)
            write(note, ENGINE + point)
            with contextlib.suppress(ProcessLookupError):  # it is dead already, from the point before
                os.killpg(int(whom.read_text()), signal.SIGKILL)
        if point in deadly:
            write(note, f"{part}{AT}{point}")
            os.killpg(os.getpgrp(), signal.SIGKILL)

    _listen(reach)
    _stand_around_steps(reach)


def write(note: Path, point: str) -> None:
    """A line that is on the disk when this returns: several processes write into one file."""
    line = os.open(note, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    os.write(line, f"{point}\n".encode())
    os.fsync(line)
    os.close(line)


def _listen(reach: Reach) -> None:
    for kind, table in KINDS.items():
        event.listen(table.state, "set", _noting(kind), active_history=True)
    event.listen(Session, "pending_to_persistent", _born)
    event.listen(Session, "before_commit", lambda session: _tell(session, "before", reach))
    event.listen(Session, "after_commit", lambda session: _tell(session, "after", reach))
    event.listen(Session, "after_rollback", lambda session: session.info.pop(MOVES, None))


def _noting(kind: str) -> Callable[..., None]:
    def moved(row: Any, to: str, was: Any, _initiator: object) -> None:
        session = object_session(row)
        if session is not None and isinstance(was, str):
            session.info.setdefault(MOVES, []).append(f"{kind}/{was}>{to}")

    return moved


def _born(session: Session, row: object) -> None:
    for kind, table in KINDS.items():
        if isinstance(row, table):
            session.info.setdefault(MOVES, []).append(f"{kind}/{NEW}>{BORN[kind]}")


def _tell(session: Session, side: str, reach: Reach) -> None:
    if session.get_nested_transaction() is not None:
        return
    if side == "before":
        session.flush()  # what is new is known by then
    moves = session.info.get(MOVES, []) if side == "before" else session.info.pop(MOVES, [])
    for move in moves:
        reach(f"{move}/{side}")


def _stand_around_steps(reach: Reach) -> None:
    call = Step.__call__

    def carried(self: Step, *args: Any, **kwargs: Any) -> Any:
        result = call(self, *args, **kwargs)
        _say(reach, self.name, "kept")
        return result

    Step.__call__ = carried  # ty: ignore[invalid-assignment]
    for one in _steps():
        one.task.fn = _working(one, reach)


def _working(one: Step, reach: Reach) -> Callable[..., Any]:
    @wraps(one.fn)
    def work(*args: Any, **kwargs: Any) -> Any:
        result = one.fn(*args, **kwargs)
        _say(reach, one.name, "worked")
        return result

    return work


def _say(reach: Reach, name: str, side: str) -> None:
    context = FlowRunContext.get()
    if context is not None and context.flow is not None:
        reach(f"step/{context.flow.name}/{name}/{side}")


def _steps() -> set[Step]:
    there = [module for name, module in sys.modules.items() if name.startswith("tasks.")]
    return {one for module in there for one in vars(module).values() if isinstance(one, Step)}
