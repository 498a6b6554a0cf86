"""An answer after the deadline, while the farewell is held up: the deal is open still, and goes on with it."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from models.answers import QualifyAnswer
from models.errors import Unavailable
from models.stages import Stage
from models.tables import Deal, Fact, Move, StageRun, Wait
from models.tracks import Sales
from tasks import deals
from tasks.world import World, world
from tests.factories import a_deal, a_wait, an_acceptance, told
from tests.fakes import MONDAY, ManualClock
from tests.studio import the_company
from tests.tasks.played import Player, Say, silence, without_engine
from tests.tasks.scenarios import FLOWS, a_brief_sent, applied, estimated, newest, on, say
from tests.tasks.stages import inside
from tests.tasks.test_retries import a_studio


def silence_in_an_outage(session: Session, deal: Deal, clock: ManualClock) -> None:
    """The deadline passes, and no mail goes out."""
    silence(session, deal, clock)
    world().mail.away = True  # ty: ignore[invalid-assignment]


LATE = {
    Stage.INTAKE: (applied(budget=100), say(QualifyAnswer(decision="talk")), Sales.BRIEFING, Stage.BRIEF),
    Stage.BRIEF: (on(Stage.BRIEF, lambda session: a_deal(session, sales=Sales.BRIEFING)), a_brief_sent, Sales.ESTIMATING, Stage.ESTIMATE),
    Stage.PROPOSAL: (
        on(Stage.PROPOSAL, estimated), say(lambda session, deal: an_acceptance(newest(session, deal, "proposal"))), Sales.CONTRACTING, Stage.CONTRACT,
    ),
}  # fmt: skip


@pytest.mark.parametrize("stage", LATE)
def test_what_comes_while_the_farewell_is_held_up_is_heard(
    stage: Stage, tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, answer, stands, follows = LATE[stage]

    def answered_and_mail_is_back(session: Session, deal: Deal, clock: ManualClock) -> None:
        """The client answers, on a day on which the proposal is still good; then the mail server is there again."""
        clock.at -= timedelta(days=1)
        answer(session, deal, clock)
        clock.at += timedelta(days=1)
        world().mail.away = False  # ty: ignore[invalid-assignment]

    with a_studio(tmp_path / "studio", sqlite_template, the_company()) as player:
        lines: list[Say] = [silence_in_an_outage, answered_and_mail_is_back]
        with player.here.db.writing() as session:
            row = begin(session).id
        with without_engine(player, monkeypatch):
            player.play(FLOWS[stage], row, lines)
        went_on(player, stands, follows)
        assert "has come: " in "\n".join(player.diary)
        assert not [key for key in player.here.mail.letters() if key.endswith(("/farewell", "/declined")) or "/lost/" in key]


def went_on(player: Player, stands: Sales, follows: Stage) -> None:
    """The deal has moved on by the client's word, and the next stage is wanted."""
    with player.here.db.reading() as session:
        deal = session.exec(select(Deal)).one()
        move = session.exec(select(Move).where(Move.track == "sales").order_by(col(Move.id).desc())).first()
        assert (deal.sales, [row.stage for row in session.exec(select(StageRun)) if row.state == "wanted"]) == (stands, [follows])
        assert session.get_one(Fact, move.fact_id).actor == "client"


def test_a_deal_is_not_closed_in_silence_over_an_answer_that_has_just_come(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        wait = a_wait(session, deal, QualifyAnswer, stage=Stage.BRIEF)
        wait.outcome, wait.closed_at = "silent", MONDAY
    with inside(here, Stage.BRIEF, deal):
        with here.db.writing() as session:
            deal = session.get_one(Deal, deal.id)
            deal.sales = Sales.RECEIVED.value
            told(session, deal, QualifyAnswer(decision="talk"))
        with pytest.raises(Unavailable, match="An answer has come after all"):
            deals.close_deal.fn(deal.id, Sales.LOST, "nothing came")
    with here.db.reading() as session:
        assert session.get_one(Deal, deal.id).sales == Sales.RECEIVED
        assert session.exec(select(Wait)).one().outcome == "silent"
