"""Trouble that comes at any moment, while deals run: deaths, a moody post, a database that somebody holds, a full disk, a jumping clock."""

import contextlib
import resource
import sqlite3
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from random import Random

from tests.e2e.post import HANG_UP
from tests.faults.trial import Trial

Trouble = Callable[[Trial, Random], None]
MOODS = ("", "", "", "", "", "", HANG_UP, "451 not now")
"""One letter in eight is taken without a word, one is put off."""
FULL = 20_000
"""How many bytes a file may have where the disk is full: next to nothing that is written fits."""
HELD_SECONDS = 23.0
"""Longer than anybody waits for the database."""


def kills_the_worker(trial: Trial, _chance: Random) -> None:
    trial.house.strike("worker")


def kills_the_api(trial: Trial, _chance: Random) -> None:
    trial.house.strike("api")


def kills_the_engine(trial: Trial, chance: Random) -> None:
    """Prefect's server is away for a moment."""
    trial.house.kill("prefect")
    time.sleep(chance.uniform(0, 3))
    trial.house.start("prefect")


def holds_the_database(trial: Trial, chance: Random) -> None:
    """Somebody else has a transaction open; now and then for longer than anybody waits."""
    seconds = chance.choice([1.0, 4.0, HELD_SECONDS])
    with contextlib.closing(sqlite3.connect(trial.house.home / "studio.db", timeout=20, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


def fills_the_disk(trial: Trial, chance: Random) -> None:
    """Nothing that the worker writes finds room for some seconds, or nothing that the api does."""
    life = trial.house.running.get(chance.choice(["worker", "worker", "api"]))
    if life is None:
        return
    for most in (FULL, resource.RLIM_INFINITY):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it may be dead by then
            resource.prlimit(life.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        time.sleep(chance.uniform(3, 8) if most == FULL else 0)


def moves_the_clock(trial: Trial, chance: Random) -> None:
    """The clock jumps ahead or back by up to some hours, and is right again after a while: some letters wait for office hours."""
    minutes = chance.choice([-90, -10, 30, 100])
    trial.house.advance(minutes=minutes)
    time.sleep(chance.uniform(3, 8))
    trial.house.advance(minutes=-minutes)


TROUBLES: tuple[Trouble, ...] = (
    kills_the_worker, kills_the_worker, kills_the_worker, kills_the_api, kills_the_engine, holds_the_database, fills_the_disk, moves_the_clock,
)  # fmt: skip


@contextmanager
def storm(trial: Trial, troubles: Sequence[Trouble] = TROUBLES, *, pauses: tuple[float, float] = (1.0, 6.0)) -> Generator[list[str]]:
    """Trouble after trouble as long as the block lasts; the names of those that came. Each of them comes once before any comes again."""
    chance, over, came = Random(trial.chance.random()), threading.Event(), []
    moods = Random(trial.chance.random())
    trial.post.mood = lambda _mark: moods.choice(MOODS)

    def rage() -> None:
        while not over.is_set():
            for trouble in chance.sample(troubles, len(troubles)):
                if over.wait(chance.uniform(*pauses)):
                    return
                came.append(trouble.__name__)
                trouble(trial, chance)

    raging = threading.Thread(target=rage, daemon=True)
    raging.start()
    try:
        yield came
    finally:
        over.set()
        raging.join()
