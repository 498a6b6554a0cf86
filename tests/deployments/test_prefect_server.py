import base64
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from deployments.prefect_server import check_guarded, environment
from models.errors import BadSetup
from models.settings import ROOT, read
from tests.e2e.browser import chromium


def test_what_the_environment_gives_wins(tmp_path):
    given = {"PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://db/prefect", "HOME": "/root"}
    made = environment(read(home=tmp_path), given)
    assert made["PREFECT_API_DATABASE_CONNECTION_URL"] == "postgresql+asyncpg://db/prefect"
    assert "HOME" not in made


def test_usage_is_reported_to_nobody(tmp_path):
    made = environment(read(home=tmp_path), {})
    assert (made["DO_NOT_TRACK"], made["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")


PAGES = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"


def test_prefect_lets_in_the_pages_of_its_own_ui_and_those_that_the_environment_names(tmp_path):
    ours = "http://127.0.0.1:4200,http://localhost:4200,http://[::1]:4200"
    assert environment(read(home=tmp_path), {})[PAGES] == ours
    assert environment(read(home=tmp_path), {"PREFECT_UI_API_URL": "https://prefect.example/api"})[PAGES] == f"{ours},https://prefect.example"
    assert environment(read(home=tmp_path), {PAGES: "https://board.example"})[PAGES] == "https://board.example"


LOGIN = "studio:a password of the tests"
ASKED, SAID = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"


@pytest.mark.parametrize(("host", "login"), [("127.0.0.1", None), ("localhost", None), ("0.0.0.0", LOGIN), ("10.0.0.8", LOGIN)])
def test_wherever_others_reach_the_server_it_asks_for_a_login_and_our_own_parts_say_it(tmp_path, host, login):
    made = environment(read(home=tmp_path, host=host, prefect_auth=LOGIN), {})
    assert (made.get(ASKED), made.get(SAID)) == (login, login)


@pytest.mark.parametrize(
    ("given", "asked", "said"),
    [
        ({"PREFECT_API_URL": "http://engine.example/api"}, None, LOGIN),
        ({"PREFECT_API_URL": "https://api.prefect.cloud/api", "PREFECT_API_KEY": "pnu_1"}, None, None),
        ({"PREFECT_API_URL": "http://engine.example/api", SAID: "their:own"}, None, "their:own"),
        ({ASKED: "our:own"}, "our:own", "our:own"),
        ({"PREFECT_UI_API_URL": "https://prefect.example/api"}, LOGIN, LOGIN),
        ({"PREFECT_SERVER_UI_API_URL": "/api"}, LOGIN, LOGIN),
        ({"PREFECT_UI_API_URL": "http://localhost:4200/api"}, None, None),
        ({"PREFECT_UI_API_URL": "https://app.prefect.cloud/api", "PREFECT_API_URL": "https://api.prefect.cloud/api", "PREFECT_API_KEY": "pnu_1"}, None, None),
    ],
)
def test_a_server_elsewhere_is_told_the_login_that_all_hosts_share_unless_it_has_its_own(tmp_path, given, asked, said):
    made = environment(read(home=tmp_path, prefect_auth=LOGIN), given)
    assert (made.get(ASKED), made.get(SAID)) == (asked, said)


@pytest.mark.parametrize("login", ["", "a password without a user", "studio:short", ":a password of nobody"])
def test_nothing_starts_where_others_would_reach_a_server_that_asks_nobody(tmp_path, monkeypatch, login):
    for name in (ASKED, SAID, "PREFECT_API_URL", "PREFECT_UI_API_URL", "STUDIO_PREFECT_AUTH"):
        monkeypatch.delenv(name, raising=False)
    check_guarded(read(home=tmp_path, prefect_auth=login))
    check_guarded(read(home=tmp_path, host="10.0.0.8", prefect_auth=LOGIN))
    with pytest.raises(BadSetup, match="STUDIO_PREFECT_AUTH does not protect it") as refused:
        check_guarded(read(home=tmp_path, host="10.0.0.8", prefect_auth=login))
    assert not login or login not in str(refused.value)
    monkeypatch.setenv("PREFECT_UI_API_URL", "https://prefect.example/api")
    check_guarded(read(home=tmp_path, prefect_auth=LOGIN))
    with pytest.raises(BadSetup, match="PREFECT_UI_API_URL is https://prefect.example/api, where others reach"):
        check_guarded(read(home=tmp_path, prefect_auth=login))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home, port = tmp_path_factory.mktemp("home"), free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.prefect_server"], cwd=ROOT, stdout=log, stderr=log,
            env=env | {"STUDIO_HOME": str(home), "STUDIO_PREFECT_PORT": str(port), "STUDIO_HOST": "0.0.0.0", "STUDIO_PREFECT_AUTH": LOGIN},
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/api/health", process)
        yield url, home
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.engine
def test_forty_runs_made_at_once_while_another_writes_are_all_made(server):
    url, home = server
    _, flow = post(f"{url}/api/flows/", {"name": "crowd"})
    done = threading.Event()
    writer = threading.Thread(target=keep_writing, args=(home / "prefect" / "prefect.db", done))
    writer.start()
    try:
        with ThreadPoolExecutor(40) as threads:
            made = list(threads.map(lambda n: post(f"{url}/api/flow_runs/", {"flow_id": flow["id"], "name": f"run {n}"}), range(40)))
    finally:
        done.set()
        writer.join()
    assert [status for status, _ in made] == [201] * 40
    assert len({run["id"] for _, run in made}) == 40


@pytest.mark.engine
@pytest.mark.parametrize("login", ["", "studio:guessed", LOGIN[:-1]])
def test_nobody_gets_in_without_the_login_but_probes_of_health(server, login):
    url, _ = server
    assert post(f"{url}/api/flows/", {"name": "mine"}, login)[0] == 401
    assert post(f"{url}/api/flow_runs/filter", {}, login)[0] == 401
    header = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login else {}
    assert [httpx.get(f"{url}/api/{probe}", headers=header).status_code for probe in ("health", "ready", "admin/version")] == [200, 200, 401]


@pytest.mark.engine
def test_a_server_without_a_login_answers_our_programs_and_its_own_ui_and_no_other_page(tmp_path):
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.prefect_server"], cwd=ROOT, stdout=log, stderr=log,
            env=env | {"STUDIO_HOME": str(tmp_path / "home"), "STUDIO_PREFECT_PORT": str(port)},
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{url}/api/health", process)
        made = [httpx.post(f"{url}/api/flows/", json={"name": "mine"}, headers=headers, timeout=60) for headers in (
            {}, {"Origin": url}, {"Origin": f"http://localhost:{port}"}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"},
        )]  # fmt: skip
        assert [one.status_code for one in made] == [201, 200, 200, 403, 403, 403]
        assert "no page of the Prefect UI" in made[-1].text
        answers = [*made, *(httpx.get(f"{url}{path}", timeout=60) for path in ("/", "/runs", "/api/health", "/nothing/here", "/api/nothing"))]
        assert {one.headers["content-security-policy"] for one in answers} == {"frame-ancestors 'self'"}
        assert {one.headers["x-frame-options"] for one in answers} == {"SAMEORIGIN"}
        assert made[2].headers["access-control-allow-origin"] == f"http://localhost:{port}"
        address = f"ws://127.0.0.1:{port}/api/events/in"
        connect(address, proxy=None).close()
        connect(address, origin=Origin(url), proxy=None).close()
        with pytest.raises(InvalidStatus, match="403"):
            connect(address, origin=Origin("http://evil.example"), proxy=None)
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def browser():
    yield from chromium()


@pytest.mark.engine
@pytest.mark.browser
def test_the_ui_asks_for_the_login_once_and_shows_the_runs_then(server, browser):
    url, _ = server
    _, flow = post(f"{url}/api/flows/", {"name": "to be seen"})
    assert post(f"{url}/api/flow_runs/", {"flow_id": flow["id"], "name": "a run to be seen"})[0] == 201
    page = browser.new_page()
    page.goto(f"{url}/runs")
    field = page.locator("input[type=password]")
    field.fill("studio:guessed")
    field.press("Enter")
    expect(page.get_by_text("Authentication failed").first).to_be_visible()
    field.fill(LOGIN)
    field.press("Enter")
    expect(page.get_by_text("Flow runs").first).to_be_visible()
    page.goto(f"{url}/runs")
    expect(page.get_by_text("Flow runs").first).to_be_visible()
    page.close()


@pytest.mark.engine
@pytest.mark.browser
def test_no_other_page_shows_the_ui_in_a_frame_and_its_own_does(server, browser):
    url, _ = server
    page = browser.new_page()
    frame = f'<iframe name="inside" src="{url}/"></iframe>'
    page.route("http://evil.example/**", lambda route: route.fulfill(content_type="text/html", body=frame))

    def shown() -> str:
        page.wait_for_function("frames.length == 1")
        inside = page.frame("inside")
        inside.wait_for_load_state()
        return inside.url

    page.goto("http://evil.example/")
    assert shown().startswith("chrome-error:")
    page.goto(f"{url}/api/health")
    page.evaluate("frame => { document.body.innerHTML = frame }", frame)
    page.wait_for_function("frames[0].document.querySelector('input[type=password]')")
    assert shown().startswith(url)
    page.close()


@pytest.mark.engine
def test_what_is_on_a_schedule_gets_its_runs(server):
    url, _ = server
    _, flow = post(f"{url}/api/flows/", {"name": "housekeeping"})
    every_minute = {"active": True, "schedule": {"interval": 60}}
    status, made = post(f"{url}/api/deployments/", {"name": "housekeeping", "flow_id": flow["id"], "schedules": [every_minute]})
    assert status == 201, made
    assert post(f"{url}/api/deployments/{made['id']}/schedule", {"min_runs": 2})[0] == 200
    _, runs = post(f"{url}/api/flow_runs/filter", {"deployments": {"id": {"any_": [made["id"]]}}})
    assert len(runs) >= 2
    assert {run["state"]["type"] for run in runs} == {"SCHEDULED"}


@pytest.mark.engine
def test_everything_of_the_server_lies_below_home_its_ui_too(server):
    url, home = server
    assert (home / "prefect" / "prefect.db").exists()
    with urllib.request.urlopen(f"{url}/", timeout=30) as answer:
        page = answer.read().decode()
    assert (home / "prefect" / "ui" / "v1" / "index.html").read_text() == page


def keep_writing(place: Any, done: threading.Event) -> None:
    connection = sqlite3.connect(place, timeout=60, isolation_level=None)
    while not done.is_set():
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE flow SET updated = updated")
        done.wait(0.02)
        connection.execute("COMMIT")
        done.wait(0.005)
    connection.close()


def post(url: str, body: dict[str, Any], login: str = LOGIN) -> tuple[int, Any]:
    header = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login else {}
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"} | header)
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {"id": error.read()}


def wait_for(url: str, process: subprocess.Popen) -> None:
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        assert process.poll() is None
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("The server did not come up.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
