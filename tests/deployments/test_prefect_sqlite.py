"""What is changed in Prefect's server on SQLite: each beside what the pinned version does by itself, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from models.settings import ROOT

FIRST_TO_WRITE = """
import asyncio, os, sqlite3, sys
from deployments.prefect_server import environment
from deployments.prefect_sqlite import begin_immediately
from models.settings import read
os.environ.update(environment(read()))
from prefect.server.database.configurations import AioSqliteConfiguration
if sys.argv[1] == "ours":
    begin_immediately()
place = str(read().path("probe.db"))

async def others_may_write():
    database = AioSqliteConfiguration(f"sqlite+aiosqlite:///{place}")
    engine = await database.engine()
    async with await database.session(engine) as session:
        async with database.begin_transaction(session, with_for_update=False):
            await session.connection()
            other = sqlite3.connect(place, timeout=0, isolation_level=None)
            try:
                other.execute("BEGIN IMMEDIATE")
                return True
            except sqlite3.OperationalError:
                return False
            finally:
                other.close()

print(asyncio.run(others_may_write()))
"""

FAILS_AND_WAITS = """
import asyncio, gc, sqlite3, sys
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import create_async_engine
from deployments.prefect_sqlite import close_what_failed
if sys.argv[1] == "ours":
    close_what_failed()
gc.disable()

async def fail(line):
    try:
        await line.exec_driver_sql("INSERT INTO t VALUES (NULL)")
    except IntegrityError as error:
        error.itself = error

async def goes_on(engine, place):
    lock = sqlite3.connect(place, isolation_level=None)
    async with engine.connect() as line:
        await fail(line)
        lock.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(line.exec_driver_sql("BEGIN IMMEDIATE"))
        await asyncio.sleep(0.5)  # it waits for the lock in its thread
        gc.collect()
        lock.execute("ROLLBACK")
        try:
            await waiting
            await line.exec_driver_sql("ROLLBACK")
            return True
        except OperationalError:
            return False
        finally:
            lock.close()

async def main():
    place = sys.argv[2]
    engine = create_async_engine(f"sqlite+aiosqlite:///{place}", connect_args={"timeout": 3}, isolation_level="AUTOCOMMIT")
    async with engine.connect() as line:
        await line.exec_driver_sql("CREATE TABLE t (a NOT NULL)")
    return all([await goes_on(engine, place) for _ in range(3)])

print(asyncio.run(main()))
"""

TOLD_AGAIN = """
import asyncio, os, sys
from uuid import uuid4
from deployments.prefect_server import environment
from deployments.prefect_sqlite import pass_over_known_events
from models.settings import read
os.environ.update(environment(read()))
from prefect.server.database import provide_database_interface
from prefect.server.events.schemas.events import ReceivedEvent, Resource
from prefect.server.events.storage.database import write_events
from prefect.types._datetime import now
import sqlalchemy as sa
if sys.argv[1] == "ours":
    pass_over_known_events()
    pass_over_known_events()

async def main():
    database = provide_database_interface()
    read().path("prefect", "prefect.db")
    async with (await database.engine()).begin() as line:
        await line.run_sync(database.Base.metadata.create_all, [database.Event.__table__, database.EventResource.__table__])
    some = [
        ReceivedEvent(occurred=now("UTC"), event=f"e{turn}", resource=Resource({"prefect.resource.id": "r"}), payload={}, id=uuid4()) for turn in range(3)
    ]
    try:
        for events in (some[:2], some[:2], some):
            async with database.session_context() as session:
                await write_events(session=session, events=events)
                await session.commit()
    except sa.exc.IntegrityError:
        return "failed"
    async with database.session_context() as session:
        return len((await session.scalars(sa.select(database.Event.id))).all())

print(asyncio.run(main()))
"""


def said(script: str, whose: str, home: Path, *more: str) -> str:
    """What a script prints last, with the server's code as it comes (`stock`) or mended (`ours`)."""
    env = os.environ | {"STUDIO_HOME": str(home)}
    ran = subprocess.run([sys.executable, "-c", script, whose, *more], cwd=ROOT, env=env, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()[-1]


def test_a_transaction_of_the_pinned_server_takes_the_write_lock_at_its_start(tmp_path: Path) -> None:
    assert said(FIRST_TO_WRITE, "stock", tmp_path) == "True", "upstream takes the lock itself now: drop begin_immediately"
    assert said(FIRST_TO_WRITE, "ours", tmp_path) == "False"


def test_a_statement_that_failed_does_not_stop_the_server_when_its_line_waits_for_a_lock(tmp_path: Path) -> None:
    assert said(FAILS_AND_WAITS, "stock", tmp_path, str(tmp_path / "stock.db")) == "False", "it is closed by others now: drop close_what_failed"
    assert said(FAILS_AND_WAITS, "ours", tmp_path, str(tmp_path / "ours.db")) == "True"


def test_events_that_are_told_again_are_passed_over_and_new_ones_beside_them_kept(tmp_path: Path) -> None:
    assert said(TOLD_AGAIN, "stock", tmp_path / "stock") == "failed", "upstream passes over them now: drop pass_over_known_events"
    assert said(TOLD_AGAIN, "ours", tmp_path / "ours") == "3"
