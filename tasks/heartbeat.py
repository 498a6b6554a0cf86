"""A worker's sign of life: it renews its lease, and who does not is taken for dead.

The worker's process beats by itself. Where a run has a process of its own (a stock worker's), that process beats for as long as it lives.
"""

import atexit
import logging
import os
import threading
import time
from contextlib import suppress
from weakref import WeakKeyDictionary

from models import leases, logs
from models.db import Database
from models.errors import StudioError
from tasks.world import OWN_PROCESS, WORKER_LEASE, World, real_now, world

EVERY = 5.0
log = logging.getLogger("studioflow.worker")
_missed: WeakKeyDictionary[Database, float] = WeakKeyDictionary()
"""When this process last could not renew its lease in a database, by its own clock."""


def beat() -> None:
    """Renew this process's lease. A database that is busy or away is tried again by the next beat."""
    here = world()
    try:
        with here.db.writing() as session:
            leases.take(session, f"worker/{here.worker}", here.worker, length=WORKER_LEASE, now=real_now())
    except StudioError as error:
        _missed[here.db] = time.monotonic()
        log.warning("The worker's lease could not be renewed: %s", error)


def was_missed() -> bool:
    """Whether the database was away within a lease's time. Then nobody could renew, and no lapsed lease says that a worker is dead."""
    missed = _missed.get(world().db)
    return missed is not None and time.monotonic() - missed < WORKER_LEASE.total_seconds()


def of_own_process() -> None:
    """From now on beat, if this process was started for one run, until it ends: only then has Prefect heard what became of the run.

    Nobody but the run has made this process ready, so our own lines, which Prefect leaves out, are written from here on too.
    """
    if OWN_PROCESS not in os.environ:
        return
    over, here = threading.Event(), world()
    logs.install(here.settings.log)
    beat()
    beating = threading.Thread(target=_keep, args=(over,), daemon=True)
    beating.start()
    atexit.register(_end, here, over, beating)


def _end(here: World, over: threading.Event, beating: threading.Thread) -> None:
    over.set()
    beating.join()  # a last beat would take the lease again
    with suppress(StudioError), here.db.writing() as session:  # else it lapses
        leases.give_back(session, f"worker/{here.worker}", here.worker)


def _keep(over: threading.Event) -> None:
    while not over.wait(EVERY):
        beat()
