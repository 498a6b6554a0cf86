"""The work pool from which the flows are taken, and how its workers come to it.

Warm and process workers serve the same pool: a run keeps the pool that it was made in, and a deal that waits must go on whichever is started.
"""

import logging
import time
from datetime import timedelta

from models.errors import Unavailable

POOL = "studio-warm"
PLAIN_TEMPLATE = {
    "job_configuration": {"name": "{{ name }}"},
    "variables": {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}}},
}
"""A small one: Prefect's server validates it at each run, and an empty one is refused."""
log = logging.getLogger("studioflow.worker")


def wait_for_server(seconds: timedelta = timedelta(minutes=5)) -> None:
    """Return once the Prefect server answers. Raises Unavailable when it never does."""
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


def wait_for_pool(seconds: timedelta = timedelta(minutes=5)) -> None:
    """Return once the pool is there. Raises Unavailable when it never is."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    wait_for_server(seconds)
    until = time.monotonic() + seconds.total_seconds()
    with get_client(sync_client=True) as client:
        while time.monotonic() < until:
            try:
                client.read_work_pool(POOL)
            except ObjectNotFound:
                time.sleep(0.2)
            else:
                return
    raise Unavailable(f"The Prefect server has no work pool {POOL}.")
