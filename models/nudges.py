"""A nudge: "there is work", told to every worker at once. A lost one costs a minute at most: the worker looks by itself.

On SQLite a datagram to the worker of this machine. On PostgreSQL a NOTIFY, which workers on every host hear. It goes in a transaction
of its own right after the one that made the work: inside that, PostgreSQL would let only one notifying transaction commit at a time.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import func, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from models.db import Database
from models.settings import Settings

CHANNEL = "studioflow"
AGAIN = 2.0
"""Seconds before the ear turns to a database that is away once more."""
PROBE: dict[str, Any] = {"connect_timeout": 10, "keepalives": 1, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""A line that a firewall has dropped without a word is found dead within a minute."""
log = logging.getLogger("studioflow.nudges")

WORK, TOUCHED, RUNS = "work", "touched", "runs"
"""What a nudge says: there is work for the waker; somebody made or changed a run in Prefect ("touched <id>", where one is named); runs are
there to be fetched."""
_RUN = re.compile(rb"touched ([0-9a-f-]{36})")


def nudge(port: int, db: Database | None = None, says: str = WORK) -> None:
    """Wake the workers: those that listen to `db` where it is PostgreSQL, else the one on this loopback UDP port. Never fails."""
    if db and db.engine.dialect.name == "postgresql":
        _notify(db, says)
    else:
        _send(port, says)


def offer(db: Database) -> None:
    """Tell every worker that there are runs to take, so that not all of them stay with the one that made them. On SQLite there is one."""
    if db.engine.dialect.name == "postgresql":
        _notify(db, RUNS)


def touched_in(data: bytes) -> str:
    """The flow run that a nudge tells of; "" when it tells of none."""
    found = _RUN.fullmatch(data)
    return found[1].decode() if found else ""


def nudge_from(settings: Settings) -> None:
    """The same from a process that keeps no connection to the database."""
    db = Database(settings.database)
    try:
        nudge(settings.nudges, db)
    finally:
        db.close()


async def listen(url: str, heard: Callable[[bytes], None]) -> None:
    """Call `heard` with each nudge through PostgreSQL at this SQLAlchemy address, until cancelled.

    Also after each outage of the line, to look for everything: a nudge may have been missed meanwhile.
    """
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(plain, autocommit=True, **PROBE) as line:
                await line.execute(f"LISTEN {CHANNEL}")
                heard(TOUCHED.encode())
                async for note in line.notifies():
                    heard(note.payload.encode())
        except psycopg.OperationalError as away:
            log.warning("Nudges are not heard; the worker looks by itself meanwhile: %s", away)
        await asyncio.sleep(AGAIN)


def _notify(db: Database, says: str) -> None:
    try:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(select(func.pg_notify(CHANNEL, says)))
    except SQLAlchemyError as away:
        log.warning("The workers are not nudged; they look by themselves: %s", type(away).__name__)


def _send(port: int, says: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        try:
            out.sendto(says.encode(), ("127.0.0.1", port))
        except OSError:
            return
