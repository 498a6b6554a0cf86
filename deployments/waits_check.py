"""Nothing is started over deals that this release would let wait for ever."""

from sqlmodel import Session

from models import wait_keys
from models.db import Database
from models.errors import BadSetup
from models.settings import Settings


def expect_known_waits(settings: Settings) -> None:
    """Raise BadSetup, with a sentence for each, when a deal waits where no line of this code comes back to."""
    db = Database(settings.database)
    try:
        with db.reading() as session:
            expect_known(session)
    finally:
        db.close()


def expect_known(session: Session) -> None:
    """As `expect_known_waits`, of the database that the session looks into."""
    if strange := wait_keys.unknown(session):
        raise BadSetup(*strange, wait_keys.WHAT_TO_DO)
