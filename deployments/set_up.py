"""What is looked at before anything starts: the studio's set-up whole, the database there and up to date."""

import logging
import time
from datetime import timedelta

from models.errors import BadSetup, Unavailable
from models.settings import Settings

PATIENCE = timedelta(minutes=1)
"""How long a database may take to come up after the machine, or beside us."""
LOOK = 0.5
SAID_EVERY = 60.0
"""Seconds between two words about a database that is waited for without an end."""
log = logging.getLogger("studioflow.start")


def check(settings: Settings, patience: timedelta | None = PATIENCE) -> None:
    """Read the studio's whole set-up and bring the database up to date; no deal may wait where this release never comes.

    Raises BadSetup with one line per problem, Unavailable when the database is still away after `patience`; None: it is waited for.
    """
    from models import providers
    from tasks.world import build

    here = build(settings)
    here.db.close()
    providers.check(settings, here.address)
    _expect_mail(settings, here.address)
    await_database(settings, patience)
    migrate(settings)


def migrate(settings: Settings) -> tuple[str, str]:
    """Bring our database up to date; return its version before and after ("" before: it was new).

    Raises BadSetup when the database cannot be reached or written, is a newer release's, or a deal waits where this release never comes;
    the database is then as it was.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from deployments.waits_check import expect_known
    from models.db import Database
    from models.migrate import upgrade

    try:
        db = Database(settings.database)
        try:
            return upgrade(db, expect_known)
        finally:
            db.close()
    except (SQLAlchemyError, ImportError, OSError) as error:
        raise BadSetup(f"The database {_place(settings)} cannot be used: {_cause(error)}") from error


def await_database(settings: Settings, patience: timedelta | None) -> None:
    """Return once the database takes connections, or says itself why it does not. Raises Unavailable when it is silent for so long.

    Without an end to its patience it says every minute what it waits for.
    """
    from sqlalchemy.exc import OperationalError

    from models.db import Database

    if not settings.database.startswith("postgresql"):
        return
    db, until = Database(settings.database), time.monotonic() + (patience.total_seconds() if patience is not None else 0.0)
    try:
        while True:
            try:
                db.engine.connect().close()
            except OperationalError as error:
                if not _is_silent(error):
                    return
                if time.monotonic() > until:
                    away = f"The database {_place(settings)} does not answer: {_cause(error)}"
                    if patience is not None:
                        raise Unavailable(away) from error
                    log.warning("%s. It is waited for.", away)
                    until = time.monotonic() + SAID_EVERY
            else:
                return
            time.sleep(LOOK)
    finally:
        db.close()


def _is_silent(error: Exception) -> bool:
    """Whether nobody listens there yet, or who does is only starting. A login that is refused stays refused."""
    said = str(getattr(error, "orig", error))
    return "FATAL" not in said or "starting up" in said or "shutting down" in said


def _expect_mail(settings: Settings, address: str) -> None:
    """Raises BadSetup where clients are in earnest and their letters would go to nobody."""
    from models.providers import is_public

    if not settings.mail_url and is_public(address):
        raise BadSetup(
            f"STUDIO_MAIL_URL is empty, so letters would stay in files below home, and clients reach {address}: give the address of a mail "
            "server, in the environment or in secrets.env."
        )


def _place(settings: Settings) -> str:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return make_url(settings.database).render_as_string()
    except SQLAlchemyError:
        return "STUDIO_DATABASE_URL"


def _cause(error: Exception) -> str:
    return " ".join(str(getattr(error, "orig", None) or error).split())
