"""The database: one door for reading, one for writing, the same on SQLite and PostgreSQL."""

import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, TypeDecorator, create_engine, event, func, make_url, select
from sqlalchemy.exc import DBAPIError, InternalError, OperationalError
from sqlmodel import Session

from models.errors import Unavailable

BUSY_SECONDS = 20
LONGEST_IDLE = 600
"""Seconds after which PostgreSQL ends a transaction in which nothing is asked: a host that hangs keeps no deal from the others for longer."""
_LINE = {"keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
"""A line to a host that lost its power is found dead within a minute, from here and from there."""
_SESSION = {
    "lock_timeout": f"{BUSY_SECONDS}s", "idle_in_transaction_session_timeout": f"{LONGEST_IDLE}s", "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3", "tcp_user_timeout": "60s",
}  # fmt: skip
_AWAY = frozenset({None, "57P01", "57P02", "57P03", "53300", "25P03"})
BUSY, FULL = "The database is busy; it is tried again.", "The database cannot write, its disk may be full; it is tried again."
AWAY = "The database is away; it is tried again."
PASSES = {
    "locked": BUSY, "lock timeout": BUSY, "deadlock": BUSY, "serialize": BUSY,
    "disk is full": FULL, "disk I/O error": FULL, "No space left on device": FULL,
}  # fmt: skip
"""What databases say of troubles that pass by themselves, or as soon as somebody makes room."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time, on databases that keep zones and on those that do not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time: nobody could say which moment it means."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no zone.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the time back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Database:
    """Our database at a SQLAlchemy address; `most` is how many connections to PostgreSQL it may have, a third of which it keeps."""

    def __init__(self, url: str, most: int = 30) -> None:
        self.url = url
        self.engine = _engine(url, most)
        self._writer = self.engine.execution_options(studio_begin="IMMEDIATE")

    @contextmanager
    def writing(self) -> Generator[Session]:
        """One transaction that writes, committed at the end of the block, rolled back on any error.

        On SQLite it takes the write lock at once, so nothing read in it can be outdated when it writes.
        Raises Unavailable when the lock cannot be had, the line to the database is cut, or the disk is full (retried).
        """
        with _what_passes(), Session(self._writer, expire_on_commit=False) as session:
            yield session
            session.commit()

    @contextmanager
    def reading(self) -> Generator[Session]:
        """A consistent look that writes nothing. Raises Unavailable as `writing` does."""
        with _what_passes(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        """Give every connection back."""
        self.engine.dispose()


@contextmanager
def _what_passes() -> Generator[None]:
    """Say Unavailable of a trouble that passes by itself."""
    try:
        yield
    except (OperationalError, InternalError) as error:
        said = next((said for word, said in PASSES.items() if word in str(error.orig)), AWAY if _is_away(error) else "")
        if said:
            raise Unavailable(said) from error
        raise


def _is_away(error: DBAPIError) -> bool:
    """Whether PostgreSQL is gone, stopping, starting or full, which passes; what was asked of it is not wrong."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", "") in _AWAY


def serialise(session: Session | Connection, name: str) -> None:
    """Let only one transaction at a time go on that names the same thing.

    SQLite's one writer is that already; on PostgreSQL an advisory lock, freed with the transaction.
    """
    connection = session if isinstance(session, Connection) else session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


@contextmanager
def alone(db: Database, name: str) -> Generator[None]:
    """Let one process on all hosts at a time be inside the block of this name; the next one waits. A dead one is no longer inside.

    SQLite is one machine with one worker, which is alone already.
    """
    if db.engine.dialect.name != "postgresql":
        yield
        return
    key = func.hashtextextended(f"alone/{name}", 0)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("SET lock_timeout = 0")  # what others do in there may take its time
        try:
            connection.execute(select(func.pg_advisory_lock(key)))
            try:
                yield
            finally:
                connection.execute(select(func.pg_advisory_unlock(key)))
        finally:
            connection.exec_driver_sql(f"SET lock_timeout = '{_SESSION['lock_timeout']}'")


def _engine(url: str, most: int) -> Engine:
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        kept = -(-most // 3)
        arguments = {"connect_timeout": BUSY_SECONDS, **_LINE}
        engine = create_engine(address, pool_pre_ping=True, pool_size=kept, max_overflow=most - kept, connect_args=arguments)
        event.listen(engine, "connect", _set_up_postgres)
        return engine
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, pool_size=10, max_overflow=30)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_postgres(connection: Any, _record: object) -> None:
    for name, value in _SESSION.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    connection.commit()


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and too weak
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: Any) -> None:
    """A new file is told once. Of two who tell it at the same moment SQLite lets neither wait for the other: one is refused at once."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('studio_begin', 'DEFERRED')}")
