"""The parts of a system as lives that a nest hatches; one nest serves every system of a test process."""

import atexit
import json
import subprocess
import sys
import threading
import time
from functools import cache
from typing import Any

from models.settings import ROOT

ENDS_WITHIN = 20


class Life:
    """A process that a nest has hatched; it has the part of `Popen` that a system asks for."""

    def __init__(self, pid: int, dead: set[int]) -> None:
        self.pid = pid
        self._dead = dead

    def poll(self) -> int | None:
        return 0 if self.pid in self._dead else None

    def wait(self, timeout: float = ENDS_WITHIN) -> None:
        until = time.monotonic() + timeout
        while self.poll() is None:
            assert time.monotonic() < until, f"process {self.pid} does not end"
            time.sleep(0.02)


class Nest:
    """The process that hatches lives. One order at a time."""

    def __init__(self) -> None:
        self._dead: set[int] = set()
        self._hatched: list[int] = []
        self._heard = threading.Condition()
        self._order = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nest"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, text=True
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def hatch(self, order: dict[str, Any]) -> Life:
        """Begin a life: a part, its port, whole environment and log, the points at which it dies or kills, whom, and where they are noted."""
        with self._order, self._heard:
            self._process.stdin.write(json.dumps({"port": 0, "deadly": [], "note": "", "kills": [], "whom": ""} | order) + "\n")
            self._process.stdin.flush()
            assert self._heard.wait_for(lambda: self._hatched, timeout=120), "the nest hatches nothing"
            return Life(self._hatched.pop(), self._dead)

    def end(self) -> None:
        """No more orders: whoever lives ends."""
        self._process.stdin.close()
        self._process.wait(timeout=ENDS_WITHIN)
        self._process.stdout.close()

    def _listen(self) -> None:
        for line in self._process.stdout:
            said = json.loads(line)
            with self._heard:
                if "dead" in said:
                    self._dead.add(said["dead"])
                else:
                    self._dead.discard(said["hatched"])  # numbers come again
                    self._hatched.append(said["hatched"])
                self._heard.notify_all()


@cache
def nest() -> Nest:
    """The nest of this test process."""
    one = Nest()
    atexit.register(one.end)
    return one
