"""At the start of whatever acts on runs: it leaves with a sentence, and touches nothing, where that would be wrong."""

import logging
import sys

from deployments.supervisor import BAD_SETUP
from deployments.waits_check import expect_known_waits
from models.errors import BadSetup, Unavailable
from tasks import admission, reconcile
from tasks.engine import engine
from tasks.world import world

log = logging.getLogger("studioflow.worker")


def admit_or_leave() -> bool:
    """Whether Prefect was nobody's until now, once every wait and every run is ours. It then says what settings runs must have.

    Else it says why not and ends this process, so that the supervisor ends the system.
    """
    try:
        expect_known_waits(world().settings)
        with engine() as prefect:
            is_new = admission.admit(prefect)
        admission.announce()
    except BadSetup as error:
        sys.stderr.write(f"{' '.join(error.problems)}\n")
        sys.stderr.flush()
        sys.exit(BAD_SETUP)
    return is_new


def make_runs_anew() -> None:
    """Fill a Prefect that was nobody's with the runs of our rows; what cannot be made now is made by the next reconcile."""
    try:
        for sentence in reconcile.mend():
            log.warning("mended: %s", sentence)
    except Unavailable as away:
        log.warning("Runs are made anew later: %s", away)
