"""A flow of the shape of a stage, without anything of ours in it, so that any worker can run it."""

import time
from pathlib import Path
from typing import Any

from prefect import flow, suspend_flow_run, task
from prefect.context import TaskRunContext
from prefect.utilities.hashing import hash_objects

SUMS = 5
LOOK = 0.1


def _run_task_and_arguments(context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    return hash_objects(str(context.task_run.flow_run_id), context.task.name, parameters, raise_on_failure=True)


_options: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [1, 4],
    "persist_result": True,
    "result_serializer": "json",
    "cache_key_fn": _run_task_and_arguments,
}


def _note(name: str) -> None:
    """Keep the time now in a file, which is there only once it is whole."""
    fresh = Path(f"{name}.new")
    fresh.write_text(str(time.time()))
    fresh.rename(name)


@task(**_options)
def begin(mark: str) -> float:
    """Note the time of the first step; return it in seconds since 1970."""
    now = time.time()
    Path(f"{mark}.first").write_text(str(now))
    return now


@task(**_options)
def count(turn: int) -> dict[str, int]:
    """A sum, as small as most rules are."""
    return {"turn": turn, "total": sum(range(turn * 100))}


@task(**_options)
def hold(mark: str) -> str:
    """Be at work until somebody writes the file `go` beside `mark`."""
    while not Path(mark).with_name("go").exists():
        time.sleep(LOOK)
    return mark


@task(**_options)
def end(mark: str, total: int) -> int:
    """Note the time of the last step; return the total."""
    _note(f"{mark}.last")
    return total


@flow(persist_result=False)
def plain(mark: str) -> None:
    """Six steps; the first and the last leave their times in files beside `mark`."""
    begin(mark)
    total = sum(count(turn)["total"] for turn in range(1, SUMS))
    end(mark, total)


@flow(persist_result=False)
def asking(mark: str) -> None:
    """A step, a question that somebody answers by Resume, and the step after it."""
    begin(mark)
    suspend_flow_run(timeout=None, key="asked")
    end(mark, 0)


@flow(persist_result=False)
def holding(mark: str) -> None:
    """Three steps, of which the second lasts until somebody looked at the memory."""
    begin(mark)
    hold(mark)
    end(mark, 0)
