"""Whether the system runs on this home already: one locked file, `studio.pid`, so that a dead process number misleads nobody."""

import contextlib
import fcntl
import json
import os
import signal
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path

from models.settings import Settings

STOP_SECONDS = 25
LOOKS = 10


@dataclass(frozen=True)
class Running:
    """A supervisor at work on a home: its process, its ports, and whether everything came up well."""

    pid: int
    api_port: int
    prefect_port: int
    ready: bool = False

    @property
    def ports(self) -> dict[str, int]:
        """The ports as settings know them."""
        return {"api_port": self.api_port, "prefect_port": self.prefect_port}


class Claim:
    """Our hold of a home; `ready` writes down that all is well."""

    def __init__(self, handle: int, running: Running) -> None:
        self._handle = handle
        self._running = running
        self._write(running)

    def ready(self) -> None:
        """Tell everybody who looks that the system is up."""
        self._write(Running(**asdict(self._running) | {"ready": True}))

    def _write(self, running: Running) -> None:
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, json.dumps(asdict(running)).encode(), 0)


@contextlib.contextmanager
def claim(settings: Settings) -> Generator[Claim | None]:
    """Hold the home of these settings for the length of the block; None when another process holds it."""
    handle = os.open(settings.path("studio.pid"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _locked(handle):
            yield None
            return
        yield Claim(handle, Running(pid=os.getpid(), api_port=settings.api_port, prefect_port=settings.prefect_port))
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def find(home: Path) -> Running | None:
    """Who runs on `home`, if anybody does."""
    place = home / "studio.pid"
    with contextlib.suppress(FileNotFoundError), place.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(ValueError, TypeError):
                return Running(**json.loads(file.read()))
    return None


def stop(home: Path, running: Running) -> bool:
    """Ask it to stop and wait until it has, 25 seconds at most; whether it has."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(running.pid, signal.SIGTERM)
    limit = time.monotonic() + STOP_SECONDS
    while time.monotonic() < limit:
        if find(home) is None:
            return True
        time.sleep(0.1)
    return False


def _locked(handle: int) -> bool:
    for _ in range(LOOKS):  # somebody who only looks holds the file for a moment
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.02)
        else:
            return True
    return False
