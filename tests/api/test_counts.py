"""Counts of what one address does: one for all api processes where they share a Redis, and never in the way of a form."""

import socket
from collections.abc import Iterator

import pytest
import redis
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.counts import Counts
from api.door import build
from models.errors import BadSetup
from tests.parts import REDIS, requires

SECRET = "for counts"
ADDRESS = "203.0.113.7"


@pytest.fixture
def shared() -> Iterator[str]:
    requires("redis")
    url = f"{REDIS}/13"
    yield url
    with redis.Redis.from_url(url) as client:
        client.delete(*(client.keys("studioflow*") or ["none"]))


def test_api_processes_with_one_redis_count_together(shared: str) -> None:
    first, second = Counts(SECRET, shared), Counts(SECRET, shared)
    assert [one.hit("apply", ADDRESS, 3) for one in (first, second, first, second)] == [True, True, True, False]
    assert first.hit("apply", "203.0.113.8", 3) and second.hit("code", ADDRESS, 3), "others, and other acts, are counted apart"


def test_the_redis_holds_nobody_s_address_and_forgets_within_an_hour(shared: str) -> None:
    Counts(SECRET, shared).hit("apply", ADDRESS, 3)
    with redis.Redis.from_url(shared, decode_responses=True) as client:
        (key,) = client.keys("studioflow*")
        assert ADDRESS not in key and 0 < client.ttl(key) <= 3600


def test_apis_with_one_redis_keep_one_pace(shared: str, application: FastAPI) -> None:
    settings = application.state.untouched.settings.model_copy(update={"redis_url": shared, "posts_per_minute": 1})
    with TestClient(create_app(settings)) as first, TestClient(create_app(settings)) as second:
        answers = [one.post("/apply", data={}).status_code for one in (first, second)]
    assert answers[0] != 429
    assert answers[1] == 429


def test_a_redis_that_does_not_answer_is_left_alone_for_a_while() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        counts = Counts(SECRET, f"redis://127.0.0.1:{taken.getsockname()[1]}/0")
        assert counts.is_shared
        counts.hit("apply", ADDRESS, 1)
        assert not counts.is_shared


def test_without_a_redis_each_process_counts_for_itself() -> None:
    first, second = Counts(SECRET), Counts(SECRET)
    assert [first.hit("apply", ADDRESS, 1), first.hit("apply", ADDRESS, 1), second.hit("apply", ADDRESS, 1)] == [True, False, True]


def test_while_the_redis_is_away_each_process_goes_on_counting_for_itself() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        counts = Counts(SECRET, f"redis://127.0.0.1:{taken.getsockname()[1]}/0")
        assert [counts.hit("apply", ADDRESS, 1) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("url", ["memory://", "postgresql://db/x", "redis://host:not-a-port:hush/0", "6379"])
def test_what_is_no_redis_is_refused_at_start_and_its_password_is_not_told(url: str) -> None:
    with pytest.raises(BadSetup, match="STUDIO_REDIS_URL") as told:
        Counts(SECRET, url)
    assert "hush" not in str(told.value)


def test_two_doors_of_one_installation_let_no_more_through_than_one(shared: str, application: FastAPI) -> None:
    settings = application.state.untouched.settings.model_copy(update={"redis_url": shared})
    doors = [build(settings, application.state.untouched.company) for _ in range(2)]
    assert [here.robots.allows("apply", ADDRESS, 1) for here in doors] == [True, False]
    for here in doors:
        here.db.close()
