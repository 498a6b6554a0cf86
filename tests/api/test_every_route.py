"""What holds for every route there is, the next one too: its pace is limited, and browsers are told to be careful with its answer."""

import importlib
import pkgutil
import re

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

import api
from api.app import create_app
from api.counts import neighbourhood
from api.pace import FACTORS
from models import links
from models.settings import Settings
from tests.api.conftest import SECRET, Entrance, TestClient
from tests.factories import a_proposal

MODULES = [importlib.import_module(f"api.{one.name}") for one in pkgutil.iter_modules(api.__path__)]
ROUTERS = [value for module in MODULES for name, value in vars(module).items() if isinstance(value, APIRouter) and name in ("pages", "routes")]
ROUTES = sorted({(method, route.path) for router in ROUTERS for route in router.routes if isinstance(route, APIRoute) for method in route.methods})
UNLIMITED = {"/health/live", "/health/ready", "/static/brand.css", "/static/logo", "/outbox", "/outbox/{name}", "/outbox/{name}/html"}
"""Probes, the dress of pages, and what only this machine is shown."""


def filled(path: str, token: str = "a" * 32) -> str:
    return re.sub(r"\{\w+\}", "1", path.replace("{token}", token).replace("{provider}", "sandbox"))


def test_the_routes_are_those_of_the_app(door: Entrance) -> None:
    assert len(ROUTES) >= 90
    for method, path in ROUTES:
        assert door.http.request(method, filled(path)).status_code != 405, (method, path)


def test_every_route_that_takes_anything_has_a_pace(tmp_path) -> None:
    app = create_app(Settings(home=tmp_path, secret=SECRET, prefect_port=9, nudge_port=9, posts_per_minute=1))
    http = TestClient(app, client=("203.0.113.7", 5000), follow_redirects=False, raise_server_exceptions=False)
    for method, path in (("POST", "/none"), ("GET", "/none"), ("GET", "/api/none")):
        for _ in range(max(FACTORS.values())):
            http.request(method, path)
    answers = {(method, path): http.request(method, filled(path)) for method, path in ROUTES}
    assert {path for (_, path), answer in answers.items() if answer.status_code != 429} == UNLIMITED
    slow = [answer for answer in answers.values() if answer.status_code == 429]
    assert {answer.headers["retry-after"] for answer in slow} == {"60"}
    assert all("frame-ancestors" in answer.headers["content-security-policy"] for answer in slow)
    assert {answer.headers["content-type"] for (_, path), answer in answers.items() if path.startswith("/api/")} == {"application/problem+json"}
    assert TestClient(app, client=("203.0.113.8", 5000), follow_redirects=False).get("/apply").status_code == 200, "others may come"
    app.state.door.db.close()


@pytest.mark.parametrize(
    ("address", "house"), [("203.0.113.7", "203.0.113.7"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"), ("::1", "::/64"), ("", "")]
)
def test_a_house_with_a_thousand_addresses_is_one(address: str, house: str) -> None:
    assert neighbourhood(address) == house


@pytest.fixture
def strict(door: Entrance) -> TestClient:
    return TestClient(door.http.app, base_url="http://127.0.0.1:8700", client=("127.0.0.1", 5000), follow_redirects=False, raise_server_exceptions=False)


def assert_careful(answer, path: str) -> None:
    policy, headers = answer.headers["content-security-policy"], answer.headers
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    scripts = directives.get("script-src", directives.get("default-src", ""))
    assert "unsafe" not in scripts, path
    assert not {"*", "http:", "https:", "data:"} & set(scripts.split()), path
    assert "frame-ancestors" in directives, path
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer"), path
    if headers.get("content-type", "").startswith("text/html"):
        assert directives["default-src"] == "'none'", path
    if "{" in path or path.startswith("/api"):
        assert headers["cache-control"] == "no-store", path


def test_every_answer_of_every_route_tells_browsers_to_be_careful_refusals_too(door: Entrance, strict: TestClient) -> None:
    for method, path in ROUTES:
        assert_careful(strict.request(method, filled(path)), path)
    for path in ("/none", "/static/css/studio.css", "/openapi.json"):
        assert_careful(strict.get(path), path)


def test_so_does_every_page_behind_a_link(door: Entrance, strict: TestClient) -> None:
    deal_id = door.deal(a_proposal, sales="proposed")
    shown = set()
    for kind in sorted(set(links.PATHS) - {"invoice", "invoice-staff"}):
        answer = strict.get(door.link(kind, deal_id))
        assert_careful(answer, "/{token}")
        shown |= {kind} if answer.status_code == 200 else set()
    assert {"proposal", "brief", "contract", "approve", "project", "unsubscribe"} & shown >= {"proposal", "unsubscribe"}


def test_an_answer_of_a_crash_is_as_careful(door: Entrance, strict: TestClient) -> None:
    _, page = door.proposed()
    door.now_over(None)
    for path in (page, "/api/deals/1", "/health/ready"):
        answer = strict.get(path, headers={"Authorization": "Bearer sf_x"})
        assert answer.status_code == 500
        assert_careful(answer, path)
    door.now_over(door.db)
