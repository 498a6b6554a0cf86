"""A Prefect server that asks for no login answers programs of this machine and its own pages."""

import asyncio

import pytest
from prefect.settings import PREFECT_SERVER_API_AUTH_STRING, PREFECT_SERVER_CORS_ALLOWED_ORIGINS, temporary_settings

from deployments.prefect_door import Door, guarded
from deployments.prefect_pages import own_origins

PORT = 4200


async def served(scope, receive, send) -> None:
    await send({"type": "served"})


async def answering(scope, receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-frame-options", b"ALLOWALL"), (b"content-security-policy", b"sandbox")]})
    await send({"type": "http.response.body", "body": b""})


def answer(app, kind: str = "http", **headers: str) -> list[dict]:
    sent: list[dict] = []

    async def send(message) -> None:
        sent.append(message)

    scope = {"type": kind, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    asyncio.run(app(scope, None, send))
    return sent


def enters(app, **headers: str) -> bool:
    return answer(app, **headers) == [{"type": "served"}]


@pytest.fixture
def door():
    with temporary_settings({PREFECT_SERVER_CORS_ALLOWED_ORIGINS: ",".join(own_origins(PORT)), PREFECT_SERVER_API_AUTH_STRING: None}):
        yield guarded(served, {"PREFECT_API_URL": "http://studio.lan:4200/api", "PREFECT_UI_API_URL": "/api"}, PORT)


@pytest.mark.parametrize("host", ["127.0.0.1:4200", "localhost:4200", "LOCALHOST:9000", "[::1]:4200", "[::1]", "localhost", "studio.lan:4200"])
def test_a_request_for_this_machine_is_answered(door, host: str) -> None:
    assert enters(door, host=host)


@pytest.mark.parametrize("host", ["", "evil.example:4200", "127.0.0.1.evil.example", "localhost.evil.example:4200", "[::2]:4200", "[::1].evil.example"])
def test_a_name_that_somebody_made_mean_this_machine_is_refused(door, host: str) -> None:
    assert not enters(door, host=host)
    assert not enters(door)


@pytest.mark.parametrize("origin", ["http://127.0.0.1:4200", "http://localhost:4200", "http://[::1]:4200", "http://studio.lan:4200"])
def test_the_pages_of_the_ui_are_answered(door, origin: str) -> None:
    assert enters(door, host="127.0.0.1:4200", origin=origin)


@pytest.mark.parametrize("origin", ["null", "", "http://evil.example", "http://127.0.0.1:8700", "https://127.0.0.1:4200", "http://127.0.0.1:42000"])
def test_other_pages_are_refused_with_a_sentence(door, origin: str) -> None:
    start, body = answer(door, host="127.0.0.1:4200", origin=origin)
    assert start["status"] == 403
    assert b"PREFECT_SERVER_CORS_ALLOWED_ORIGINS" in body["body"]
    assert answer(door, "websocket", host="127.0.0.1:4200", origin=origin)[0]["type"] == "websocket.close"


def test_the_start_of_the_server_passes(door) -> None:
    assert answer(door, "lifespan") == [{"type": "served"}]


def test_an_owner_may_let_in_every_page_and_no_foreign_name_all_the_same() -> None:
    door = Door(served, ["*"], ["localhost"])
    assert enters(door, host="localhost", origin="http://board.example")
    assert not enters(door, host="evil.example", origin="http://board.example")


def test_a_server_that_asks_for_a_login_is_reached_by_any_name() -> None:
    with temporary_settings({PREFECT_SERVER_API_AUTH_STRING: "studio:a password of the tests"}):
        assert enters(guarded(served, {}, PORT), host="evil.example", origin="http://evil.example")


@pytest.mark.parametrize("login", [None, "studio:a password of the tests"])
@pytest.mark.parametrize("origin", ["http://127.0.0.1:4200", "http://evil.example"])
def test_every_answer_a_refusal_too_says_that_no_other_page_may_frame_it(login: str | None, origin: str) -> None:
    with temporary_settings({PREFECT_SERVER_API_AUTH_STRING: login, PREFECT_SERVER_CORS_ALLOWED_ORIGINS: ",".join(own_origins(PORT))}):
        start, _ = answer(guarded(answering, {}, PORT), host="127.0.0.1:4200", origin=origin)
    is_refused = not login and "evil" in origin
    assert start["status"] == (403 if is_refused else 200)
    told = [(name.decode().lower(), value.decode()) for name, value in start["headers"]]
    assert {"x-frame-options": "SAMEORIGIN", "x-content-type-options": "nosniff", "referrer-policy": "same-origin"}.items() <= dict(told).items()
    policies = [value for name, value in told if name == "content-security-policy"]
    assert policies == [*([] if is_refused else ["sandbox"]), "frame-ancestors 'self'"], "one of upstream's stays"


@pytest.mark.parametrize(
    ("port", "addresses", "more"),
    [
        (80, [], ["http://127.0.0.1", "http://localhost", "http://[::1]"]),
        (1, ["https://Prefect.example:443/api", "/api", "http://prefect.example:8080/api"], ["https://prefect.example", "http://prefect.example:8080"]),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(port: int, addresses: list[str], more: list[str]) -> None:
    assert own_origins(port, addresses)[-len(more) :] == more
