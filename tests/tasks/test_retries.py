"""A failed run goes on by Retry, from every step of every stage, and repeats nothing: what is found in the end is what an undisturbed run leaves."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from prefect import Flow
from sqlmodel import select

from deployments.serve import STAGES
from models.company import Company
from models.db import Database
from models.stages import Stage
from models.tables import Effect, Wait
from tasks.world import use
from tests.fakes import ManualClock
from tests.tasks.played import Player, another_run, ending, steps_of, without_engine
from tests.tasks.scenarios import FLOWS, PLAYS, Play
from tests.worlds import inhabited


@contextmanager
def a_studio(folder: Path, template: Path, company: Company) -> Iterator[Player]:
    """A studio of its own, in which a stage is played."""
    folder.mkdir()
    shutil.copy(template, folder / "studio.db")
    db, clock = Database(f"sqlite:///{folder / 'studio.db'}"), ManualClock()
    with inhabited(db, folder, clock) as here:
        yield Player(use(replace(here, company=company)), clock)
    db.close()


def played(play: Play, player: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    with player.here.db.writing() as session:
        row = play.begin(session).id
    with without_engine(player, monkeypatch):
        player.play(FLOWS[play.stage], row, list(play.script))


def reads_like_a_diary(player: Player, play: Play) -> None:
    """Each letter, each wait with its end and each answer stands in the log as a sentence."""
    with player.here.db.reading() as session:
        letters = [one for one in session.exec(select(Effect)) if one.kind == "letter" and one.state == "done"]
        waits = [wait for wait in session.exec(select(Wait)) if wait.kinds and wait.whose != "time"]
    lines = "\n".join(player.diary)
    for one in letters:
        assert f"letter {one.what} for the {one.args['to'].replace('_', ' ')} put into the outbox, 250 taken" in lines, play
    told = [line for line in player.diary if line.startswith("Waiting")]
    assert len(told) >= len(play.script), play
    assert all(re.search(r" until \d{4}-\d\d-\d\d \d\d:\d\d UTC[.:]|, however long it takes\.$", line) for line in told), told
    assert not waits or "has come:" in lines or "Nobody has said anything" in lines, play


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_that_fails_before_and_after_each_of_its_steps_ends_as_if_it_had_not(
    stage: Flow, tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: set[str] = set()
    for number, play in enumerate(play for play in PLAYS if play.stage == stage.name):
        with a_studio(tmp_path / f"smooth-{number}", sqlite_template, play.company) as smooth:
            played(play, smooth, monkeypatch)
            undisturbed = ending(smooth.here)
        with a_studio(tmp_path / f"rough-{number}", sqlite_template, play.company) as rough:
            rough.stumbles = True
            played(play, rough, monkeypatch)
            disturbed = ending(rough.here)
        reads_like_a_diary(smooth, play)
        assert smooth.called == rough.called, play
        assert rough.called <= rough.failures, f"{play}: a step never failed"
        assert disturbed == undisturbed, play
        assert set(Counter(undisturbed["letters"]).values()) <= {1}, f"{play}: a letter went out twice"
        assert {state for *_, state in undisturbed["effects"]} <= {"done", "planned", "skipped"}, play
        called |= smooth.called
    assert steps_of(stage) - called == set(), "no play calls these steps"
    assert called - steps_of(stage) == set()


PRODUCTIONS = [play for play in PLAYS if play.stage == Stage.PRODUCTION]


@pytest.mark.parametrize("play", PRODUCTIONS, ids=str)
def test_production_ends_the_same_whenever_another_run_takes_it_over(
    play: Play, tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run remembers what its steps returned; the next one knows only our rows, and begins with the stage that is current by then."""
    ends = []
    for line in range(len(play.script)):
        says = [*play.script[:line], another_run, *play.script[line:]] if line else list(play.script)
        with a_studio(tmp_path / f"{line}", sqlite_template, play.company) as player:
            player.remembers = True
            played(replace(play, script=tuple(says)), player, monkeypatch)
            ends.append(ending(player.here))
    for line, end in enumerate(ends):
        assert end == ends[0], f"{play}: taken over after {line} lines"
