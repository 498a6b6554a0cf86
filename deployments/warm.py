"""The warm worker: its flows run in threads of a process that has everything imported. Longer than 200: all that it takes from Prefect.

A run costs no new interpreter and a third of its requests less. What is taken from Prefect's private parts is in `_get_scheduled_flow_runs`,
`_submit_run`, `is_known` and `_ask_once`, tested against the pinned version.
"""

import asyncio
import copy
import logging
import ssl
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import anyio.abc
from anyio import CapacityLimiter, to_thread
from prefect import Flow, results
from prefect.client import orchestration
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse, WorkerFlowRunResponse
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.flows import load_flow_from_entrypoint
from prefect.logging.loggers import flow_run_logger
from prefect.settings import temporary_settings
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from models.errors import Refused, Unavailable
from models.settings import ROOT
from models.stages import Stage
from tasks import runs, takeovers
from tasks.engine import Engine, engine

LEAVING = 0.02
log = logging.getLogger("studioflow.worker")


class WarmWorker(BaseWorker[BaseJobConfiguration, BaseVariables, BaseWorkerResult]):
    """Runs flows in threads of this process.

    It takes no more runs than it has threads, and calls `free` when one may be taken that was left: what it leaves stays scheduled in Prefect,
    where another worker may take it, and where it is not lost should this one die.
    """

    type = "studioflow"
    job_configuration = BaseJobConfiguration
    _description = "Runs the studio's flows in one warm process."

    def __init__(
        self,
        flows: dict[str, Flow],
        threads: int,
        talk: Callable[[], AbstractContextManager[Engine]] = engine,
        free: Callable[[], object] = lambda: None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _ask_once()
        self._flows = flows
        self._named = {deployment: _with_its_name(flow) for deployment, flow in flows.items()}
        self._talk = talk
        self._free = free
        self._threads = CapacityLimiter(threads)
        self._in_threads: set[UUID] = set()
        self._left = False
        self._is_full = False

    @property
    def is_known(self) -> bool:
        """Whether Prefect has told this worker of its pool; before that, Prefect's own code takes no run."""
        return self._has_successfully_synced

    def take_no_more(self) -> None:
        """From now on take no run; those at hand go on."""
        self._is_full = True

    async def run(self, flow_run: FlowRun, configuration: BaseJobConfiguration, task_status: Any = None) -> BaseWorkerResult:  # noqa: ARG002
        """Run a flow in a thread and say when it has left it: ended, suspended or aborted."""
        if task_status:
            task_status.started(0)
        await to_thread.run_sync(self._carry, flow_run, limiter=self._threads)
        if self._left:
            self._free()
        return BaseWorkerResult(identifier=str(flow_run.id), status_code=0)

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        """As many runs that are due as there are threads for them."""
        room = int(self._threads.total_tokens) - len(self._in_threads | self._submitting_flow_run_ids)
        self._left = room <= 0
        if self._left or self._is_full:
            return []
        before = datetime.now(UTC) + timedelta(seconds=self._prefetch_seconds)
        due, pool = {"scheduled_before": before.isoformat(), "limit": room}, {"name": self._work_pool_name}
        answer = await self.client.request("POST", "/work_pools/{name}/get_scheduled_flow_runs", path_params=pool, json=due)
        found = [] if self._is_full else WorkerFlowRunResponse.model_validate_list(answer.json())  # since Prefect was asked
        self._left = len(found) == room
        return found

    @property
    def is_empty(self) -> bool:
        """Whether no run is in a thread or on its way into one."""
        return not self._in_threads and not self._submitting_flow_run_ids

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """Take a run and start it: without the label, pid and deployment requests, which tell a thread nothing.

        A run that was woken while its last execution is still leaving its thread waits for that: Prefect notes a suspension by
        run and process, and the new execution would take the old one's for its own.
        """
        try:
            while flow_run.id in self._in_threads:  # noqa: ASYNC110 (a thread leaves it, which no event of this loop can tell)
                await asyncio.sleep(LEAVING)
            is_row_less = self._is_row_less(flow_run)
            if is_row_less:
                await to_thread.run_sync(_quietly, takeovers.hold, str(flow_run.id))
            if await self._propose_pending_state(flow_run):
                self._in_threads.add(flow_run.id)
                self._group.start_soon(self.run, flow_run, None)
            elif is_row_less:
                await to_thread.run_sync(_quietly, takeovers.let_go, str(flow_run.id))
        finally:
            self._submitting_flow_run_ids.discard(flow_run.id)
            if self._cancelling_observer is not None:
                self._cancelling_observer.remove_in_flight_flow_run_id(flow_run.id)

    def _is_row_less(self, flow_run: FlowRun) -> bool:
        """Whether no row of ours says who has this run in hands: it is an operation's or a chore's."""
        return str(flow_run.deployment_id) in self._flows and not self._is_stage(flow_run)

    def _is_stage(self, flow_run: FlowRun) -> bool:
        flow = self._flows.get(str(flow_run.deployment_id))
        return flow is not None and flow.name in set(Stage)

    @property
    def _group(self) -> anyio.abc.TaskGroup:
        if self._runs_task_group is None:
            raise RuntimeError("The worker has not been entered.")
        return self._runs_task_group

    def _carry(self, flow_run: FlowRun) -> None:
        """One execution, in a thread. Prefect keeps what became of it; what it could not keep is logged with the run."""
        try:
            self._execute(flow_run)
        finally:
            if not self._is_stage(flow_run):  # operations of elsewhere note themselves
                _quietly(takeovers.let_go, str(flow_run.id))
            self._in_threads.discard(flow_run.id)

    def _execute(self, flow_run: FlowRun) -> None:
        try:
            flows = self._named if runs.is_key(flow_run.idempotency_key or "") else self._flows
            flow = flows.get(str(flow_run.deployment_id)) or _brought(flow_run)
            run_flow(flow, flow_run=flow_run, return_type="state")
        except (Abort, Pause):
            return
        except BaseException as error:
            flow_run_logger(flow_run).exception("The run left its thread with an error.")
            log.exception("Run %s left its thread with an error.", flow_run.id)
            self._bury(flow_run, error)

    def _bury(self, flow_run: FlowRun, error: BaseException) -> None:
        """Show a run that never began (its parameters do not fit, say) as crashed; else it would stay Pending for ever."""
        try:
            with self._talk() as prefect:
                prefect.bury(str(flow_run.id), crashed=True, why=f"{type(error).__name__}: {error}"[:1000])
        except Unavailable as away:
            log.warning("Run %s could not be shown as crashed: %s", flow_run.id, away)


def _brought(flow_run: FlowRun) -> Flow:
    """The flow of a run whose deployment this worker did not make. Raises Refused where that may not be run here."""
    if flow_run.deployment_id is None:
        raise Refused("A run without a deployment has nothing that this worker could run.")
    with orchestration.get_client(sync_client=True) as client:
        return flow_of(client.read_deployment(flow_run.deployment_id))


def flow_of(made: DeploymentResponse) -> Flow:
    """The flow that a deployment names. Raises Refused for one that is not of this installation: whoever reaches Prefect may write it.

    It is a flow in a module of ours. A file could hold anything, functions of a file are run as flows, and pull steps are a shell.
    """
    module, dot, _ = (made.entrypoint or "").rpartition(".")
    is_module = bool(dot) and all(part.isidentifier() for part in module.split("."))
    if made.pull_steps or not is_module or not (ROOT / module.partition(".")[0] / "__init__.py").is_file():
        raise Refused(f"The deployment {made.name} is not one of this installation: its worker runs flows of its own modules, and fetches no code.")
    return load_flow_from_entrypoint(made.entrypoint or "", use_placeholder_flow=False)


def _with_its_name(flow: Flow) -> Flow:
    """The same flow for runs that got their name when they were made: Prefect's engine would write it once more at each execution."""
    named = copy.copy(flow)
    named.flow_run_name = None
    return named


@contextmanager
def without_pulse() -> Generator[None]:
    """Run flows in this block without Prefect's pulse of each run.

    Whether a worker lives is said by its lease. The pulse costs an event, and a thread for which a run waits up to a second at its end,
    so that an answer that comes at once waits as well. No variable switches it off.
    """
    with temporary_settings({"flows.heartbeat_frequency": None}):
        yield


def _quietly(act: Callable[[str], None], run_id: str) -> None:
    """Do it unless our database is away: then the run itself will say so."""
    try:
        act(run_id)
    except Unavailable as away:
        log.warning("Who has run %s in hands is not written down: %s", run_id, away)


def _ask_once() -> None:
    """Ask once in this process what Prefect's client asks at each run: where the server keeps results, and the machine's certificates."""
    asked: Any = results._read_server_default_result_storage_block_id  # noqa: SLF001 (it has no other door)
    if not hasattr(asked, "cache_info"):
        setattr(results, asked.__name__, cache(asked))
        once = {"create_default_context": cache(ssl.create_default_context)}
        vars(orchestration)["ssl"] = SimpleNamespace(**vars(ssl) | once)
