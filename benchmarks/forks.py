"""A worker for the bench only: the warm one, but that each run has a fork of a process that has everything imported and does nothing else.

`python -m benchmarks.forks POOL PORT`, on Linux. How runs are fetched, proposed and let go, how many there are at once, the poll: all that is
the warm worker's own code. It is nudged on the UDP port.
"""

import asyncio
import gc
import importlib
import multiprocessing
import os
import socket
import sys
from typing import Any

import anyio
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.results import get_default_result_storage

from benchmarks import plain_flow  # noqa: F401 (imported before the forks, it is shared)
from deployments.pools import PLAIN_TEMPLATE
from deployments.warm import WarmWorker, flow_of, without_pulse
from deployments.worker import Bell, keep_in_touch
from models import logs
from models.settings import Settings, read
from tasks.world import build, use

LARGEST = 1 << 20
LATER = ("anyio._backends._asyncio", "prefect.concurrency.services", "prefect.task_engine", "prefect.utilities.visualization", "rich._emoji_codes")
"""What a run would import otherwise, each in its own process."""


class ForkingWorker(WarmWorker):
    """The warm worker; a thread of it gives its run to the nest, and waits until the process that was hatched there has ended."""

    type = "studioflow-forked"

    def __init__(self, nest: socket.socket, threads: int, **kwargs: Any) -> None:
        super().__init__({}, threads, base_job_template=PLAIN_TEMPLATE, **kwargs)
        self._nest = nest

    def _execute(self, flow_run: FlowRun) -> None:
        end, held = os.pipe()
        try:
            socket.send_fds(self._nest, [flow_run.model_dump_json().encode()], [held])
            os.close(held)
            os.read(end, 1)  # nobody writes: it is the end of whoever holds the other side
        finally:
            os.close(end)


def hatch_runs(orders: socket.socket) -> None:
    """Fork for each run that is ordered, until the orders end. Nothing runs in a thread here."""
    forks = multiprocessing.get_context("fork")
    while True:
        order, handles, *_ = socket.recv_fds(orders, LARGEST, 1)
        if not order:
            return
        forks.Process(target=_live, args=(order,)).start()
        os.close(handles[0])


def _live(order: bytes) -> None:
    """One run, as a thread of the warm worker carries it out. What is left to tell Prefect is told before the process ends."""
    flow_run = FlowRun.model_validate_json(order)
    with get_client(sync_client=True) as client:
        flow = flow_of(client.read_deployment(str(flow_run.deployment_id)))
    try:
        run_flow(flow, flow_run=flow_run, return_type="state")
    except (Abort, Pause):
        return


def prepare() -> None:
    """Import and ask what a warm process does once: certificates, and where Prefect keeps results. Leaves no thread behind."""
    for name in LATER:
        importlib.import_module(name)
    with get_client(sync_client=True) as client:
        client.api_healthcheck()
    get_default_result_storage()


async def serve(worker: ForkingWorker, settings: Settings, bell: Bell, port: int) -> None:
    """Fetch runs when nudged, and as often as the warm worker does."""
    await asyncio.get_running_loop().create_datagram_endpoint(lambda: bell, local_addr=("127.0.0.1", port))
    async with worker, anyio.create_task_group() as group:
        group.start_soon(keep_in_touch, worker, bell)
        while True:
            if bell.due:
                bell.due = False
                await worker.get_and_submit_flow_runs()
            await bell.wait(min(settings.worker_poll, settings.waker_seconds))


def main(pool: str, port: int) -> None:
    """Fork the nest while there is neither a thread nor an open database, then work until killed."""
    settings, bell = read(), Bell()
    logs.install(settings.log)
    orders, nest = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    worker = ForkingWorker(orders, settings.worker_threads, free=bell.fetch, work_pool_name=pool, name=pool)
    prepare()
    gc.collect()
    gc.freeze()  # what is imported stays in pages that all share
    if not os.fork():
        orders.close()
        with without_pulse():
            hatch_runs(nest)
        os._exit(0)
    nest.close()
    use(build(settings))
    asyncio.run(serve(worker, settings, bell, port))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
