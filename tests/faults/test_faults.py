"""The fault suite in short: a handful of points in one system's life, chosen by a seed. `./studio faults` plays it whole."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

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


def test_deals_come_to_their_end_though_worker_and_api_die_at_points_of_their_way(trial: Trial):
    chance = Random(SEED)
    sides = {"step": ("worked", "kept")}
    chosen = {f"{move}/{chance.choice(sides.get(move.split('/')[0], ('before', 'after')))}" for move in chance.sample(IN_THE_WORKER, POINTS)}
    trial.house.arm(worker=chosen, api=OF_THE_API)
    broken = trial.play([forgets_the_brief, pays_late])
    assert broken == [], broken
    assert (trial.house.died_at("worker"), trial.house.died_at("api")) == (chosen, OF_THE_API)
    assert trial.settle() == []
    assert trial.judge() == []
