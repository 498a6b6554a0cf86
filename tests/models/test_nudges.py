"""Nudges on PostgreSQL: heard by every worker at once, heard again after the line was cut, never in the way of whoever nudges."""

import asyncio
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import event, text

from deployments.prefect_nudges import Nudging
from deployments.worker import Bell
from models.db import Database
from models.nudges import CHANNEL, listen, nudge, nudge_from, offer, touched_in
from models.settings import Settings
from tests.parts import requires

PATIENCE = 20


@pytest.fixture
def shared(request: pytest.FixtureRequest) -> Iterator[Database]:
    requires("postgres")
    db = Database(request.getfixturevalue("postgres_url"))
    yield db
    db.close()


class Ear:
    """A worker's ear, and how often it has heard something."""

    def __init__(self, db: Database) -> None:
        self.heard = 0
        self._event = asyncio.Event()
        self.task = asyncio.create_task(listen(db.engine.url.render_as_string(hide_password=False), self._hear))

    def _hear(self, data: bytes) -> None:
        self.heard += 1
        self.last = data
        self._event.set()

    async def hears(self) -> None:
        await asyncio.wait_for(self._event.wait(), PATIENCE)
        self._event.clear()


def test_a_nudge_is_heard_by_workers_on_every_host_and_again_after_the_line_was_cut(shared: Database) -> None:
    async def scene() -> None:
        ears = [Ear(shared), Ear(shared)]
        for ear in ears:
            await ear.hears()  # at its start, for what was missed before
        await asyncio.to_thread(nudge, 9, shared)
        for ear in ears:
            await ear.hears()
        assert await asyncio.to_thread(_cut_lines, shared) == 2
        for ear in ears:
            await ear.hears()  # it is there again, and looks for what it missed
        await asyncio.to_thread(nudge, 9, shared)
        for ear in ears:
            await ear.hears()
            ear.task.cancel()

    asyncio.run(scene())


def test_which_run_somebody_touched_in_prefect_is_told_through_postgresql_too(shared: Database) -> None:
    async def scene() -> None:
        ear, run = Ear(shared), str(uuid4())
        await ear.hears()
        assert touched_in(ear.last) == ""
        await Nudging(_answers, 9, shared)({"type": "http", "method": "POST", "path": f"/api/flow_runs/{run}/resume", "headers": []}, None, None)
        await ear.hears()
        assert touched_in(ear.last) == run
        ear.task.cancel()

    asyncio.run(scene())


def test_runs_are_offered_to_every_worker_without_a_round_of_the_waker(shared: Database, here_sqlite) -> None:
    async def scene() -> None:
        ear, bell = Ear(shared), Bell()
        bell.due = bell.nudged = False
        await ear.hears()
        await asyncio.to_thread(offer, shared)
        await ear.hears()
        bell.hear(ear.last)
        assert bell.due and not bell.nudged
        offer(here_sqlite.db)
        ear.task.cancel()

    asyncio.run(scene())


def test_however_many_nudge_at_once_no_more_connections_are_open_than_there_may_be(shared: Database) -> None:
    few, lines, most = Database(shared.engine.url.render_as_string(hide_password=False), 2), set(), []

    def opened(line: object, _record: object) -> None:
        lines.add(id(line))
        most.append(len(lines))

    event.listen(few.engine, "connect", opened)
    event.listen(few.engine, "close", lambda line, _record: lines.discard(id(line)))
    with ThreadPoolExecutor(20) as crowd:
        list(crowd.map(lambda _: nudge(9, few), range(200)))
    few.close()
    assert 1 <= max(most) <= 2
    assert not lines


async def _answers(_scope, _receive, _send) -> None:
    """Prefect's app, done."""


def test_a_process_without_a_connection_nudges_too(shared: Database) -> None:
    async def scene() -> None:
        ear = Ear(shared)
        await ear.hears()
        url = shared.engine.url.render_as_string(hide_password=False)
        await asyncio.to_thread(nudge_from, Settings(database_url=url, secret="-"))
        await ear.hears()
        ear.task.cancel()

    asyncio.run(scene())


def test_while_the_database_is_away_a_nudge_is_lost_without_an_error_and_the_ear_tries_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Database(f"postgresql+psycopg://postgres@127.0.0.1:{taken.getsockname()[1]}/nothing")
        nudge(9, nobody)

        async def scene() -> None:
            ear = Ear(nobody)
            await asyncio.sleep(0.1)
            assert not ear.task.done() and ear.heard == 0
            ear.task.cancel()

        asyncio.run(scene())
        nobody.close()


def test_on_sqlite_a_nudge_is_a_datagram_on_this_machine(here_sqlite) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(PATIENCE)
        nudge(ear.getsockname()[1], here_sqlite.db)
        assert ear.recv(10) == b"work"


def _cut_lines(db: Database) -> int:
    query = text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND query = :listening")
    with db.engine.connect() as connection:
        return connection.execute(query, {"listening": f"LISTEN {CHANNEL}"}).scalar_one()
