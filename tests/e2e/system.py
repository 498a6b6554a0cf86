"""The whole system as a user runs it, in processes of its own, so that a test can watch, stop and kill its parts."""

import base64
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deployments import health, secrets_file
from deployments.prefect_server import SAID, environment
from models.db import Database
from models.migrate import upgrade
from models.settings import ROOT, Settings, read
from tests.hatching import Life, nest

PARTS = {
    "prefect": [sys.executable, "-m", "deployments.prefect_server"],
    "worker": [sys.executable, "-m", "deployments.worker"],
    "runner": [sys.executable, "-m", "deployments.runner"],
    "sandbox": [sys.executable, "-m", "uvicorn", "deployments.sandbox.app:create_app", "--factory", "--log-level", "warning"],
    "api": [sys.executable, "-m", "uvicorn", "api.app:create_app", "--factory", "--log-level", "warning"],
}

HATCHED = ("prefect", "worker", "sandbox", "api")


def patience() -> float:
    """How many times longer than usual a test waits: where much dies, or the machine is slow."""
    return float(os.environ.get("STUDIO_TEST_PATIENCE", "1"))


def free_port() -> int:
    """A port nobody listens on, and whose neighbour is free as well."""
    while True:
        with socket.socket() as one, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@dataclass
class System:
    """Prefect server, worker and api on free ports below `home`."""

    home: Path
    over: dict[str, str] = field(default_factory=dict)
    running: dict[str, Life | subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (worker := os.environ.get("STUDIO_TEST_WORKER", "warm")) != "warm":
            self.over = {"STUDIO_WORKER": worker} | self.over
        secrets_file.ensure(self.home)
        self.clock = self.home / "clock"
        api = free_port()
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "STUDIO_"))} | {
            "STUDIO_HOME": str(self.home), "STUDIO_SECRET": "for tests only", "STUDIO_API_PORT": str(api),
            "STUDIO_PREFECT_PORT": str(free_port()), "STUDIO_SANDBOX_PORT": str(free_port()),
            "STUDIO_CLOCK_FILE": str(self.clock), "STUDIO_APPLY_MIN_SECONDS": "0",
            "STUDIO_APPLY_PER_HOUR": "100000", "STUDIO_POSTS_PER_MINUTE": "100000", "STUDIO_WORKER_POLL": "1", "STUDIO_WAKER_SECONDS": "2",
        } | self.over  # fmt: skip
        self.settings: Settings = read(**{name.removeprefix("STUDIO_").lower(): value for name, value in self.env.items() if name.startswith("STUDIO_")})
        self.env |= environment(self.settings, self.over)
        if self.is_plain:
            copied(self.home)
        self.db = Database(self.settings.database)
        upgrade(self.db)

    @property
    def is_plain(self) -> bool:
        """Whether its databases are files and its runs the warm worker's, as those of most systems."""
        return not SET_APART & set(self.over)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.settings.api_port}"

    @property
    def ports(self) -> dict[str, int]:
        return {"api": self.settings.api_port, "sandbox": self.settings.sandbox}

    def start(self, *names: str) -> None:
        names = names or tuple(name for name in PARTS if name != "runner" or self.settings.worker == "process")
        for name in names:
            self.running[name] = self._launch(name)
        for name in names:
            self._await_health(name)
        if self.is_plain:
            keep(self.home)

    def _launch(self, name: str) -> Life | subprocess.Popen[bytes]:
        if name in HATCHED and not SET_APART & set(self.over):
            return nest().hatch(self._order(name))
        port = ["--port", str(self.ports[name])] if name in self.ports else []
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen([*PARTS[name], *port], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True)

    def _order(self, name: str) -> dict[str, Any]:
        return {"part": name, "port": self.ports.get(name, 0), "log": str(self.home / f"{name}.log"), "env": self.env}

    def kill(self, name: str, sign: int = signal.SIGKILL) -> None:
        part = self.running.pop(name, None)
        if part is None:
            return
        os.killpg(part.pid, sign)
        part.wait(timeout=20)

    def rest(self) -> None:
        """End every part; what it holds stays, and `start` goes on with it."""
        for name in list(self.running):
            self.kill(name)
        if self.settings.worker == "process":
            self._end_runs()

    def _end_runs(self) -> None:
        """A run's own process is in no group of ours, and would go on asking for a server that is gone."""
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if b"prefect.engine" in (place / "cmdline").read_bytes() and os.fsencode(self.home) in (place / "environ").read_bytes():
                    os.kill(int(place.name), signal.SIGKILL)

    def stop(self) -> None:
        self.rest()
        self.db.close()

    def advance(self, *, days: float = 0, minutes: float = 0) -> None:
        """Let the studio's clock jump ahead, and the waker look at it."""
        before = float(self.clock.read_text()) if self.clock.exists() else 0.0
        self.clock.write_text(str(before + days * 86400 + minutes * 60))
        self.nudge()

    def advance_to(self, moment: datetime) -> None:
        """Let the clock jump to a minute past a moment that lies ahead."""
        self.advance(minutes=(moment - self.now()).total_seconds() / 60 + 1)

    def now(self) -> datetime:
        """The studio's time."""
        ahead = float(self.clock.read_text()) if self.clock.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=ahead)

    def nudge(self) -> None:
        from models.nudges import nudge

        nudge(self.settings.nudges, self.db)

    def prefect(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the Prefect server, with the login that its parts say, if any; an error answer is returned as {"status": …}."""
        word = self.env.get(SAID)
        login = {"Authorization": f"Basic {base64.b64encode(word.encode()).decode()}"} if word else {}
        request = urllib.request.Request(
            f"{self.settings.prefect_api}{path}", method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"} | login,
        )  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return {"status": error.code, "text": error.read().decode()}

    def run_named(self, start: str) -> dict[str, Any] | None:
        found = [run for run in self.prefect("POST", "/flow_runs/filter", {"sort": "START_TIME_DESC"}) if run["name"].startswith(start)]
        return found[0] if found else None

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")[-6000:]

    def _await_health(self, name: str) -> None:
        checks: dict[str, Callable[[], bool]] = {
            "prefect": lambda: _answers(f"{self.settings.prefect_api}/health"),
            "api": lambda: _answers(f"{self.base}/health/live"),
            "sandbox": lambda: _answers(health.sandbox(self.settings)),
            "worker": lambda: _has_lease(self.db, self.running["worker"].pid),
            "runner": lambda: self.running["runner"].poll() is None,
        }
        eventually(checks[name], f"{name} is not healthy:\n{self.log(name)}", seconds=90)


FIRST: dict[str, bytes] = {}
"""The databases of this process's first system as it stood when it was well: the next ones need not make every table and deployment anew."""
SET_APART = {"STUDIO_DATABASE_URL", "STUDIO_WORKER", "PREFECT_API_DATABASE_CONNECTION_URL"}
FORGOTTEN = {"studio.db": ("lease",), "prefect/prefect.db": ("flow_run", "worker")}
"""What a new system must not find: whoever worked on the first one, and its runs."""


def keep(home: Path) -> None:
    """Keep the databases of the first system that is well."""
    if FIRST or not (home / "prefect" / "prefect.db").is_file():
        return
    found = {}
    for name, tables in FORGOTTEN.items():
        with closing(sqlite3.connect(home / name, timeout=20)) as there, closing(sqlite3.connect(":memory:")) as copy:
            there.backup(copy)
            for table in tables:
                copy.execute(f"DELETE FROM {table}")
            copy.commit()
            found[name] = copy.serialize()
    FIRST.update(found)


def copied(home: Path) -> None:
    """Give an empty home the databases that were kept; one that has any of its own is left as it is."""
    if any((home / name).exists() for name in FIRST):
        return
    for name, content in FIRST.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@dataclass
class Trouble:
    """When something was last killed on purpose where everything is, once each: nobody is late while that goes on."""

    at: float = 0.0

    def comes(self) -> None:
        self.at = time.monotonic()


TROUBLE = Trouble()


def eventually(check: Callable[[], Any], otherwise: str | Callable[[], str], *, seconds: float = 40) -> Any:
    """The first true answer of `check`; an assertion error with the reason when there is none in time, counted from the last trouble."""
    began = time.monotonic()
    while time.monotonic() < max(began, TROUBLE.at) + seconds * patience():
        found = check()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(otherwise if isinstance(otherwise, str) else otherwise())


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def _has_lease(db: Database, pid: int) -> bool:
    from datetime import UTC, datetime

    from sqlmodel import col, select

    from models.tables import Lease

    with db.reading() as session:
        names = session.exec(select(Lease.name).where(col(Lease.until) > datetime.now(UTC))).all()
    return any(f"/{pid}/" in name for name in names)
