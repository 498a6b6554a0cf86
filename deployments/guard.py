"""At the start of whatever acts on runs: it leaves with a sentence, and touches nothing, where that would be wrong."""

import sys

from deployments.supervisor import BAD_SETUP
from deployments.waits_check import expect_known_waits
from models.errors import BadSetup
from tasks import admission
from tasks.engine import engine
from tasks.world import world


def admit_or_leave() -> None:
    """Return when every wait and every run is ours; else say why not and end this process, so that the supervisor ends the system."""
    try:
        expect_known_waits(world().settings)
        with engine() as prefect:
            admission.admit(prefect)
    except BadSetup as error:
        sys.stderr.write(f"{' '.join(error.problems)}\n")
        sys.stderr.flush()
        sys.exit(BAD_SETUP)
