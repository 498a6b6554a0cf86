"""Before anything acts: are Prefect's runs ours, and does this code know every question that a deal waits for?"""

import os
from uuid import uuid4

from sqlmodel import Session

from models import agreement, installation
from models.errors import BadSetup
from tasks.engine import Engine
from tasks.world import OWN_PROCESS, world


def admit(prefect: Engine) -> bool:
    """Claim a Prefect that serves nobody yet; whether it did. Raises BadSetup with what to do when its runs are of another installation."""
    here = world()
    with here.db.writing() as session:
        ours, theirs = _ours(session), prefect.installation()
        known = [] if theirs else prefect.newest()
        why = installation.refusal(ours, theirs, has_runs=bool(known), knows_one=installation.knows_any(session, known))
    if why:
        raise BadSetup(why)
    if theirs == ours:
        return False
    prefect.belong_to(ours)
    return True


def announce() -> None:
    """Let this process's settings be the ones that runs in processes of their own must have."""
    here = world()
    with here.db.writing() as session:
        agreement.tell(session, here.settings, now=here.now())


def expect_agreement() -> None:
    """Raises BadSetup in a process that was started for one run and has other settings than the worker: its letters, say, would go nowhere."""
    if OWN_PROCESS not in os.environ:
        return
    here = world()
    with here.db.reading() as session:
        others = agreement.differing(session, here.settings)
    if others:
        raise BadSetup(
            f"This run's process has other settings than the worker, so it does nothing: {', '.join(others)}. Let runs have the same, best "
            "in secrets.env below STUDIO_HOME, which all of them read."
        )


def forget(prefect: Engine) -> int:
    """Delete every run of a stage that this Prefect has, and make it ours; return how many there were. Ours are made anew from our rows."""
    count = prefect.forget()
    with world().db.writing() as session:
        prefect.belong_to(_ours(session))
    return count


def _ours(session: Session) -> str:
    return installation.identity(session, uuid4().hex, now=world().now())
