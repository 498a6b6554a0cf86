"""Operations and chores whose worker died: the same run is begun again. What it has told under its own id already is told once.

A lease `operation/<flow run>` says who has it in hands, from the moment at which the warm worker takes it; the waker looks at those whose owner
is dead.
"""

import atexit
import os
from contextlib import suppress

from prefect.client.schemas.objects import StateType
from prefect.runtime import flow_run

from models import leases
from models.errors import StudioError
from models.tables import Lease
from tasks import failures, heartbeat, runs
from tasks.engine import Engine
from tasks.mending import Round
from tasks.world import OWN_PROCESS, World, lives, real_now, world

MARK = "operation/"
TRIES = 5
"""How often an operation is begun before it is shown as crashed: it may be what its workers die of."""
LOST = "It lost its worker. Press Retry on this run: what it did already is not done again. A new form would be another operation."
_UNDER_WAY = frozenset({StateType.PENDING, StateType.RUNNING})


def note() -> None:
    """Write down that this process has the run we are in in hands.

    It is struck out once Prefect has heard what became of the run, by the worker or at the end of the run's own process: who dies between the
    flow's end and that leaves a run that is shown as running.
    """
    run_id = str(flow_run.id)
    runs.patiently(lambda: hold(run_id))
    if OWN_PROCESS in os.environ:
        atexit.register(_let_go_at_the_end, run_id)


def hold(run_id: str) -> None:
    """Write that this process has a run in hands. Whoever is handed it owns it: Prefect hands it to one worker at a time."""
    here, name = world(), f"{MARK}{run_id}"
    with here.db.writing() as session:
        leases.give_back(session, name, leases.holder(session, name))
        session.flush()
        leases.take(session, name, here.worker, length=leases.WORKER, now=real_now())


def let_go(run_id: str) -> None:
    """Strike out that this process has it."""
    here = world()
    _strike(here, f"{MARK}{run_id}", here.worker)


def _let_go_at_the_end(run_id: str) -> None:
    with suppress(StudioError):  # else the waker finds that it has ended
        let_go(run_id)


def take_up(here: World, prefect: Engine, done: Round) -> None:
    """Hand out again what the dead had in hands and had not ended. After too many tries it is shown as crashed, with a word what to do."""
    if heartbeat.was_missed():
        return
    with here.db.reading() as session:
        left = [lease for lease in leases.named(session, MARK) if not lives(session, lease.owner)]
    for lease in left:
        _decide(prefect, lease, done)
        _strike(here, lease.name, lease.owner)


def _decide(prefect: Engine, lease: Lease, done: Round) -> None:
    run = prefect.run(lease.name.removeprefix(MARK))
    if run is None or run.state is None or run.state.type not in _UNDER_WAY:
        return
    if run.run_count < TRIES:
        prefect.restart(str(run.id))
        done.mended.append(f"{run.name}: its worker died; it is begun again")
    else:
        prefect.bury(str(run.id), crashed=True, why=LOST)
        failures.note(str(run.id), run.name, LOST)
        done.mended.append(f"{run.name}: its worker died at each of {run.run_count} tries; shown as crashed")


def _strike(here: World, name: str, owner: str) -> None:
    with here.db.writing() as session:
        leases.give_back(session, name, owner)
