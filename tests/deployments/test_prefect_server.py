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

import pytest

from deployments.prefect_server import environment
from models.settings import ROOT, read

FIRST_TO_WRITE = """
import asyncio, os, sqlite3, sys
from deployments.prefect_server import begin_immediately, environment
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


def test_a_transaction_of_the_pinned_server_takes_the_write_lock_at_its_start(tmp_path):
    stock, ours = (
        subprocess.run(
            [sys.executable, "-c", FIRST_TO_WRITE, whose], cwd=ROOT, env=os.environ | {"STUDIO_HOME": str(tmp_path)},
            capture_output=True, text=True, timeout=100, check=True,
        ).stdout.split()[-1] for whose in ("stock", "ours")
    )  # fmt: skip
    assert stock == "True", "upstream takes the lock itself now: drop begin_immediately"
    assert ours == "False"


def test_what_the_environment_gives_wins(tmp_path):
    given = {"PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://db/prefect", "HOME": "/root"}
    made = environment(read(home=tmp_path), given)
    assert made["PREFECT_API_DATABASE_CONNECTION_URL"] == "postgresql+asyncpg://db/prefect"
    assert "HOME" not in made


def test_usage_is_reported_to_nobody(tmp_path):
    made = environment(read(home=tmp_path), {})
    assert (made["DO_NOT_TRACK"], made["PREFECT_SERVER_ANALYTICS_ENABLED"]) == ("1", "false")


@pytest.mark.parametrize(("host", "on"), [("127.0.0.1", "false"), ("localhost", "false"), ("0.0.0.0", "true"), ("10.0.0.8", "true")])
def test_forged_requests_are_guarded_against_wherever_others_reach_the_server(tmp_path, host, on):
    made = environment(read(home=tmp_path, host=host), {})
    assert made["PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"] == on
    assert made.get("PREFECT_SERVER_CSRF_PROTECTION_ENABLED", "false") == on


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    home, port = tmp_path_factory.mktemp("home"), free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.prefect_server"], cwd=ROOT, stdout=log, stderr=log,
            env=env | {"STUDIO_HOME": str(home), "STUDIO_PREFECT_PORT": str(port)},
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
def test_the_ui_is_served_and_knows_where_its_api_is(server):
    url, _ = server
    with urllib.request.urlopen(f"{url}/", timeout=20) as page:
        assert b"<title>" in page.read()
    with urllib.request.urlopen(f"{url}/ui-settings", timeout=20) as answer:
        assert json.load(answer)["api_url"] == f"{url}/api"


@pytest.mark.engine
def test_everything_of_the_server_lies_below_home(server):
    _, home = server
    assert (home / "prefect" / "prefect.db").exists()


def keep_writing(place: Any, done: threading.Event) -> None:
    connection = sqlite3.connect(place, timeout=60, isolation_level=None)
    while not done.is_set():
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE flow SET updated = updated")
        done.wait(0.02)
        connection.execute("COMMIT")
        done.wait(0.005)
    connection.close()


def post(url: str, body: dict[str, Any]) -> tuple[int, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, json.load(answer)
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
