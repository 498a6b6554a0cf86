"""Migrations: the database brought to what this version of the code needs."""

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlmodel import Session

from models.db import Database, serialise
from models.errors import BadSetup

FOLDER = Path(__file__).parent / "migrations"
NEWER = "The database is at {}, which a newer release made: start that one, or restore a backup of this one's time."
BEHIND = "The database is behind the code: run ./studio migrate."


def upgrade(db: Database, consent: Callable[[Session], None] | None = None) -> tuple[str, str]:
    """Bring the database to the newest revision; return the revision before ("" for an empty one) and after.

    Two processes may ask at once: one does it, the other finds it done. `consent` looks at the database as it would be then; where it
    raises, nothing has changed, so that the release before can go on. Raises BadSetup for a database of a newer release.
    """
    with db.engine.execution_options(studio_begin="IMMEDIATE").begin() as connection:
        serialise(connection, "migrate")
        if (now := revision(connection)) and not knows(now):
            raise BadSetup(NEWER.format(now))
        before = upgrade_to(connection, "head")
        if consent is not None:
            with Session(connection) as session:
                consent(session)
        return before, head()


def upgrade_to(connection: Connection, revision_: str) -> str:
    """Bring the database of a connection to a revision, in the transaction that it is in; return the revision before."""
    before = revision(connection)
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision_)
    return before


def revision(connection: Connection) -> str:
    """The revision that a database is at; "" for an empty one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def knows(revision_: str) -> bool:
    """Whether this version of the code knows a revision: a newer one's it does not."""
    return revision_ in {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}


def trouble(db: Database) -> str:
    """Why this code does not fit the database, and what to do; "" where it does."""
    with db.engine.connect() as connection:
        now = revision(connection)
    if now == head():
        return ""
    return BEHIND if not now or knows(now) else NEWER.format(now)


def head() -> str:
    """The newest revision there is."""
    return ScriptDirectory.from_config(configuration()).get_current_head() or ""


def configuration() -> Config:
    """Alembic's settings, without a file of its own."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config
