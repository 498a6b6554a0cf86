"""The worker's process: the waker, the mailbox, and the warm worker, each a loop; a nudge starts what there is to do at once.

`python -m deployments.worker`. With `STUDIO_WORKER=process` the flows run elsewhere, by Prefect's own process worker (`deployments.runner`);
with `stock` in work pools for which `prefect deploy` has said what is served.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
from anyio import to_thread

from deployments.prefect_server import environment
from models.settings import Settings, read

if __name__ == "__main__":  # Prefect reads its settings when it is imported
    os.environ.update(environment(read()))

from prefect import Flow

from deployments.guard import admit_or_leave, make_runs_anew
from deployments.pools import POOL, wait_for_server
from deployments.serve import deploy
from deployments.warm import WarmWorker, without_pulse
from models import logs
from models.db import alone
from models.errors import StudioError, Unavailable
from models.nudges import RUNS, TOUCHED, listen, offer, touched_in
from tasks import boards, heartbeat, mails
from tasks.waker import STUCK, Round, tick
from tasks.world import build, use, world

SYNC = 30.0
DRAIN, LEFT = 600.0, 1.0
"""Seconds that a worker which has grown too large leaves the runs at hand (meanwhile nobody may be there to take new ones), and between looks."""
AT_ONCE = 0.02
RIPE_SOON = 1.0
log = logging.getLogger("studioflow.worker")


class Bell(asyncio.DatagramProtocol):
    """Rings when there is work for the waker (`nudged`) or a run to fetch from Prefect (`due`). Keeps which runs were touched there."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.nudged = self.due = True
        self.touched: set[str] = set()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        """Somebody on this machine nudges."""
        self.hear(data)

    def hear(self, data: bytes) -> None:
        """Somebody nudges, or offers runs."""
        if data == RUNS.encode():
            self.fetch()
            return
        if data.startswith(TOUCHED.encode()):
            self.due = True
            self.touched.update(filter(None, [touched_in(data)]))
        self.nudge()

    def nudge(self) -> None:
        """There may be work for the waker."""
        self.nudged = True
        self._rung.set()

    def fetch(self) -> None:
        """There may be a run to fetch."""
        self.due = True
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Return when it rings, or after so many seconds: then, too, a run may be due."""
        try:
            await asyncio.wait_for(self._rung.wait(), seconds)
        except TimeoutError:
            self.due = True
        self._rung.clear()


async def serve(settings: Settings, flows: dict[str, Flow]) -> None:
    """Work until told to stop: poll for runs, keep the lease, tick the waker when nudged and every minute besides."""
    bell, stopping = Bell(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopping.set)
    is_shared = settings.database.startswith("postgresql")
    if not is_shared:
        await loop.create_datagram_endpoint(lambda: bell, local_addr=("127.0.0.1", settings.nudges))
    name = world().worker.replace("/", "-")
    warm = WarmWorker(flows, settings.worker_threads, free=bell.fetch, work_pool_name=POOL, name=name) if settings.worker == "warm" else None
    async with warm or contextlib.nullcontext():
        async with anyio.create_task_group() as group:
            group.start_soon(_beat)
            if warm:
                group.start_soon(keep_in_touch, warm, bell)
                group.start_soon(relieve, warm, partial(is_too_large, settings.worker_memory_mb), stopping)
            group.start_soon(_work, settings, warm, bell)
            if is_shared:
                group.start_soon(listen, settings.database, bell.hear)
            group.start_soon(_every, boards.EVERY, partial(to_thread.run_sync, boards.Boards().refresh))
            if world().mailbox:
                group.start_soon(_read_mail, settings.mailbox_seconds)
            await stopping.wait()
            group.cancel_scope.cancel()
        log.info("The worker stops; runs under way are carried on by the next one.")
        os._exit(0)  # threads in the middle of a step cannot be stopped; what they leave is found by the lease


async def _work(settings: Settings, warm: WarmWorker | None, bell: Bell) -> None:
    loop = asyncio.get_running_loop()
    last = loop.time()
    while True:
        if warm and bell.due:  # what somebody has started in Prefect waits for no round of the waker
            bell.due = False
            await _fetch(warm)
        if bell.nudged or loop.time() - last >= settings.waker_seconds:
            bell.nudged, last = False, loop.time()
            told, bell.touched = bell.touched, set()
            done = await _tick(told)
            bell.due |= bool(done.created or done.woken or done.mended)
            if soon := look_again(done):
                loop.call_later(soon, bell.nudge)
            if warm and bell.due:
                continue
        await bell.wait(min(settings.worker_poll, settings.waker_seconds))


async def _fetch(warm: WarmWorker) -> None:
    try:
        await warm.get_and_submit_flow_runs()
    except Exception as error:  # noqa: BLE001 (the engine may be away for any reason; it is asked again)
        log.warning("The Prefect server does not answer: %s: %s", type(error).__name__, error)


async def _tick(told: set[str]) -> Round:
    """One round of the waker; one that failed is logged and tried again soon."""
    try:
        done = await to_thread.run_sync(partial(tick, told=told))
    except Unavailable as away:
        log.warning("%s", away)
        return Round(again=True)
    except Exception:
        log.exception("The waker's round failed; it is tried again.")
        return Round(again=True)
    if done.created or done.woken:
        await to_thread.run_sync(offer, world().db)
    for sentence in done.mended:
        log.warning("mended: %s", sentence)
    return done


def look_again(done: Round) -> float:
    """In how many seconds the waker is to look again after a round; 0: when it is nudged."""
    if done.more:
        return AT_ONCE
    if done.again:  # a run that leaves its thread nudges; this is for one that was not heard, and for an engine that is away
        return RIPE_SOON
    return STUCK.total_seconds() + 1 if done.unbegun or done.woken else 0


async def relieve(warm: WarmWorker, has_grown: Callable[[], bool], stopping: asyncio.Event, *, look: float = SYNC, drain: float = DRAIN) -> None:
    """Stop a worker that has grown too large: it takes no more runs, and stops once those at hand have left it, or after `drain` seconds.

    The supervisor starts it anew. The first look is after `look` seconds, so that it works for a while whatever it may hold.
    """
    await _until(has_grown, look)
    log.warning("The worker has grown too large: it takes no more runs, and starts anew once those at hand have left it.")
    warm.take_no_more()
    with anyio.move_on_after(drain):
        await _until(lambda: warm.is_empty, min(look, LEFT))
    stopping.set()


async def _until(has_come: Callable[[], bool], every: float) -> None:
    await asyncio.sleep(every)
    while not has_come():  # noqa: ASYNC110 (neither memory nor a thread tells when it changes)
        await asyncio.sleep(every)


def is_too_large(most: int, memory: Path = Path("/proc/self/smaps_rollup")) -> bool:
    """Whether this process holds more than `most` MB, of what it shares its share; never where that cannot be read."""
    lines = memory.read_text().splitlines() if memory.exists() else []
    return any(int(line.split()[1]) > most * 1000 for line in lines if line.startswith("Pss:"))


async def _beat() -> None:
    while True:
        await to_thread.run_sync(heartbeat.beat)
        await asyncio.sleep(heartbeat.EVERY)


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


async def keep_in_touch(warm: WarmWorker, bell: Bell, *, every: float = SYNC, soon: float = RIPE_SOON) -> None:
    """Tell Prefect `every` so many seconds that the worker is there; `soon` while it is not known, as when it came while Prefect was away."""
    while True:
        is_new = not warm.is_known
        await asyncio.sleep(soon if is_new else every)
        try:
            await warm.sync_with_backend()
        except Exception as error:  # noqa: BLE001 (as above)
            log.warning("The Prefect server does not answer: %s", error)
        else:
            if is_new:
                bell.fetch()


async def _every(seconds: float, act: Any) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await act()
        except Exception as error:  # noqa: BLE001 (as above)
            log.warning("The Prefect server does not answer: %s", error)


def main() -> None:
    """Build the world, deploy, work."""
    settings = read()
    logs.install(settings.log)
    here = use(build(settings))
    wait_for_server()
    with alone(here.db, "deploy"):  # two workers may come first to an empty place at once
        is_new = admit_or_leave()
        flows = deploy(zone=here.company.studio.zone) if settings.worker != "stock" else {}
    heartbeat.beat()
    if is_new and flows:
        make_runs_anew()
    with without_pulse():
        asyncio.run(serve(settings, flows))


if __name__ == "__main__":
    main()
