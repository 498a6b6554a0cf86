"""Before anything acts: are Prefect's runs ours, and does this code know every question that a deal waits for?"""

from uuid import uuid4

from sqlmodel import Session

from models import installation
from models.errors import BadSetup
from tasks.engine import Engine
from tasks.world import world


def admit(prefect: Engine) -> None:
    """Claim a Prefect that serves nobody yet. Raises BadSetup with what to do when its runs are of another installation."""
    here = world()
    with here.db.writing() as session:
        ours, theirs = _ours(session), prefect.installation()
        known = [] if theirs else prefect.newest()
        why = installation.refusal(ours, theirs, has_runs=bool(known), knows_one=installation.knows_any(session, known))
    if why:
        raise BadSetup(why)
    if theirs != ours:
        prefect.belong_to(ours)


def forget(prefect: Engine) -> int:
    """Delete every run of a stage that this Prefect has, and make it ours; return how many there were. Ours are made anew from our rows."""
    count = prefect.forget()
    with world().db.writing() as session:
        prefect.belong_to(_ours(session))
    return count


def _ours(session: Session) -> str:
    return installation.identity(session, uuid4().hex, now=world().now())
