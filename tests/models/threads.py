"""The same thing done by many at once."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from threading import Barrier
from typing import TypeVar

from sqlalchemy import text
from sqlmodel import Session

from models.db import Database

Result = TypeVar("Result")


def at_once(count: int, act: Callable[[int], Result]) -> list[Result]:
    """What `act(0)` … `act(count - 1)` return, all begun at the same moment. The first error is raised."""
    start = Barrier(count)

    def begin(number: int) -> Result:
        start.wait(timeout=30)
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def meanwhile(db: Database, hold: Callable[[Session], object], act: Callable[[], Result]) -> Result:
    """What `act` returns that began while the transaction of `hold` was open, and had to wait for its end. Its error is raised."""
    with ThreadPoolExecutor(1) as pool:
        with db.writing() as session:
            hold(session)
            session.flush()
            acting = pool.submit(copy_context().run, act)
            _until_it_waits(db, acting)
        return acting.result()


def _until_it_waits(db: Database, acting: Future) -> None:
    if db.engine.dialect.name != "postgresql":
        return  # SQLite has one writer: it waits from its first word
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not acting.done() and not connection.execute(waiting).scalar():
            time.sleep(0.01)
