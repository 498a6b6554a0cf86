"""The database: nothing lost between writers, times that mean one moment, errors that say whether to try again."""

import resource
import select as ready
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, StatementError
from sqlmodel import select

from models.db import BUSY_SECONDS, Database, alone, serialise
from models.errors import Unavailable
from models.tables import Client, Lease
from tasks.world import World
from tests.factories import a_client, a_deal
from tests.fakes import MONDAY
from tests.models.threads import at_once
from tests.parts import POSTGRES, requires


def test_whoever_opens_a_new_file_at_the_same_moment_is_let_in(tmp_path: Path) -> None:
    def opens(number: int, turn: int) -> int:
        db = Database(f"sqlite:///{tmp_path / f'{turn}.db'}")
        try:
            with db.reading() as session:
                session.execute(text("SELECT 1"))
        finally:
            db.close()
        return number

    for turn in range(40):  # before it was mended, one time in twelve one of three was refused
        assert at_once(3, lambda number, turn=turn: opens(number, turn)) == [0, 1, 2]


def test_eight_writers_lose_none_of_their_fifty_increments(db: Database) -> None:
    with db.writing() as session:
        session.add(Lease(name="counter", owner="0", until=MONDAY))

    def count(_: int) -> None:
        for _turn in range(50):
            with db.writing() as session:
                serialise(session, "counter")
                lease = session.get_one(Lease, "counter")
                lease.owner = str(int(lease.owner) + 1)

    at_once(8, count)
    with db.reading() as session:
        assert session.get_one(Lease, "counter").owner == "400"


def test_what_is_read_in_a_writing_transaction_is_not_outdated_when_it_writes(db: Database) -> None:
    with db.writing() as session:
        client_id = a_client(session, name="0").id

    def rename(_: int) -> None:
        for _turn in range(10):
            with db.writing() as session:
                serialise(session, f"client/{client_id}")
                client = session.get_one(Client, client_id)
                client.name = f"{int(client.name) + 1}"
                session.add(client)

    at_once(4, rename)
    with db.reading() as session:
        assert session.get_one(Client, client_id).name == "40"


def test_an_error_rolls_everything_back(db: Database) -> None:
    with pytest.raises(RuntimeError), db.writing() as session:
        a_client(session, email="lost@x.example")
        raise RuntimeError
    with db.reading() as session:
        assert session.execute(text("SELECT count(*) FROM client")).scalar() == 0


@pytest.mark.parametrize("offset", [0, 2, -5, 12])
def test_a_time_comes_back_as_the_same_moment_in_utc(db: Database, offset: int) -> None:
    moment = datetime(2026, 3, 29, 1, 30, 0, 123456, timezone(timedelta(hours=offset)))
    with db.writing() as session:
        client_id = a_client(session, opened_at=moment).id
    with db.reading() as session:
        kept = session.get_one(Client, client_id).opened_at
    assert kept == moment
    assert kept.utcoffset() == timedelta(0)


def test_moments_compare_in_the_database_whatever_zone_they_came_in(db: Database) -> None:
    east, west = (datetime(2026, 3, 1, hour, tzinfo=timezone(timedelta(hours=zone))) for hour, zone in ((12, 10), (4, -5)))
    with db.writing() as session:
        for moment in (west, east):
            a_client(session, opened_at=moment)
    with db.reading() as session:
        rows = session.execute(text("SELECT opened_at FROM client ORDER BY opened_at")).all()
        assert len({row[0] for row in rows}) == 2
        assert session.get_one(Client, 2).opened_at < session.get_one(Client, 1).opened_at


