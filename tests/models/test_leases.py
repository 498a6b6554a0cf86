"""Leases: one holder at a time, by the clock."""

from datetime import timedelta

import pytest

from models import leases
from models.db import Database
from tasks.world import World
from tests.fakes import MONDAY
from tests.models.threads import at_once

MINUTE = timedelta(minutes=1)


def test_of_eight_who_ask_at_once_one_gets_it(db: Database) -> None:
    def take(number: int) -> bool:
        with db.writing() as session:
            return leases.take(session, "waker", f"worker-{number}", length=MINUTE, now=MONDAY)

    assert sum(at_once(8, take)) == 1


def test_the_holder_may_renew_and_nobody_else_may_take_it_until_it_ends(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        assert leases.take(session, "waker", "a", length=MINUTE, now=MONDAY)
        assert not leases.take(session, "waker", "b", length=MINUTE, now=MONDAY + MINUTE / 2)
        assert leases.take(session, "waker", "a", length=MINUTE, now=MONDAY + MINUTE / 2)
        assert not leases.take(session, "waker", "b", length=MINUTE, now=MONDAY + MINUTE)
        assert leases.is_held(session, "waker", now=MONDAY + MINUTE)
        assert not leases.is_held(session, "waker", now=MONDAY + MINUTE * 1.5)
        assert leases.take(session, "waker", "b", length=MINUTE, now=MONDAY + MINUTE * 1.5)


def test_giving_back_is_for_the_holder_alone(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        leases.take(session, "waker", "a", length=MINUTE, now=MONDAY)
        leases.give_back(session, "waker", "b")
        assert leases.is_held(session, "waker", now=MONDAY)
        leases.give_back(session, "waker", "a")
        session.flush()
        assert not leases.is_held(session, "waker", now=MONDAY)
        leases.give_back(session, "waker", "a")


def test_leases_of_different_names_do_not_meet(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        assert leases.take(session, "one", "a", length=MINUTE, now=MONDAY)
        assert leases.take(session, "two", "b", length=MINUTE, now=MONDAY)


@pytest.mark.parametrize(("name", "age", "stays"), [
    ("worker/a", timedelta(0), True), ("worker/a", leases.KEPT, True), ("worker/a", leases.KEPT + MINUTE, False), ("waker", 2 * leases.KEPT, True),
    ("operation/a", 2 * leases.KEPT, True),
])  # fmt: skip
def test_the_leases_of_workers_that_are_long_gone_are_swept(here: World, name: str, age: timedelta, stays: bool) -> None:
    with here.db.writing() as session:
        leases.take(session, name, "a", length=MINUTE, now=MONDAY)
        session.flush()
        leases.sweep(session, now=MONDAY + MINUTE + age)
        session.flush()
        assert (leases.holder(session, name) == "a") is stays
