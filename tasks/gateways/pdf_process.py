"""One child process that prints, seen from outside: started, asked, timed, ended."""

import contextlib
import ctypes
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

from models.errors import Refused, Unavailable
from tasks.gateways.pdf_child import Frame, read_frame, write_frame

APT_LINE = "apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core"
_ROOT = Path(__file__).resolve().parents[2]
_LIBRARIES = {"gobject-2.0": "0", "pango-1.0": "0", "harfbuzz": "0", "fontconfig": "1", "pangoft2-1.0": "0"}
_START_SECONDS = 60.0
_JOBS = 200
_KEPT = frozenset(
    {"HOME", "LANG", "LC_ALL", "PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH"}
)

log = logging.getLogger(__name__)


def missing_libraries() -> str | None:
    """The command that installs what WeasyPrint lacks on this machine, or None when nothing is missing. Takes milliseconds."""
    return None if all(_loads(name, version) for name, version in _LIBRARIES.items()) else APT_LINE


class NoLibraries(Unavailable):
    """The system libraries that WeasyPrint needs are not on this machine; pages are HTML only until they are."""


class PrintingProcess:
    """A running child. `end` it when it is not `is_fit` any more; after `idle` seconds without a document it ends by itself.

    Raises NoLibraries when they are missing, Unavailable when it does not start.
    """

    def __init__(self, memory_mb: int, idle: float) -> None:
        if line := missing_libraries():
            raise NoLibraries(f"PDFs cannot be printed before the libraries they need are installed: {line}")
        self._owner = os.getpid()
        self._jobs = 0
        self._folder = tempfile.mkdtemp(prefix="studio-pdf-")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tasks.gateways.pdf_child", str(memory_mb), str(idle)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            # No secret of ours goes along; a fixed hash seed keeps the order of sets, and so the bytes, the same.
            env={name: value for name, value in os.environ.items() if name in _KEPT} | {"TMPDIR": self._folder, "PYTHONHASHSEED": "0"},
        )
        ready, _ = self._within(_START_SECONDS, lambda: read_frame(_pipe(self._process.stdout)))
        if ready is None:
            self.end()
            raise Unavailable("The process that prints PDFs does not start.")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def is_fit(self) -> bool:
        """Whether it is ours, alive, and has not worked so long that a new one is due."""
        return self._owner == os.getpid() and self._jobs < _JOBS and self._process.poll() is None

    def do(self, job: dict[str, object], body: bytes, seconds: float) -> bytes | None:
        """The PDF of one document (`body`: its pieces); None when the process died and nobody knows why. Raises Refused."""
        self._jobs += 1
        reply, late = self._within(seconds, lambda: self._ask(job, body))
        if reply is None:
            self.end()
            if late or self._process.returncode == -signal.SIGXCPU:
                raise Refused(f"The document takes longer than {seconds:g} seconds to print, so it was stopped.")
            return None
        head, content = reply
        if head["ok"]:
            for url in head["denied"]:
                log.warning("A document asked for %s, which is not among its assets; it was printed without.", json.dumps(url))
            for flaw in head["flaws"]:
                log.warning("%s is printed, but is no faultless PDF/A. %s", json.dumps(job["title"]), flaw)
            return content
        if head["reason"] == "memory":
            self.end()
            raise Refused("The document takes too much memory to print, so it was stopped.")
        raise Refused(f"The document cannot be printed ({head['reason']}).")

    def end(self) -> None:
        """Kill the process and clear up after it. In a forked copy of our own process it is only forgotten."""
        if self._owner != os.getpid():
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                _pipe(pipe).close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ask(self, job: dict[str, object], body: bytes) -> Frame | None:
        try:
            write_frame(_pipe(self._process.stdin), job, body)
        except OSError:
            return None
        return read_frame(_pipe(self._process.stdout))

    def _within(self, seconds: float, act: Callable[[], Frame | None]) -> tuple[Frame | None, bool]:
        """What `act` gives, and whether the process had to be killed because time was up."""
        late = threading.Event()

        def stop() -> None:
            """Time is up: the child ends, and its caller learns why."""
            late.set()
            self._process.kill()

        watch = threading.Timer(seconds, stop)
        watch.daemon = True
        watch.start()
        try:
            return act(), late.is_set()
        finally:
            watch.cancel()


def _loads(name: str, version: str) -> bool:
    for file in (f"lib{name}.so.{version}", f"lib{name}.{version}.dylib", f"lib{name}.dylib"):
        with contextlib.suppress(OSError):
            ctypes.CDLL(file)
            return True
    return False


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise BrokenPipeError
    return pipe
