"""The workers that the warm one is compared with, each with a pool of its own on the measured system's server."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

from benchmarks.house import House, python_path
from models.errors import StudioError

POLL = "PREFECT_WORKER_QUERY_SECONDS"
"""The measured system says it to its own worker; to another it is said, or Prefect's own counts."""


@contextmanager
def process_worker(house: House, pool: str, poll: str) -> Generator[int]:
    """Prefect's own process worker as its command line starts it, with its own polling unless `poll` says how many seconds; its process."""
    with _working(house, pool, ["prefect", "worker", "start", "--type", "process", "--pool", pool, "--name", pool], {POLL: poll}) as pid:
        yield pid


@contextmanager
def forked_worker(house: House, pool: str) -> Generator[tuple[int, int]]:
    """The worker of `benchmarks.forks`; its process, and the port on which it is nudged."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with _working(house, pool, ["benchmarks.forks", pool, str(port)], {}) as pid:
        yield pid, port


@contextmanager
def _working(house: House, pool: str, module: list[str], over: dict[str, str]) -> Generator[int]:
    env = python_path(house.env) | over
    env = {name: value for name, value in env.items() if value or name not in over}
    with (house.home / "logs" / f"{pool}.log").open("ab") as log:
        worker = subprocess.Popen([sys.executable, "-m", *module], cwd=house.home, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        house.until(lambda: _is_online(house, pool, worker), f"the worker of {pool} comes up")
        yield worker.pid
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        try:
            worker.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def _is_online(house: House, pool: str, worker: subprocess.Popen[bytes]) -> bool:
    if worker.poll() is not None:
        raise StudioError(f"The worker of {pool} does not start:\n{house.log(pool)}")
    known = house.prefect("POST", f"/work_pools/{pool}/workers/filter", {})
    return isinstance(known, list) and any(one["status"] == "ONLINE" for one in known)
