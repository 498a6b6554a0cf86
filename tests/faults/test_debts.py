"""What is owed to a word: while stages are played nothing is owed that was not said, and little is said that nobody owes."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, select

from models.db import Database
from models.stages import RunState
from models.tables import Deal, Effect, StageRun
from tasks.world import use
from tests.fakes import ManualClock
from tests.faults.plan import owed
from tests.faults.verdict import Seen, verdict
from tests.tasks.played import Player, Say, without_engine
from tests.tasks.scenarios import FLOWS, PLAYS, Play
from tests.worlds import inhabited

NOBODYS = re.compile(
    r"/(code/\d+|mail/copy|next-steps/course-\d|stage/[^/]+/(v\d+/shown|comment/\d+|offer/\d+.*)|material/[^/]+/sent/\d+|handover/training/.+)$"
    r"|/act/v\d+/accepted/salesperson$|/contract/v\d+/signed/signer$|/pay"
)
"""Letters that nobody can be said to owe, once the moment has passed at which they were sent."""


@pytest.fixture
def player(tmp_path: Path, sqlite_template: Path) -> Iterator[Player]:
    """A studio in which a stage is played."""
    shutil.copy(sqlite_template, tmp_path / "studio.db")
    db, clock = Database(f"sqlite:///{tmp_path / 'studio.db'}"), ManualClock()
    with inhabited(db, tmp_path, clock) as here:
        yield Player(here, clock)
    db.close()


@pytest.mark.parametrize("play", PLAYS, ids=str)
def test_while_a_stage_is_played_nothing_is_owed_that_was_not_said_and_little_is_said_that_nobody_owes(
    player: Player, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    player.here = use(replace(player.here, company=play.company))
    due: set[str] = set()

    def looks(session: Session) -> None:
        """The plan, while the stage waits or when it is done."""
        session.flush()
        due.update(one.key for one in owed(session))
        assert [one for one in owed(session) if session.get(Effect, one.key) is None] == []

    def first_looking(line: Say) -> Say:
        def say(session: Session, deal: Deal, clock: ManualClock) -> None:
            row = session.get_one(StageRun, row_id)
            row.state = RunState.WAITING.value
            looks(session)
            row.state = RunState.RUNNING.value
            line(session, deal, clock)

        return say

    with player.here.db.writing() as session:
        row_id = play.begin(session).id or 0
        before = {effect.key for effect in session.exec(select(Effect)).all()}
    with without_engine(player, monkeypatch):
        player.play(FLOWS[play.stage], row_id, [first_looking(line) for line in play.script])
    with player.here.db.writing() as session:
        looks(session)
        effects = session.exec(select(Effect)).all()
        said, still = {effect.key for effect in effects} - before, {one.key for one in owed(session)}
        for effect in effects:
            session.delete(effect)
        session.flush()
        told = " ".join(verdict(session, Seen("northlight.example", "a secret")))
        session.rollback()
    assert sorted(key for key in said - due if not NOBODYS.search(key)) == []
    assert [key for key in still if f"{key} never was." not in told] == [], "what is lost is named"
