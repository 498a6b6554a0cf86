"""The fault suite in short: a handful of points in one system's life, chosen by a seed, a mail server that drops the line and a provider that says
everything twice. `./studio faults` plays it whole."""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.e2e.post import HANG_UP
from tests.e2e.system import eventually
from tests.faults.operators import Operator
from tests.faults.players import Player
from tests.faults.scenes import forgets_the_brief, pays_late
from tests.faults.trial import Trial

SEED = 20261126
IN_THE_WORKER = (
    "effect/new>planned", "effect/planned>claimed", "effect/claimed>done", "run/wanted>created", "run/created>running", "run/running>waiting",
    "run/waiting>running", "run/running>done", "run/running>superseded", "step/intake/thank_client", "step/brief/mail_brief",
    "step/invoice/issue_invoice", "step/invoice/mail_invoice", "step/payment/conclude_payment", "step/kickoff/open_project",
)  # fmt: skip
"""Moves and steps that both scenes go through, whatever happens to them."""
POINTS = 4
OF_THE_API = {"run/new>wanted/after"}


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setenv("STUDIO_TEST_PATIENCE", "5")  # where much dies, much waits
    one = Trial(tmp_path, SEED)
    try:
        one.open()
        yield one
    finally:
        one.close()


class Dropping:
    """The mood of a server that takes the first letter of a name, drops the line before a word is said, and takes every other as it should."""

    def __init__(self, name: str) -> None:
        self.name, self.dropped = name, list[str]()

    def __call__(self, mark: str) -> str:
        if self.name not in mark or self.dropped:
            return ""
        self.dropped.append(mark)
        return HANG_UP


def pays_late_and_is_told_of_twice(player: Player, operator: Operator) -> None:
    """As `pays_late`; the provider tells of the payment twice."""
    pays_late(player, operator, "pay-double")


def test_deals_come_to_their_end_though_worker_and_api_die_at_points_of_their_way(trial: Trial):
    sys.stdout.write(f"seed {SEED}\n")
    chance, drops = Random(SEED), Dropping("brief-mail")
    trial.post.mood = drops
    sides = {"step": ("worked", "kept")}
    chosen = {f"{move}/{chance.choice(sides.get(move.split('/')[0], ('before', 'after')))}" for move in chance.sample(IN_THE_WORKER, POINTS)}
    trial.house.arm(worker=chosen, api=OF_THE_API)
    broken = trial.play([forgets_the_brief, pays_late_and_is_told_of_twice])
    assert broken == [], broken
    assert (trial.house.died_at("worker"), trial.house.died_at("api")) == (chosen, OF_THE_API)
    eventually(lambda: told(trial) == [2], "the provider does not tell twice")
    assert trial.settle() == []
    assert trial.judge() == []
    assert len(drops.dropped) == trial.delivered().count(drops.dropped[0]) == 1
    assert [key for key in trial.unknown() if key.endswith("/brief/mail")], "nobody can know what became of it"


def told(trial: Trial) -> list[int]:
    """How often each of the provider's words was taken by the studio."""
    with closing(sqlite3.connect(trial.house.home / "sandbox.db", timeout=20)) as desk:
        return [times for (times,) in desk.execute("SELECT count(*) FROM delivery WHERE state = 'delivered' GROUP BY event_id")]
