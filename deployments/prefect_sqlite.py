"""Prefect's server on SQLite, mended in three places: it writes without a 503, never stands still over a statement that failed, and keeps events.

All three are changes to other people's code, tested against the pinned versions.
"""

from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any


def mend() -> None:
    """Mend it, from now on in this process."""
    begin_immediately()
    close_what_failed()
    pass_over_known_events()


def begin_immediately() -> None:
    """Make every transaction of the server take its write lock at the start.

    Upstream opens DEFERRED ones that read, then write; when two of them meet, SQLite answers SQLITE_BUSY at once, whatever the timeout, and the
    server says 503. An IMMEDIATE one waits its turn.
    """
    from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration

    @asynccontextmanager
    async def begin_transaction(self, session, with_for_update=False):  # noqa: ANN001, ANN202, ARG001
        before = SQLITE_BEGIN_MODE.set("IMMEDIATE")
        try:
            async with session.begin() as transaction:
                yield transaction
        finally:
            SQLITE_BEGIN_MODE.reset(before)

    AioSqliteConfiguration.begin_transaction = begin_transaction


def close_what_failed() -> None:
    """Close the cursor of a statement that failed, in the thread of its connection.

    SQLAlchemy leaves it to the garbage collector. That resets the statement on the main thread, and waits for the connection; the connection may
    wait for the write lock by then, and whoever has the lock for the main thread: the whole server stood for SQLite's sixty seconds.
    """
    from aiosqlite import Cursor

    for name in ("execute", "executemany"):
        act = getattr(Cursor, name)
        if not hasattr(act, "__wrapped__"):
            setattr(Cursor, name, _closing(act))


def _closing(act: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(act)
    async def carried(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await act(self, *args, **kwargs)
        except Exception:
            await self.close()
            raise

    return carried


def pass_over_known_events() -> None:
    """Write only events that are not there yet: what a worker tells again after the server's death. Prefect fails over a batch of nothing else."""
    import sqlalchemy as sa
    from prefect.server.database import provide_database_interface
    from prefect.server.events.storage import database

    write: Any = database._write_sqlite_events  # noqa: SLF001 (it has no other door)
    if hasattr(write, "of_prefect"):
        return

    async def write_new(session: Any, events: list[Any]) -> None:
        table = provide_database_interface().Event
        known = set((await session.scalars(sa.select(table.id).where(table.id.in_({event.id for event in events})))).all())
        if fresh := [event for event in events if event.id not in known]:
            await write(session=session, events=fresh)

    write_new.of_prefect = write  # ty: ignore[missing-attribute]
    database._write_sqlite_events = write_new  # noqa: SLF001
