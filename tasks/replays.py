"""The step behind `replay-intake`."""

from models import replaying
from tasks.step import step
from tasks.world import world


@step
def replay_intake(application_id: int, reason: str, who: str, key: str) -> int:
    """Start the intake of an application that started nothing, once per run of the form; return the application that is carried on.

    Raises Missing for what is no application, Refused for one that has a deal or is under way.
    """
    here = world()
    with here.db.writing() as session:
        carried = replaying.replay(session, application_id, reason, key=key, actor=f"staff:{who}", now=here.now())
        return carried.id or 0
