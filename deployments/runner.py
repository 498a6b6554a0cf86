"""Prefect's own process worker on our pool: `python -m deployments.runner`, started where `STUDIO_WORKER=process` says so.

Each run has an interpreter of its own: dearer in seconds and memory, and isolated from the others. Waker, mailbox and deployments stay with
`deployments.worker`, which makes the pool.
"""

import asyncio
import contextlib
import logging
import os

from deployments.pools import POOL, wait_for_pool
from deployments.prefect_server import environment
from models import logs
from models.settings import ROOT, read

if __name__ == "__main__":  # Prefect reads its settings when it is imported
    os.environ.update(environment(read()))

from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.utilities.processutils import setup_signal_handlers_worker
from prefect.workers.process import ProcessWorker

log = logging.getLogger("studioflow.runner")


class LimitedWorker(ProcessWorker):
    """Prefect's process worker with a limit of runs at once.

    A run that waits and is woken again at once may come back before its first process is quite gone; upstream's worker with a limit ends
    there with an error. It is taken by the next look, tested against the pinned version.
    """

    type = "studioflow-process"

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        """The runs that are due, but for those that have a process still."""
        found = await super()._get_scheduled_flow_runs()
        held = self.limiter.statistics().borrowers
        return [one for one in found if one.flow_run.id not in held]


async def serve(limit: int) -> None:
    """Give each run a process, `limit` at once, until told to stop; then wait for those that are at work."""
    worker = LimitedWorker(name=f"process-{os.getpid()}", work_pool_name=POOL, limit=limit, create_pool_if_not_found=False)
    setup_signal_handlers_worker(os.getpid(), "the process worker", log.info)
    with contextlib.suppress(asyncio.CancelledError):
        await worker.start(printer=log.info)


def main() -> None:
    """Wait for the pool, then work. Runs find our modules wherever they start."""
    settings = read()
    logs.install(settings.log)
    wait_for_pool()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    asyncio.run(serve(settings.worker_threads))


if __name__ == "__main__":
    main()
