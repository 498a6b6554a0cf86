"""The warm worker: a Prefect worker whose flows run in threads of a process that has everything imported, and the waker beside it.

`python -m deployments.worker`. A run costs no new interpreter and three requests less; a nudge starts it at once. What is taken from
Prefect's private parts is in `_submit_run`, tested against the pinned version.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any
from uuid import UUID

import anyio
import anyio.abc
from anyio import CapacityLimiter, to_thread

from deployments.prefect_server import environment
from models.settings import Settings, read

if __name__ == "__main__":  # Prefect reads its settings when it is imported
    os.environ.update(environment(read()))

from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import load_flow, run_flow
from prefect.logging.loggers import flow_run_logger
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from deployments.guard import admit_or_leave, make_runs_anew
from deployments.serve import POOL, deploy
from models import leases
from models.errors import StudioError, Unavailable
from tasks import mails
from tasks.engine import Engine, engine
from tasks.waker import STUCK, tick
from tasks.world import WORKER_LEASE, build, real_now, use, world

HEARTBEAT = 5.0
SYNC = 30.0
RIPE_SOON = 0.25
LEAVING = 0.02
log = logging.getLogger("studioflow.worker")


class WarmWorker(BaseWorker[BaseJobConfiguration, BaseVariables, BaseWorkerResult]):
    """Runs flows in threads of this process."""

    type = "studioflow"
    job_configuration = BaseJobConfiguration
    _description = "Runs the studio's flows in one warm process."

    def __init__(self, flows: dict[str, Flow], threads: int, talk: Callable[[], AbstractContextManager[Engine]] = engine, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._flows = flows
        self._talk = talk
        self._threads = CapacityLimiter(threads)
        self._in_threads: set[UUID] = set()

    async def run(self, flow_run: FlowRun, configuration: BaseJobConfiguration, task_status: Any = None) -> BaseWorkerResult:  # noqa: ARG002
        """Run a flow in a thread and say when it has left it: ended, suspended or aborted."""
        if task_status:
            task_status.started(0)
        await to_thread.run_sync(self._carry, flow_run, limiter=self._threads)
        return BaseWorkerResult(identifier=str(flow_run.id), status_code=0)

    async def _submit_run(self, flow_run: FlowRun) -> None:
        """Take a run and start it: without the label, pid and deployment requests, which tell a thread nothing.

        A run that was woken while its last execution is still leaving its thread waits for that: Prefect notes a suspension by
        run and process, and the new execution would take the old one's for its own.
        """
        try:
            while flow_run.id in self._in_threads:  # noqa: ASYNC110 (a thread leaves it, which no event of this loop can tell)
                await asyncio.sleep(LEAVING)
            if await self._propose_pending_state(flow_run):
                self._in_threads.add(flow_run.id)
                self._group.start_soon(self.run, flow_run, None)
        finally:
            self._submitting_flow_run_ids.discard(flow_run.id)
            if self._cancelling_observer is not None:
                self._cancelling_observer.remove_in_flight_flow_run_id(flow_run.id)

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
            self._in_threads.discard(flow_run.id)

    def _execute(self, flow_run: FlowRun) -> None:
        try:
            flow = self._flows.get(str(flow_run.deployment_id)) or load_flow(flow_run)
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


class _Nudges(asyncio.DatagramProtocol):
    """Hears nudges."""

    def __init__(self, heard: asyncio.Event) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        self._heard.set()


async def serve(settings: Settings, flows: dict[str, Flow]) -> None:
    """Work until told to stop: poll for runs, keep the lease, tick the waker when nudged and every minute besides."""
    heard, stopping = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopping.set)
    await loop.create_datagram_endpoint(lambda: _Nudges(heard), local_addr=("127.0.0.1", settings.nudges))
    async with WarmWorker(flows, settings.worker_threads, work_pool_name=POOL, name=world().worker.replace("/", "-")) as worker:
        async with anyio.create_task_group() as group:
            group.start_soon(_beat)
            group.start_soon(_every, SYNC, worker.sync_with_backend)
            group.start_soon(_work, settings, worker, heard)
            if world().mailbox:
                group.start_soon(_read_mail, settings.mailbox_seconds)
            await stopping.wait()
            group.cancel_scope.cancel()
        log.info("The worker stops; runs under way are carried on by the next one.")
        os._exit(0)  # threads in the middle of a step cannot be stopped; what they leave is found by the lease


async def _work(settings: Settings, worker: WarmWorker, heard: asyncio.Event) -> None:
    heard.set()
    last = -settings.waker_seconds
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(heard.wait(), settings.worker_poll)
        now = asyncio.get_running_loop().time()
        if heard.is_set() or now - last >= settings.waker_seconds:
            heard.clear()
            last = now
            soon = await _tick()
            if soon:
                asyncio.get_running_loop().call_later(soon, heard.set)
        try:
            await worker.get_and_submit_flow_runs()
        except Exception as error:  # noqa: BLE001 (the engine may be away for any reason; it is asked again)
            log.warning("The Prefect server does not answer: %s: %s", type(error).__name__, error)


async def _tick() -> float:
    """One round of the waker; in how many seconds it is to look again (0: when it is nudged)."""
    try:
        done = await to_thread.run_sync(tick)
    except Unavailable as away:
        log.warning("%s", away)
        return 0
    except Exception:
        log.exception("The waker's round failed; it is tried again.")
        return 0
    for sentence in done.mended:
        log.warning("mended: %s", sentence)
    if done.again:
        return RIPE_SOON
    return STUCK.total_seconds() + 1 if done.created or done.woken else 0


async def _beat() -> None:
    while True:
        await to_thread.run_sync(beat)
        await asyncio.sleep(HEARTBEAT)


def beat() -> None:
    """Renew this worker's lease: who does not is taken for dead."""
    here = world()
    try:
        with here.db.writing() as session:
            leases.take(session, f"worker/{here.worker}", here.worker, length=WORKER_LEASE, now=real_now())
    except StudioError as error:
        log.warning("The worker's lease could not be renewed: %s", error)


async def _read_mail(seconds: float) -> None:
    """Look into the mailbox now and then. It may be away for any time: that is logged, and nothing else waits for it."""
    while True:
        try:
            await to_thread.run_sync(mails.take_mail)
        except StudioError as away:
            log.warning("Mail is not read: %s", away)
        except Exception:
            log.exception("Mail is not read; it is tried again.")
        await asyncio.sleep(seconds)


async def _every(seconds: float, act: Any) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await act()
        except Exception as error:  # noqa: BLE001 (as above)
            log.warning("The Prefect server does not answer: %s", error)


def wait_for_server(seconds: timedelta = timedelta(minutes=5)) -> None:
    """Return once the Prefect server answers. Raises Unavailable when it never does."""
    import time

    from prefect.client.orchestration import get_client

    until = time.monotonic() + seconds.total_seconds()
    while time.monotonic() < until:
        try:
            with get_client(sync_client=True) as client:
                if client.api_healthcheck() is None:
                    return
        except Exception as error:  # noqa: BLE001 (not there yet, for any reason)
            log.debug("not yet: %s", error)
        time.sleep(0.2)
    raise Unavailable("The Prefect server does not answer.")


def main() -> None:
    """Build the world, deploy, work."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = read()
    here = use(build(settings))
    wait_for_server()
    is_new = admit_or_leave()
    flows = deploy(zone=here.company.studio.zone)
    beat()
    if is_new:
        make_runs_anew()
    asyncio.run(serve(settings, flows))


if __name__ == "__main__":
    main()