def test_a_time_without_a_zone_is_refused(db: Database) -> None:
    with pytest.raises(StatementError, match="has no zone"), db.writing() as session:
        a_client(session, opened_at=datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_row_cannot_point_at_nothing(db: Database) -> None:
    with pytest.raises(Exception, match="(?i)foreign key"), db.writing() as session:
        a_deal(session, client=Client(id=99, name="nobody", opened_at=MONDAY))


@pytest.mark.parametrize("door", [Database.writing, Database.reading])
def test_a_locked_database_is_away_and_worth_another_try(home: Path, door: Callable) -> None:
    db = Database(f"sqlite:///{home / 'x.db'}")
    with pytest.raises(Unavailable, match="busy"), door(db):
        raise OperationalError("UPDATE", {}, Exception("database is locked"))
    with pytest.raises(OperationalError), door(db):
        raise OperationalError("UPDATE", {}, Exception("no such table: x"))
    db.close()


@pytest.mark.parametrize("door", [Database.writing, Database.reading])
def test_who_cannot_reach_the_server_is_told_that_it_is_away(door: Callable) -> None:
    db = Database("postgresql+psycopg://postgres@127.0.0.1:9/nobody")
    with pytest.raises(Unavailable, match="away"), door(db) as session:
        session.execute(text("SELECT 1"))
    db.close()


def test_who_waits_too_long_for_a_lock_is_told_to_try_again() -> None:
    requires("postgres")
    db = Database(POSTGRES)
    with db.writing() as session:
        serialise(session, "held by a host that lost its power")
        with pytest.raises(Unavailable, match="busy"), db.writing() as other:
            assert other.execute(text("SHOW lock_timeout")).scalar() == f"{BUSY_SECONDS}s"
            other.execute(text("SET LOCAL lock_timeout = 1"))
            serialise(other, "held by a host that lost its power")
    db.close()


def test_a_transaction_in_which_a_host_hangs_is_ended_by_the_server() -> None:
    requires("postgres")
    db = Database(POSTGRES)
    with pytest.raises(Unavailable, match="away"), db.writing() as session:
        assert session.execute(text("SHOW idle_in_transaction_session_timeout")).scalar() == "10min"
        session.execute(text("SET idle_in_transaction_session_timeout = 1"))
        line = session.connection().connection.dbapi_connection
        assert line is not None
        ready.select([line.fileno()], [], [], 30)  # the server says goodbye
        session.execute(text("SELECT 1"))
    db.close()


def test_who_waits_to_be_alone_may_wait_longer_and_the_line_is_as_before() -> None:
    requires("postgres")
    db = Database(POSTGRES, most=1)
    with alone(db, "deploy"):
        pass
    with db.reading() as session:
        assert session.execute(text("SHOW lock_timeout")).scalar() == f"{BUSY_SECONDS}s"
    db.close()


@pytest.mark.parametrize("words", ["deadlock detected", "could not serialize access due to concurrent update"])
def test_two_who_block_each_other_are_told_to_try_again(home: Path, words: str) -> None:
    db = Database(f"sqlite:///{home / 'x.db'}")
    with pytest.raises(Unavailable), db.writing():
        raise OperationalError("UPDATE", {}, Exception(words))
    db.close()


def test_a_full_disk_is_away_and_worth_another_try_once_there_is_room(here_sqlite: World) -> None:
    db, room = here_sqlite.db, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, room[1]))  # no file of this process may grow beyond
    try:
        with pytest.raises(Unavailable, match="full"), db.writing() as session:
            for _ in range(500):
                a_client(session)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
    with db.writing() as session:
        a_client(session, email="ada@acme.example")
    with db.reading() as session:
        assert [client.email for client in session.exec(select(Client)).all()] == ["ada@acme.example"]


@pytest.mark.parametrize("words", ["database or disk is full", 'could not extend file "base/1": No space left on device'])
def test_what_databases_say_of_a_full_disk_is_understood(home: Path, words: str) -> None:
    db = Database(f"sqlite:///{home / 'x.db'}")
    with pytest.raises(Unavailable, match="full"), db.writing():
        raise OperationalError("UPDATE", {}, Exception(words))
    db.close()


def test_sqlite_is_set_up_for_many_writers_on_every_connection(home: Path) -> None:
    db = Database(f"sqlite:///{home / 'deep' / 'x.db'}")
    with db.engine.connect() as one, db.engine.connect() as two:
        for connection in (one, two):
            found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "foreign_keys", "busy_timeout")]
            assert found == ["wal", 1, 20_000]
    db.close()


def test_the_studios_time_is_utc() -> None:
    assert MONDAY.tzinfo is UTC


def test_what_is_done_alone_is_done_by_one_at_a_time_and_an_error_lets_the_next_one_in(db: Database) -> None:
    if db.engine.dialect.name == "sqlite":
        with alone(db, "deploy"), alone(db, "deploy"):
            return
    inside, most = [], []

    def work(number: int) -> None:
        with suppress(RuntimeError), alone(db, "deploy"):
            inside.append(number)
            most.append(len(inside))
            time.sleep(0.02)
            inside.remove(number)
            raise RuntimeError

    at_once(4, work)
    assert most == [1, 1, 1, 1]
    with alone(db, "deploy"), alone(db, "another"):
        pass


def test_a_line_that_is_cut_is_an_absence_and_the_next_transaction_has_a_new_one(request: pytest.FixtureRequest) -> None:
    requires("postgres")
    db = Database(request.getfixturevalue("postgres_url"))
    with pytest.raises(Unavailable, match="away"), db.writing() as session:
        mine = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with db.engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine})
        session.execute(text("SELECT 1"))
    with db.writing() as session:
        assert session.execute(text("SELECT 1")).scalar() == 1
    db.close()


def test_a_database_that_does_not_answer_is_an_absence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Database(f"postgresql+psycopg://postgres@127.0.0.1:{taken.getsockname()[1]}/nothing")
        with pytest.raises(Unavailable, match="away"), nobody.writing() as session:
            session.execute(text("SELECT 1"))
        nobody.close()
