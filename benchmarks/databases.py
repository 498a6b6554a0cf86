"""Databases for what is measured without a system: new, and gone with the block."""

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from models.db import Database
from models.errors import StudioError
from models.migrate import upgrade


@contextmanager
def a_database(profile: str) -> Generator[Database]:
    """A migrated database of the kind that systems of this profile have. Raises StudioError where no PostgreSQL answers for it."""
    with postgres() if profile == "postgres" else sqlite() as url:
        if not url:
            raise StudioError("PostgreSQL is needed here, at STUDIO_TEST_POSTGRES_URL.")
        db = Database(url)
        try:
            upgrade(db)
            yield db
        finally:
            db.close()


@contextmanager
def sqlite() -> Generator[str]:
    """The address of a new file."""
    with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder:
        yield f"sqlite:///{Path(folder) / 'studio.db'}"


@contextmanager
def postgres() -> Generator[str]:
    """The address of a new database of the PostgreSQL that the tests use; "" where none answers."""
    from tests.services import POSTGRES

    admin, name = create_engine(POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}), f"studio_bench_{os.getpid()}"
    try:
        with admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    except OperationalError:
        yield ""
        return
    finally:
        admin.dispose()
    try:
        yield admin.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()
