"""What becomes of checks and operations, for the error inbox: kept when they fail, struck out when they go well."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

from prefect.exceptions import Abort, Pause
from prefect.runtime import flow_run

from models import failed_operations
from models.errors import InInbox, Refused, StudioError
from tasks.world import world

log = logging.getLogger("studioflow.runs")
CHECKS: set[str] = set()
"""The names of what a schedule runs: only the newest run of each counts, whoever failed before."""


@contextmanager
def told(name: str, deal_id: int | None = None) -> Generator[None]:
    """Keep that the run we are in failed. An operator whose form is refused reads that at once: it is nothing for the inbox.

    A check's word is, unless the inbox shows all that it found anyhow.
    """
    run_id, title = str(flow_run.id), str(flow_run.name)
    try:
        yield
    except (Abort, Pause):
        raise
    except Exception as error:
        if not isinstance(error, InInbox if name in CHECKS else Refused):
            why = str(error) if isinstance(error, StudioError) else f"{type(error).__name__}: {error}"
            _keep(key_of(name, run_id), title, run_id, why, deal_id)
        else:
            _strike(key_of(name, run_id))
        raise
    _strike(key_of(name, run_id))


def note(run_id: str, title: str, why: str) -> None:
    """Write down that a run failed which cannot say so itself."""
    _keep(key_of(title, run_id), title, run_id, why)


def _keep(key: str, title: str, run_id: str, why: str, deal_id: int | None = None) -> None:
    """Where it cannot be written down, Prefect shows it all the same."""
    here = world()
    try:
        with here.db.writing() as session:
            failed_operations.note(session, key, title, run_id, why, deal_id=deal_id, now=here.now())
    except StudioError:
        log.exception("That %s failed could not be written down.", title)
    else:
        here.nudge()


def key_of(name: str, run_id: str) -> str:
    """Under what a run's failure is kept: a check's name, an operation's run."""
    return name if name in CHECKS else f"operation/{run_id}"


def _strike(key: str) -> None:
    try:
        with world().db.reading() as session:
            is_kept = failed_operations.is_kept(session, key)
        if is_kept:  # most go well, and take nobody's write lock for that
            with world().db.writing() as session:
                failed_operations.went_well(session, key)
    except StudioError:
        log.exception("That %s went well could not be written down.", key)
