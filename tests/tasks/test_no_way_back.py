"""After the hand-over: every way back to the project is refused, and the attempt is written down."""

from decimal import Decimal

import pytest
from prefect.logging import disable_run_logger
from sqlmodel import select

from models import facts, inbox, tracks, wanted
from models.after_answers import ANSWERS as AFTER
from models.after_answers import AccessListed, AddressChanged, CourseAnswered, ReturnRefused, ReviewReplied, TrainingAnswered
from models.answer import Answer
from models.answers import BY_RULE, Noted
from models.attempts import what_of
from models.cash_answers import WorkCancelled
from models.delivery_answers import ANSWERS as DELIVERY
from models.delivery_answers import (
    ActCodeAsked,
    ActFaults,
    ActSigned,
    ChangeAnswered,
    ChangeOffered,
    DateMoved,
    FaultsMended,
    LaunchChecked,
    MaterialReviewed,
    MaterialSent,
    StageAnswered,
    StageReady,
)
from models.errors import HandedBack, Refused
from models.stages import Stage
from models.tables import Deal, Fact, Move, StageRun
from models.tracks import Work
from models.waiting import Spot
from tasks import corrections, forms, operations
from tasks.world import World
from tests.aftermath import ACCESSES, a_handed_over_project
from tests.fakes import MONDAY

WHO = "Tomasz"
PROJECT: tuple[Answer, ...] = (
    StageReady(stage="text"), StageAnswered(stage="text", version=1, decision="comment", text="Once more."),
    ChangeOffered(stage="text", text="More", price=Decimal(480)), ChangeAnswered(stage="text", offer=1, decision="decline"),
    MaterialSent(item="x", text="x"), MaterialReviewed(item="x", decision="waive"), DateMoved(days=2, reason="Illness."), LaunchChecked(),
    ActCodeAsked(version=1, email="orla@acme.example"), ActSigned(version=1, name="Orla", role="Owner"), ActFaults(version=1, text="It is slow."),
    FaultsMended(), ACCESSES,
)  # fmt: skip
"""Everything that somebody may say about a project."""
STAYS = {TrainingAnswered, CourseAnswered, ReviewReplied, AddressChanged}
"""What is not about the project: the client may still be asked, written to and answered. The training is support's to arrange."""


@pytest.fixture
def deal(here_sqlite: World) -> Deal:
    with here_sqlite.db.writing() as session:
        return a_handed_over_project(session)


def attempts(here: World, deal: Deal) -> list[tuple[str, str]]:
    """Who tried what."""
    with here.db.reading() as session:
        return [(fact.actor, fact.payload["what"]) for fact in facts.of_deal(session, deal.id, ReturnRefused.kind)]


def untouched(here: World, deal: Deal) -> list:
    """All that a way back would change: facts but for the attempts, moves, stages, and where the work stands."""
    with here.db.reading() as session:
        told = [fact.id for fact in session.exec(select(Fact).order_by(Fact.id)) if fact.kind != ReturnRefused.kind]
        moves, rows = len(session.exec(select(Move)).all()), [(row.key, row.state) for row in session.exec(select(StageRun).order_by(StageRun.id))]
        return [told, moves, rows, session.get_one(Deal, deal.id).work]


def test_the_list_of_what_is_said_about_a_project_is_complete() -> None:
    said = {type(answer) for answer in PROJECT}
    assert said == ({*DELIVERY, *AFTER} - BY_RULE - STAYS) | {ActCodeAsked, ActSigned}
    assert AccessListed in said


def test_every_word_about_the_project_is_refused_by_an_operators_form_and_written_down(here_sqlite: World, deal: Deal) -> None:
    before = untouched(here_sqlite, deal)
    for number, answer in enumerate(PROJECT):
        here_sqlite.now.pass_(minutes=1)
        with pytest.raises(HandedBack, match="support"):
            operations.record.fn(deal.id, answer.model_dump(mode="json"), answer.kind, WHO, f"run/{number}")
    assert attempts(here_sqlite, deal) == [(f"staff:{WHO}", what_of(answer)) for answer in PROJECT]
    assert untouched(here_sqlite, deal) == before


def test_what_an_operator_types_into_a_form_that_is_still_open_is_refused_too(here_sqlite: World, deal: Deal) -> None:
    before = untouched(here_sqlite, deal)
    spot = Spot(deal.id, Stage.HANDOVER.value, 1, "handover#1", "run")
    with disable_run_logger():
        assert not forms._keep(spot, AccessListed, ACCESSES.model_dump() | {"who": WHO}, "run/handover-1-1", "")
    assert attempts(here_sqlite, deal) == [(f"staff:{WHO}", "access.listed")]
    assert untouched(here_sqlite, deal) == before


def test_work_that_was_handed_over_is_not_cancelled(here_sqlite: World, deal: Deal) -> None:
    before = untouched(here_sqlite, deal)
    with pytest.raises(HandedBack, match="handed_over"):
        corrections.cancel_work.fn(deal.id, "They are unhappy.", "0", WHO, "run/1")
    assert attempts(here_sqlite, deal) == [(f"staff:{WHO}", WorkCancelled.kind)]
    assert untouched(here_sqlite, deal) == before


def test_no_stage_of_the_project_is_started_again(here_sqlite: World, deal: Deal) -> None:
    before = untouched(here_sqlite, deal)
    for stage in (Stage.KICKOFF, Stage.MATERIALS, Stage.PRODUCTION, Stage.LAUNCH, Stage.HANDOVER):
        with pytest.raises(HandedBack, match=f"a {stage} starts from"), here_sqlite.db.writing() as session:
            wanted.adopt(session, stage, deal.id, "a run", "worker", now=MONDAY)
    assert untouched(here_sqlite, deal) == before


def test_no_move_leads_back(here_sqlite: World, deal: Deal) -> None:
    for place in Work:
        with here_sqlite.db.writing() as session:
            fresh = session.get_one(Deal, deal.id)
            if place == Work.HANDED_OVER:
                assert not tracks.move(session, fresh, place, why="again", fact=None, now=MONDAY)
                continue
            with pytest.raises(HandedBack, match="for good"):
                tracks.move(session, fresh, place, why="back", fact=None, now=MONDAY)


def test_a_double_click_is_one_attempt_and_a_later_one_another(here_sqlite: World, deal: Deal) -> None:
    for number in range(4):
        with pytest.raises(HandedBack):
            operations.record.fn(deal.id, LaunchChecked().model_dump(), LaunchChecked.kind, WHO, f"run/{number}")
        here_sqlite.now.pass_(seconds=0 if number % 2 == 0 else 5)
    assert len(attempts(here_sqlite, deal)) == 2


def test_a_refusal_of_another_kind_is_no_attempt(here_sqlite: World, deal: Deal) -> None:
    with here_sqlite.db.writing() as session:
        fresh = session.get_one(Deal, deal.id)
        with pytest.raises(Refused, match="Support looks after you now"):
            answer = TrainingAnswered(decision="decline")
            inbox.tell(session, fresh.id, answer, source="client", external_id="x", actor="client", now=MONDAY)
    operations.record.fn(deal.id, Noted(text="They rang.").model_dump(), Noted.kind, WHO, "run/1")
    assert attempts(here_sqlite, deal) == []
