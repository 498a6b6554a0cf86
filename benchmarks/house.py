"""The system that is measured: started by `up` as an owner starts it, on a home and ports of its own, settings as they come."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.exc import OperationalError
from sqlmodel import col, select

from benchmarks.processes import SMAPS, family
from deployments import running
from models.errors import StudioError
from models.settings import ROOT
from models.stages import RunState
from models.tables import StageRun
from tests import services
from tests.e2e.system import System, eventually

PATIENCE = 180.0
LOOK = 0.025
SEEN = 0.1
BUSY = (RunState.WANTED, RunState.CREATED, RunState.RUNNING)


@contextmanager
def _postgres() -> Generator[dict[str, str]]:
    try:
        with services.grown(lasting=True) as databases:
            yield databases
    except (OperationalError, RedisError, LookupError) as error:
        raise StudioError(f"PostgreSQL and Redis are needed here, at STUDIO_TEST_POSTGRES_URL and STUDIO_TEST_REDIS_URL: {error}") from error


PROFILES: dict[str, Callable[[], AbstractContextManager[dict[str, str]]]] = {"embedded": lambda: nullcontext({}), "postgres": _postgres}
"""On which databases a system is measured: what `up` comes with, or PostgreSQL for ours and for Prefect's, and Redis between its parts."""


@dataclass
class House(System):
    """The system under `up`. Its client is in no hurry to prove that it is none of the robots, and applies as often as it likes."""

    profile: str = "embedded"
    up: subprocess.Popen[bytes] | None = None
    marks: int = 0

    def __post_init__(self) -> None:
        kept = {"STUDIO_SECRET": secrets.token_urlsafe(32), "STUDIO_WORKER_POLL": "15", "STUDIO_WAKER_SECONDS": "60"}
        self.over = kept | self.over
        super().__post_init__()

    def start(self, *_names: str) -> None:
        """Start it and return once all is well. Raises StudioError with its last words when it does not come up."""
        # An address of Prefect in the environment would be taken for somebody else's engine.
        env = {name: value for name, value in self.env.items() if name in self.over or not name.startswith("PREFECT_")}
        command = [sys.executable, "-m", "deployments.cli", "up"]
        with (self.home / "up.log").open("ab") as log:
            self.up = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.up.poll() is None:
            found = running.find(self.home)
            if found and found.ready:
                return
            time.sleep(LOOK)
        raise StudioError(f"The system does not come up:\n{(self.home / 'up.log').read_text(errors='replace')[-2000:]}")

    def halt(self) -> None:
        """Stop it as `down` does; its home stays."""
        if self.up and self.up.poll() is None:
            self.up.terminate()
            try:
                self.up.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.up.kill()
                self.up.wait()

    def stop(self) -> None:
        """Stop it for good."""
        self.halt()
        self.db.close()

    def log(self, name: str) -> str:
        """The last words of a part."""
        place = self.home / "logs" / f"{name}.log"
        return place.read_text(errors="replace")[-3000:] if place.exists() else ""

    def adopt(self) -> None:
        """Give this process the settings of the system's own; before Prefect is imported, which reads them then."""
        os.environ.update({name: value for name, value in self.env.items() if name.startswith(("PREFECT_", "STUDIO_"))})

    @property
    def pid(self) -> int:
        """The supervisor's process. Raises StudioError when the system is not up."""
        if self.up is None:
            raise StudioError("The system is not up.")
        return self.up.pid

    def spent(self) -> dict[str, float]:
        """Processor seconds so far by process; none where that cannot be read."""
        if not SMAPS.exists():
            return {}
        return {one.name: one.seconds for one in family(self.pid) if one.seconds >= SEEN}

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the Prefect server. Raises StudioError when it refuses."""
        answer = self.prefect(method, path, body)
        if isinstance(answer, dict) and set(answer) == {"status", "text"}:
            raise StudioError(f"{method} {path} was answered {answer['status']} by the Prefect server: {answer['text'][:500]}")
        return answer

    def settle(self, seconds: float = PATIENCE) -> None:
        """Wait until no stage has anything to do. Raises StudioError when that does not come."""

        def idle() -> bool:
            with self.db.reading() as session:
                return session.exec(select(StageRun.id).where(col(StageRun.state).in_([state.value for state in BUSY]))).first() is None

        def quiet() -> bool:
            if not idle():
                return False
            time.sleep(0.5)  # between the end of one stage and the run of the next nothing is busy for a moment
            return idle()

        self.until(quiet, "the stages come to rest", seconds)

    def until(self, look: Any, what: str, seconds: float = PATIENCE) -> Any:
        """The first true answer of `look`. Raises StudioError, with the worker's last words, when there is none in time."""
        try:
            return eventually(look, lambda: f"In {seconds:.0f} s this did not happen: {what}.\n{self.log('worker')}", seconds=seconds)
        except AssertionError as error:
            raise StudioError(str(error)) from None


def python_path(env: dict[str, str]) -> dict[str, str]:
    """An environment in which a child that starts elsewhere finds our modules."""
    return env | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [env.get("PYTHONPATH")])])}


@contextmanager
def at_home(over: dict[str, str] | None = None, profile: str = "embedded") -> Generator[House]:
    """A system that is up, on a home that goes away with the block; `profile` says on which databases.

    Raises StudioError when it does not come up, or its databases do not answer.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # else the system would outlive a bench that is told to stop
    try:
        with tempfile.TemporaryDirectory(prefix="studio-bench-", ignore_cleanup_errors=True) as folder, PROFILES[profile]() as databases:
            house = House(Path(folder) / "home", databases | (over or {}), profile=profile)
            try:
                house.start()
                yield house
            finally:
                house.stop()
    finally:
        signal.signal(signal.SIGTERM, before)
