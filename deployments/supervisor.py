"""The supervisor: starts the parts of the system, keeps them alive, and leaves nothing behind.

Every part runs in a process group of its own, so that its end is the end of whatever it had started. A guard, a tiny
shell that reads from a pipe only the supervisor holds, kills the groups should the supervisor itself be killed.
"""

import contextlib
import logging
import os
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from deployments import hatch
from deployments.hatch import Hatched

log = logging.getLogger("studioflow.supervisor")
TICK = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BAD_SETUP = 2
_GUARD = """
trap '' INT TERM HUP
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
[ "$groups" = ' ' ] || sleep 2
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
"""


@dataclass(frozen=True)
class Child:
    """A part to run. `trouble` is asked while the system starts: "" means that it is well.

    `main` names a function, `module:function`, that does the same as the command: where that can be, the part is a fork that calls it.
    """

    name: str
    command: Sequence[str]
    trouble: Callable[[], str] = lambda: ""
    main: str = ""


@dataclass(frozen=True)
class Policy:
    """How patient the supervisor is, in seconds, and when it gives up."""

    start: float = 120
    grace: float = 10
    deaths: int = 5
    within: float = 60
    pause: float = 0.5
    log_bytes: int = 5_000_000


@dataclass(frozen=True)
class End:
    """How it ended: the exit code (0 asked to stop, 1 gave up, 2 broken set-up) and why."""

    code: int
    why: str = ""


@dataclass
class _Running:
    child: Child
    log: Path
    process: subprocess.Popen[bytes] | Hatched | None = None
    due: float = 0
    deaths: deque[float] = field(default_factory=deque)


class Supervisor:
    """Runs `children` with `environment` (forks have the one of this process), their words in `logs`/<name>.log."""

    def __init__(
        self, children: Sequence[Child], logs: Path, environment: Mapping[str, str], *, cwd: Path, policy: Policy = Policy()
    ) -> None:
        self.policy = policy
        self._children = [_Running(child, logs / f"{child.name}.log") for child in children]
        self._environment = dict(environment)
        self._cwd = cwd
        self._stop = threading.Event()
        self._hurry = threading.Event()
        self._guard: subprocess.Popen[bytes] | None = None

    def run(self, ready: Callable[[], None], meanwhile: Callable[[], None] = lambda: None) -> End:
        """Start everything, call `ready` once all are well, and keep it so until told to stop or it is hopeless.

        `meanwhile` runs while the first child, the slowest, comes up; the others start after it. What it raises ends everything.
        """
        with self._signals(), self._guarded():
            try:
                self._start(self._children[0])
                meanwhile()
                return self._watch(ready)
            finally:
                self._end_all()

    def _watch(self, ready: Callable[[], None]) -> End:
        began, waiting, rounds = time.monotonic(), True, 0
        while not self._stop.is_set():
            for running in self._children:
                if end := self._keep(running):
                    return end
            if waiting:
                trouble = self._trouble()
                waiting = bool(trouble)
                if not waiting:
                    ready()
                elif time.monotonic() - began > self.policy.start:
                    return End(1, f"Not everything is well after {self.policy.start:.0f} s: {trouble}")
            elif rounds % 50 == 0:
                self._trim_logs()
            rounds += 1
            self._stop.wait(TICK if waiting else 2 * TICK)
        return End(0)

    def _keep(self, running: _Running) -> End | None:
        now = time.monotonic()
        if running.process is None:
            if now >= running.due:
                self._start(running)
            return None
        code = running.process.poll()
        if code is None:
            return None
        self._bury(running)
        if code == BAD_SETUP:
            return End(BAD_SETUP, _last_words(running.log))
        running.deaths.append(now)
        while running.deaths[0] < now - self.policy.within:
            running.deaths.popleft()
        if len(running.deaths) >= self.policy.deaths:
            times = f"{self.policy.deaths} times within {self.policy.within:.0f} s"
            last = _last_words(running.log)
            return End(1, f"The {running.child.name} died {times} (exit code {code}); the last line of {running.log} is: {last}")
        wait = self.policy.pause * 2 ** (len(running.deaths) - 1)
        running.due = now + wait
        log.warning("The %s died (exit code %d); it starts again in %.1f s.", running.child.name, code, wait)
        return None

    def _start(self, running: _Running) -> None:
        running.log.parent.mkdir(parents=True, exist_ok=True)
        with running.log.open("ab") as log:
            running.process = self._launch(running.child, log)
        self._tell_guard("+", running.process.pid)

    def _launch(self, child: Child, log: BinaryIO) -> subprocess.Popen[bytes] | Hatched:
        if child.main and hatch.CAN:
            return hatch.hatch(child.main, log.fileno(), name=child.name, cwd=self._cwd)
        return subprocess.Popen(
            list(child.command), cwd=self._cwd, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    def _bury(self, running: _Running) -> None:
        if running.process is None:
            return
        _signal_group(running.process.pid, signal.SIGKILL)  # what the dead one had started
        running.process.wait()
        self._tell_guard("-", running.process.pid)
        running.process = None

    def _trouble(self) -> str:
        for running in self._children:
            if running.process is None:
                return f"{running.child.name} is down"
            if trouble := running.child.trouble():
                return f"{running.child.name}: {trouble}; see {running.log}"
        return ""

    def _end_all(self) -> None:
        alive = [running.process for running in self._children if running.process]
        for process in alive:
            _signal_group(process.pid, signal.SIGTERM)
        limit = time.monotonic() + self.policy.grace
        while time.monotonic() < limit and not self._hurry.is_set() and any(process.poll() is None for process in alive):
            time.sleep(0.05)
        for running in self._children:
            self._bury(running)

    def _trim_logs(self) -> None:
        for running in self._children:
            # The part appends to the open file, so the file is copied and emptied, not moved away.
            if running.log.exists() and running.log.stat().st_size > self.policy.log_bytes:
                shutil.copyfile(running.log, running.log.with_suffix(".log.1"))
                os.truncate(running.log, 0)

    @contextlib.contextmanager
    def _guarded(self) -> Generator[None]:
        with subprocess.Popen(["/bin/sh", "-c", _GUARD], stdin=subprocess.PIPE, start_new_session=True) as guard:
            self._guard = guard
            yield

    def _tell_guard(self, sign: str, group: int) -> None:
        if self._guard and self._guard.stdin:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(f"{sign} {group}\n".encode())
                self._guard.stdin.flush()

    @contextlib.contextmanager
    def _signals(self) -> Generator[None]:
        before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: object) -> None:
        (self._hurry if self._stop.is_set() else self._stop).set()


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _last_words(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it left no word"
