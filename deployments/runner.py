"""Prefect's own process worker on our pool: `python -m deployments.runner`, started where `STUDIO_WORKER=process` says so.

Each run has an interpreter of its own: dearer in seconds and memory, and isolated from the others. Waker, mailbox and deployments stay with
`deployments.worker`, which makes the pool.
"""

import os
import sys

from deployments.pools import POOL, wait_for_pool
from deployments.prefect_server import environment
from models.settings import ROOT, read


def main() -> None:
    """Wait for the pool, then become the stock worker. Runs find our modules wherever they start."""
    os.environ.update(environment(read()))
    wait_for_pool()
    os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = ["-m", "prefect", "worker", "start", "--type", "process", "--pool", POOL, "--name", f"process-{os.getpid()}"]
    os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 (that is the point: no shell)


if __name__ == "__main__":
    main()
