"""The grown system, each part a process of its own: PostgreSQL, Redis, Prefect's server in two halves, two workers, two apis."""

import itertools
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from sqlalchemy import create_engine, make_url, text

from models.settings import ROOT
from tests.e2e import system
from tests.e2e.system import System, eventually, free_port
from tests.parts import POSTGRES, REDIS

API = system.PARTS["api"]
PARTS = {
    "prefect": [*system.PARTS["prefect"], "--no-services"],
    "services": [*system.PARTS["prefect"], "--services"],
    "sandbox": system.PARTS["sandbox"],
    "worker-1": system.PARTS["worker"], "worker-2": system.PARTS["worker"],
    "api-1": API, "api-2": API,
}  # fmt: skip
MARK = "studioflow-tests"
REDIS_DATABASES = range(4, 16)


class Estate(System):
    """Every part beside every other; a client meets the apis in turn, as behind a reverse proxy that leaves out the dead."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.doors = {"api-1": self.settings.api_port, "api-2": free_port()}
        self._turn = itertools.count()

    @property
    def base(self) -> str:
        alive = [port for name, port in self.doors.items() if name in self.running]
        return f"http://127.0.0.1:{alive[next(self._turn) % len(alive)]}"

    def start(self, *names: str) -> None:
        wanted = names or tuple(PARTS)
        for name in wanted:
            port = self.doors.get(name) or (self.settings.sandbox if name == "sandbox" else 0)
            with (self.home / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [*PARTS[name], *(["--port", str(port)] if port else [])], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
                )
            if name == "prefect":  # it brings its database up to date, on which the others rely
                self._await_health(name)
        for name in wanted:
            self._await_health(name)

    def kill(self, name: str, sign: int = signal.SIGKILL) -> None:
        assert name in self.running, f"{name} does not run"
        super().kill(name, sign)

    def log(self, name: str) -> str:
        names = [name] if name in PARTS else [one for one in PARTS if one.startswith(name)]
        return "\n".join(f"--- {one}\n{super(Estate, self).log(one)}" for one in names)

    def _await_health(self, name: str) -> None:
        checks = {
            "prefect": lambda: system._answers(f"{self.settings.prefect_api}/health"),
            "sandbox": lambda: system._answers(f"http://127.0.0.1:{self.settings.sandbox}/health"),
            "services": lambda: True,
        } | {
            worker: lambda worker=worker: system._has_lease(self.db, self.running[worker].pid) for worker in ("worker-1", "worker-2")
        } | {
            api: lambda port=port: system._answers(f"http://127.0.0.1:{port}/health/live") for api, port in self.doors.items()
        }  # fmt: skip
        eventually(
            lambda: self.running[name].poll() is not None or checks[name](), lambda: f"{name} is not healthy:\n{self.log(name)}", seconds=120
        )
        assert self.running[name].poll() is None, f"{name} died:\n{self.log(name)}"


@contextmanager
def estate(home: Path) -> Iterator[Estate]:
    """A grown system that is up, on databases of its own; nothing of it stays."""
    with _postgres("studio") as ours, _postgres("prefect") as engine, _redis() as cache:
        one = Estate(home, {"STUDIO_DATABASE_URL": _plain(ours), "STUDIO_REDIS_URL": cache})
        one.env["PREFECT_API_DATABASE_CONNECTION_URL"] = _plain(engine).replace("postgresql://", "postgresql+asyncpg://")
        try:
            one.start()
            yield one
        finally:
            one.stop()


@contextmanager
def _postgres(what: str) -> Iterator[str]:
    name = f"{what}_grown_{os.getpid()}_{secrets.token_hex(3)}"
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))  # nothing in it has to outlive a power cut
    try:
        yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        admin.dispose()


@contextmanager
def _redis() -> Iterator[str]:
    """One of the server's databases that nobody uses, emptied afterwards."""
    for number in REDIS_DATABASES:
        with redis.Redis.from_url(f"{REDIS}/{number}") as client:
            if client.dbsize() == 0 and client.set(MARK, os.getpid(), nx=True):
                try:
                    yield f"{REDIS}/{number}"
                finally:
                    client.flushdb()
                return
    raise AssertionError(f"No database of {REDIS} is free.")


def _plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
