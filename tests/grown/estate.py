"""The grown system, each part a process of its own: PostgreSQL, Redis, Prefect's server in two halves, two workers, two apis."""

import itertools
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from sqlalchemy import create_engine, make_url, text

from deployments.prefect_server import ASKED, SAID
from models.settings import ROOT
from tests import services
from tests.e2e import leaks, system
from tests.e2e.system import System, eventually, free_port

LOGIN = f"studio:{leaks.LOGIN}"
"""Prefect's server asks for it, and every part says it, as wherever others reach the server: each composition has one."""
API = system.PARTS["api"]
PARTS = {
    "prefect": [*system.PARTS["prefect"], "--no-services"],
    "services": [*system.PARTS["prefect"], "--services"],
    "sandbox": system.PARTS["sandbox"],
    "worker-1": system.PARTS["worker"], "worker-2": system.PARTS["worker"],
    "api-1": API, "api-2": API,
}  # fmt: skip


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
        self.begin(*wanted)
        for name in wanted:
            self._await_health(name)

    def begin(self, *names: str) -> None:
        """Start parts, and do not wait for them; an api counts for clients at once."""
        for name in names:
            port = self.doors.get(name) or (self.settings.sandbox if name == "sandbox" else 0)
            with (self.home / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [*PARTS[name], *(["--port", str(port)] if port else [])], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
                )

    def is_well(self, name: str) -> None:
        """Wait for a part that was begun."""
        self._await_health(name)

    def kill(self, name: str, sign: int = signal.SIGKILL) -> None:
        assert name in self.running, f"{name} does not run"
        super().kill(name, sign)

    def cuts_every_line(self) -> None:
        """What PostgreSQL and Redis do when they are started anew: everybody who is in our database is thrown out, in the middle of a sentence."""
        with redis.Redis.from_url(self.settings.redis_url) as client:
            mine = str(client.connection_pool.connection_kwargs["db"])
            lines = [line["id"] for line in client.client_list() if line["db"] == mine and line["id"] != str(client.client_id())]
            assert sum(client.client_kill_filter(_id=line) for line in lines), "the halves of Prefect's server talk through it"
        with self.db.writing() as session:
            everybody = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            assert len(session.execute(everybody).all()) >= len(self.doors)

    @contextmanager
    def engine_without_database(self) -> Iterator[None]:
        """While the block goes on, PostgreSQL lets nobody into the database of Prefect."""
        name = make_url(self.over["PREFECT_API_DATABASE_CONNECTION_URL"]).database
        admin = create_engine(services.POSTGRES, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name})
            try:
                yield
            finally:
                connection.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
        admin.dispose()

    def log(self, name: str) -> str:
        names = [name] if name in PARTS else [one for one in PARTS if one.startswith(name)]
        return "\n".join(f"--- {one}\n{super(Estate, self).log(one)}" for one in names)

    def _await_health(self, name: str) -> None:
        checks = {
            "prefect": lambda: system._answers(f"{self.settings.prefect_api}/ready"),
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
    """A grown system that is up, on databases of its own, its Prefect server behind a login; nothing of it stays."""
    with services.grown() as over:
        one = Estate(home, _with_passwords(over) | {ASKED: LOGIN, SAID: LOGIN})
        try:
            one.start()
            yield one
        finally:
            one.stop()


def _with_passwords(over: dict[str, str]) -> dict[str, str]:
    """Addresses with a password in them, as an owner's have; services that ask for none take any."""
    hush = {"STUDIO_REDIS_URL": ("default", leaks.REDIS)}
    said = {}
    for name, address in over.items():
        url, (user, password) = make_url(address), hush.get(name, (None, leaks.POSTGRES))
        said[name] = url.set(username=url.username or user, password=url.password or password).render_as_string(hide_password=False)
    return said
