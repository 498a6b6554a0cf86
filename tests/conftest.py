"""What every test may ask for: a database of each kind, a world with fakes in it, and parts that a machine may lack."""

import os

os.environ.update(  # before Prefect is imported: no test talks to a server that it has not started itself
    {"PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1",
     "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore", "PREFECT_CLI_WIKI_URL": ""}
)  # fmt: skip

import gc
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

import models.tables  # noqa: F401 (fills the metadata)
from models import migrate
from models.db import Database
from tasks.world import World
from tests.databases import a_database
from tests.fakes import ManualClock
from tests.parts import POSTGRES, requires
from tests.worlds import inhabited


def pytest_collection_finish() -> None:
    """What is there for the whole run is not looked through again and again: a tenth of its processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "::")


def _stay_at_home(event: str, args: tuple) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple) and not str(args[1][0]).startswith(LOOPBACK):
        raise ConnectionRefusedError(f"Tests do not leave this machine; {args[1][0]} was asked for.")


sys.addaudithook(_stay_at_home)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "studio.db"
    db = Database(f"sqlite:///{path}")
    migrate.upgrade(db)
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    return path


@pytest.fixture(scope="session")
def postgres_url(worker_id: str) -> Iterator[str]:
    """A migrated PostgreSQL database of this worker's own, dropped at the end."""
    name = f"studio_test_{os.getpid()}_{worker_id}"
    url = _create(name)
    db = Database(url)
    migrate.upgrade(db)
    db.close()
    yield url
    _drop(name)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Which of pytest's parallel processes this is."""
    return getattr(request.config, "workerinput", {}).get("workerid", "main")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a studio keeps its files."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, home: Path) -> str:
    """The address of an empty, migrated database; the test runs once on each kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), home / "studio.db")
        return f"sqlite:///{home / 'studio.db'}"
    requires("postgres")
    url = request.getfixturevalue("postgres_url")
    _empty(url)
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def bare_database_url(request: pytest.FixtureRequest, home: Path) -> Iterator[str]:
    """The address of a database without a single table."""
    if request.param == "sqlite":
        yield f"sqlite:///{home / 'bare.db'}"
        return
    requires("postgres")
    name = f"studio_bare_{os.getpid()}_{request.getfixturevalue('worker_id')}"
    yield _create(name)
    _drop(name)


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """The migrated database."""
    database = a_database(database_url)
    yield database
    database.close()


@pytest.fixture
def clock() -> ManualClock:
    """The studio's clock, standing still on a Monday morning."""
    return ManualClock()


@pytest.fixture
def here(db: Database, home: Path, clock: ManualClock) -> Iterator[World]:
    """The world of the example studio, with a mailer, a printer and a clock that a test can look into; put back afterwards."""
    with inhabited(db, home, clock) as world:
        yield world


@pytest.fixture
def here_sqlite(home: Path, clock: ManualClock, sqlite_template: Path) -> Iterator[World]:
    """The same world on SQLite alone, for what does not depend on the database."""
    shutil.copy(sqlite_template, home / "studio.db")
    db = a_database(f"sqlite:///{home / 'studio.db'}")
    with inhabited(db, home, clock) as world:
        yield world
    db.close()


def _create(name: str) -> str:
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))  # nothing in it has to outlive a power cut
    admin.dispose()
    return admin.url.set(database=name).render_as_string(hide_password=False)


def _drop(name: str) -> None:
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
    admin.dispose()


def _empty(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(EMPTY))
    engine.dispose()


EMPTY = """
DO $$
DECLARE one record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', one.name);
    END LOOP;
    FOR one IN SELECT sequencename AS name FROM pg_sequences WHERE schemaname = 'public' LOOP
        PERFORM setval(format('%I', one.name)::regclass, 1, false);
    END LOOP;
END $$
"""
"""Rows deleted, numbers from 1 again: many times quicker than TRUNCATE, which makes every table's files anew."""
