"""A system in which worker and api die at points and at random, and are started again at once, as the supervisor does."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.settings import ROOT
from tests.e2e.system import System, eventually

MORTAL = ("worker", "api")
LOOK = 0.05


class Life:
    """A process that a nest has hatched; it has the part of `Popen` that a system asks for."""

    def __init__(self, pid: int, dead: set[int]) -> None:
        self.pid = pid
        self._dead = dead

    def poll(self) -> int | None:
        return 0 if self.pid in self._dead else None

    def wait(self, timeout: float = 20) -> None:
        eventually(lambda: self.pid in self._dead, f"process {self.pid} does not end", seconds=timeout)


class Nest:
    """The process that hatches lives. One order at a time."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self._dead: set[int] = set()
        self._hatched: list[int] = []
        self._heard = threading.Condition()
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.nest"], cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                start_new_session=True, text=True,
            )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    def hatch(self, order: dict[str, Any]) -> Life:
        with self._heard:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            assert self._heard.wait_for(lambda: self._hatched, timeout=120), "the nest hatches nothing"
            return Life(self._hatched.pop(), self._dead)

    def end(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=20)
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


@dataclass
class House(System):
    """`deadly` are the points at which each part dies, once in the life of the house."""

    deadly: dict[str, set[str]] = field(default_factory=dict)
    deaths: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MORTAL, 0))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.note = self.home / "reached"
        self.nest = Nest(self.env, self.home / "nest.log")
        self._keeping = threading.Event()
        self._lock = threading.RLock()
        self._undertaker: threading.Thread | None = None

    @property
    def reached(self) -> list[str]:
        return list(dict.fromkeys(self.note.read_text().split())) if self.note.exists() else []

    def keep(self) -> None:
        """From now on whatever dies of worker and api lives again."""
        self._keeping.set()
        self._undertaker = threading.Thread(target=self._undertake, daemon=True)
        self._undertaker.start()

    def let_go(self) -> None:
        """Whatever dies from now on stays dead."""
        self._keeping.clear()
        if self._undertaker:
            self._undertaker.join()

    def arm(self, *, worker: Collection[str] = (), api: Collection[str] = ()) -> None:
        """Arm the parts from their next lives on, which begin at once."""
        self.deadly = {"worker": set(worker), "api": set(api)}
        for name in MORTAL:
            self.strike(name)

    def strike(self, name: str) -> None:
        """Kill a part where it stands."""
        with self._lock:
            life = self.running.get(name)
            if life is not None:
                _kill(life.pid)

    def left(self) -> set[str]:
        """Armed points that nothing has reached yet."""
        return set().union(*self.deadly.values()) - set(self.reached)

    def start_mortal(self, name: str) -> None:
        """Start a part that may die before it is well."""
        with self._lock:
            self.running[name] = self._launch(name)

    def revive(self) -> None:
        """Start whatever is not there."""
        for name in MORTAL:
            if name not in self.running:
                self.start_mortal(name)

    def launch_beside(self, env: dict[str, str], deadly: Collection[str] = ()) -> Life:
        """Another worker, which dies for good."""
        return self.nest.hatch(self._order("worker") | {"env": env, "deadly": sorted(deadly), "log": str(self.home / "second.log")})

    def stop(self) -> None:
        self.let_go()
        super().stop()
        self.nest.end()

    def kill(self, name: str, sign: int = signal.SIGKILL) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError):  # it may have died by itself a moment ago
            super().kill(name, sign)

    def _launch(self, name: str) -> Any:
        return self.nest.hatch(self._order(name)) if name in MORTAL else super()._launch(name)

    def _order(self, name: str) -> dict[str, Any]:
        left = self.deadly.get(name, set()) - set(self.reached)
        return {
            "part": name, "port": self.ports.get(name, 0), "log": str(self.home / f"{name}.log"), "env": {}, "deadly": sorted(left),
            "note": str(self.note),
        }  # fmt: skip

    def _undertake(self) -> None:
        while self._keeping.is_set():
            with self._lock:
                for name in MORTAL:
                    life = self.running.get(name)
                    if life is not None and life.poll() is not None:
                        _kill(life.pid)  # what it had started
                        self.deaths[name] += 1
                        self.running[name] = self._launch(name)
            time.sleep(LOOK)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
