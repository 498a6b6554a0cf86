"""A system whose parts die at points and at random, and are started again at once, as the supervisor does."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from tests.e2e.system import TROUBLE, System, patience
from tests.faults.arms import AT, ENGINE
from tests.faults.bank import Bank
from tests.hatching import Life, nest

MORTAL = ("worker", "api")
"""The parts that die at points of their own way. Prefect's server is killed at points of theirs."""
KEPT = (*MORTAL, "prefect")
LOOK = 0.05
SOON = 20.0


@dataclass
class House(System):
    """`deadly` are the points at which each part dies, once in the life of the house: another's death there counts for nobody else."""

    deadly: dict[str, set[str]] = field(default_factory=dict)
    deaths: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEPT, 0))

    def __post_init__(self) -> None:
        super().__post_init__()
        self.note, self.engine = self.home / "reached", self.home / "prefect.pid"
        self.bank = Bank(self.settings.statements_folder)
        self._keeping = threading.Event()
        self._lock = threading.RLock()
        self._undertaker: threading.Thread | None = None

    @property
    def reached(self) -> list[str]:
        """The points at which anybody has died; those of the engine's deaths as they are armed."""
        return list(dict.fromkeys(line if line.startswith(ENGINE) else line.partition(AT)[2] for line in self._noted()))

    def died_at(self, name: str) -> set[str]:
        """The points at which this part has died."""
        whose = ENGINE if name == "prefect" else f"{name}{AT}"
        return {line.removeprefix(whose) for line in self._noted() if line.startswith(whose)}

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

    def arm(self, *, worker: Collection[str] = (), api: Collection[str] = (), engine: Collection[str] = ()) -> None:
        """Arm the parts from their next lives on, which begin at once. At points of `engine` they kill Prefect's server and go on."""
        self.deadly = {"worker": set(worker), "api": set(api), "prefect": {ENGINE + point for point in engine}}
        for name in MORTAL:
            self.strike(name)

    def strike(self, name: str) -> None:
        """Kill a part where it stands."""
        with self._lock:
            life = self.running.get(name)
            if life is not None:
                _kill(life.pid)

    def prefect(self, method: str, path: str, body: Any = None) -> Any:
        """As a system does; whoever meets a server that is being started again asks once more."""
        until = time.monotonic() + SOON * patience()
        while True:
            try:
                return super().prefect(method, path, body)
            except (OSError, HTTPException):
                if time.monotonic() > until:
                    raise
                time.sleep(LOOK)

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
        return nest().hatch(self._order("worker") | {"env": self.env | env, "deadly": sorted(deadly), "log": str(self.home / "second.log")})

    def stop(self) -> None:
        self.let_go()
        super().stop()

    def kill(self, name: str, sign: int = signal.SIGKILL) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError):  # it may have died by itself a moment ago
            super().kill(name, sign)

    def _order(self, name: str) -> dict[str, Any]:
        left = self.deadly.get(name, set()) - self.died_at(name)
        kills = {point.removeprefix(ENGINE) for point in self.deadly.get("prefect", ())} - self.died_at("prefect")
        armed = {"deadly": sorted(left), "kills": sorted(kills)} if name in MORTAL else {}
        return super()._order(name) | armed | {"note": str(self.note), "whom": str(self.engine)}

    def _noted(self) -> list[str]:
        return self.note.read_text().split() if self.note.exists() else []

    def _launch(self, name: str) -> Any:
        life = super()._launch(name)
        if name == "prefect":
            new = self.engine.with_suffix(".new")
            new.write_text(str(life.pid))
            new.replace(self.engine)  # whoever reads it reads a number
        return life

    def _undertake(self) -> None:
        while self._keeping.is_set():
            with self._lock:
                for name in KEPT:
                    life = self.running.get(name)
                    if life is not None and life.poll() is not None:
                        _kill(life.pid)  # what it had started
                        self.deaths[name] += 1
                        if any(self.deadly.values()):  # each point kills once: that ends, and a document that is printed for seconds is printed then
                            TROUBLE.comes()
                        self.running[name] = self._launch(name)
            time.sleep(LOOK)


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
