"""`@step`: how every task is declared. Results are kept as JSON under (flow run, task, arguments), never by source."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from prefect import Task, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger
from prefect.utilities.hashing import hash_objects

from models import logs
from models.errors import Refused, Unavailable
from tasks import runs, waits

P = ParamSpec("P")
R = TypeVar("R")

QUICK_RETRIES = (1, 4)


class Step(Generic[P, R]):
    """A task of ours. Called in a stage it checks that the run still may act; while a vendor is away the stage is suspended."""

    def __init__(self, function: Callable[P, R]) -> None:
        update_wrapper(self, function)
        self.fn = function
        self.name = getattr(function, "__name__", "step")
        declare: Any = task
        self.task: Task[P, R] = declare(
            function, name=self.name.replace("_", " "), retries=len(QUICK_RETRIES), retry_delay_seconds=list(QUICK_RETRIES),
            retry_condition_fn=_is_worth_retrying, persist_result=True, result_serializer="json", cache_key_fn=_run_task_and_arguments,
        )  # fmt: skip

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the step, once per run and arguments."""
        runs.check()
        name = self.name
        try:
            with logs.about(step=name):
                result = self.task(*args, **kwargs)
        except Unavailable as away:
            get_run_logger().warning("%s It is tried again by itself.", away)
            waits.for_vendor(name, str(away))
            raise
        except Refused:
            runs.check()  # where the run was taken from it while the step worked, it ends quietly and does not fail
            raise
        waits.vendor_is_back(name)
        return result


def step(function: Callable[P, R]) -> Step[P, R]:
    """Declare a step."""
    return Step(function)


def _run_task_and_arguments(context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    """The cache key: `INPUTS + RUN_ID` would let two tasks with equal arguments share a result."""
    return hash_objects(str(context.task_run.flow_run_id), context.task.name, parameters, raise_on_failure=True)


def _is_worth_retrying(_task: Task, _run: TaskRun, state: State) -> bool:
    """Only a vendor's absence is worth a second try; a rule says the same again."""
    return isinstance(state.result(raise_on_failure=False), Unavailable)
