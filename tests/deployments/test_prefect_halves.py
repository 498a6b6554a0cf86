"""Prefect's server in two halves: started only where they can hear each other, by variables that the pinned version knows."""

import importlib

import pytest
from prefect.settings import Settings as PrefectSettings
from prefect_redis.client import RedisMessagingSettings

from deployments.prefect_halves import expect_shared, through_redis

REDIS = "redis://:hush@cache:6379/2"
POSTGRES = {"PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://db/prefect"}


def test_without_a_redis_nothing_is_changed() -> None:
    assert through_redis("") == {}


def test_one_address_leads_every_part_of_the_server_through_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in through_redis(REDIS).items():
        monkeypatch.setenv(name, value)
    server = PrefectSettings().server
    assert (server.docket.url, RedisMessagingSettings().url) == (REDIS, REDIS)
    modules = [server.events.messaging_broker, server.events.messaging_cache, server.events.causal_ordering, server.concurrency.lease_storage]
    assert [importlib.import_module(name).__name__ for name in modules] == modules
    assert all(name.startswith("prefect_redis.") for name in modules), "upstream has renamed a variable"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"PREFECT_API_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:////x.db"} | through_redis(REDIS), ["PostgreSQL"]),
        (POSTGRES, ["Redis"]),
        ({"PREFECT_API_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:////x.db"}, ["PostgreSQL", "Redis"]),
    ],
)  # fmt: skip
def test_a_half_that_the_other_would_never_hear_is_not_started(given: dict, missing: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        expect_shared(given)
    said = capsys.readouterr().err
    assert ended.value.code == 2 and len(said.splitlines()) == len(missing)
    assert all(word in said for word in missing) and "hush" not in said


def test_halves_with_one_postgresql_and_one_redis_are_started() -> None:
    expect_shared(POSTGRES | through_redis(REDIS))
