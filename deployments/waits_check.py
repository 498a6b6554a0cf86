"""Nothing is started over deals that this release would let wait for ever."""

from models import wait_keys
from models.db import Database
from models.errors import BadSetup
from models.settings import Settings


def expect_known_waits(settings: Settings) -> None:
    """Raise BadSetup, with a sentence for each, when a deal waits where no line of this code comes back to."""
    db = Database(settings.database)
    try:
        with db.reading() as session:
            strange = wait_keys.unknown(session)
    finally:
        db.close()
    if strange:
        raise BadSetup(*strange, wait_keys.WHAT_TO_DO)
