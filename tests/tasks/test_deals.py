"""Steps that move a deal: one transaction each, with the fact that caused it; said twice they change nothing."""

import pytest
from sqlmodel import Session, select

from models import waiting, wanted
from models.answers import BriefSent, ClosedAsLost, ProposalAnswer
from models.errors import Refused
from models.stages import RunState, Stage
from models.tables import Deal, Fact, Move, StageRun, Wait
from models.tracks import Sales
from models.waiting import Question, Spot
from tasks import deals
from tasks.world import World
from tests.factories import a_deal, a_fact, a_wait, told
from tests.fakes import MONDAY
from tests.models.threads import meanwhile
from tests.tasks.places import at
from tests.tasks.stages import inside


def answered(session: Session, deal: Deal, kind: type, stage: Stage, noun: str) -> Fact:
    """A fact that this stage's wait has taken."""
    fact = a_fact(session, deal, kind.kind, noun=noun)
    a_wait(session, deal, kind, stage=stage)
    return fact


def test_a_move_is_made_once_and_leaves_one_row(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session)
    assert [deals.move_deal.fn(deal.id, Sales.BRIEFING, "qualified") for _ in range(3)] == ["briefing"] * 3
    with here.db.reading() as session:
        assert [(move.was, move.to, move.why, move.at) for move in session.exec(select(Move))] == [("received", "briefing", "qualified", MONDAY)]


def test_an_illegal_move_fails_the_stage(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
    with pytest.raises(Refused):
        deals.move_deal.fn(deal.id, Sales.WON, "wishful")


def test_the_end_of_a_stage_is_move_next_stage_and_done_in_one(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        fact = answered(session, deal, BriefSent, Stage.BRIEF, "brief")
    with inside(here, Stage.BRIEF, deal):
        for _ in range(2):
            assert deals.conclude.fn(deal.id, Sales.ESTIMATING, Stage.ESTIMATE, "the brief came") == "estimating"
    with here.db.reading() as session:
        rows = session.exec(select(StageRun).order_by(StageRun.stage)).all()
        assert [(row.stage, row.state, row.fact_id) for row in rows] == [("brief", "done", None), ("estimate", "wanted", fact.id)]
        assert [move.fact_id for move in session.exec(select(Move))] == [fact.id]


def test_an_end_that_is_said_again_because_its_commit_went_unheard_changes_nothing_that_has_followed(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
    with inside(here, Stage.BRIEF, deal):
        deals.conclude.fn(deal.id, Sales.ESTIMATING, Stage.ESTIMATE, "the brief came")
        with inside(here, Stage.ESTIMATE, deal, flow_run_id="estimate"):
            deals.conclude.fn(deal.id, Sales.ESTIMATING, Stage.PROPOSAL, "the estimate stands")
        deals.move_deal.fn(deal.id, Sales.PROPOSED, "the proposal went out")
        assert deals.conclude.fn(deal.id, Sales.ESTIMATING, Stage.ESTIMATE, "the brief came") == "proposed"
    with here.db.reading() as session:
        assert [(row.stage, row.state) for row in session.exec(select(StageRun).order_by(StageRun.id))] == [
            ("brief", "done"), ("estimate", "done"), ("proposal", "wanted"),
        ]  # fmt: skip


def test_what_goes_wrong_at_the_end_leaves_nothing_half_done(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session)
    with inside(here, Stage.BRIEF, deal), pytest.raises(Refused):
        deals.conclude.fn(deal.id, Sales.WON, Stage.ESTIMATE, "wishful")
    with here.db.reading() as session:
        assert [(row.stage, row.state) for row in session.exec(select(StageRun))] == [("brief", "running")]
        assert session.exec(select(Move)).all() == []


def test_an_outage_on_the_way_does_not_hide_the_fact_that_caused_the_move(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        fact = answered(session, deal, ProposalAnswer, Stage.PROPOSAL, "proposal")
        spot = Spot(deal.id, "proposal", 1, "outage/thank_for_acceptance", "mine")
        waiting.again(session, spot, Question(kinds=[], subject="", whose="world", what="mail"), now=MONDAY)
        waiting.over(session, spot, now=MONDAY)
    with inside(here_sqlite, Stage.PROPOSAL, deal):
        deals.conclude.fn(deal.id, Sales.CONTRACTING, Stage.CONTRACT, "accepted")
    with here_sqlite.db.reading() as session:
        assert session.exec(select(Move)).one().fact_id == fact.id


def test_a_stage_that_asked_nothing_names_the_fact_it_was_wanted_for(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.ESTIMATING)
        fact = a_fact(session, deal)
        wanted.want(session, Stage.PROPOSAL, deal=deal, fact=fact, now=MONDAY)
    with inside(here_sqlite, Stage.PROPOSAL, deal):
        deals.move_deal.fn(deal.id, Sales.PROPOSED, "it went out")
    with here_sqlite.db.reading() as session:
        assert session.exec(select(Move)).one().fact_id == fact.id


def test_silence_becomes_a_fact_of_the_clocks(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        a_wait(session, deal, BriefSent, stage=Stage.BRIEF, deadline=MONDAY)
    with inside(here, Stage.BRIEF, deal):
        for _ in range(2):
            assert deals.close_deal.fn(deal.id, Sales.LOST, "the brief never came") == "lost"
    with here.db.reading() as session:
        fact = session.exec(select(Fact)).one()
        assert (fact.kind, fact.actor, fact.payload) == ("silence", "system", {"stage": "brief", "why": "the brief never came"})
        assert [move.fact_id for move in session.exec(select(Move))] == [fact.id]
        assert session.exec(select(StageRun)).one().state == "done"


def test_a_refusal_is_the_fact_that_ends_the_deal(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        fact = answered(session, deal, ProposalAnswer, Stage.PROPOSAL, "proposal")
    with inside(here_sqlite, Stage.PROPOSAL, deal):
        deals.close_deal.fn(deal.id, Sales.LOST, "price")
    with here_sqlite.db.reading() as session:
        assert session.exec(select(Move)).one().fact_id == fact.id
        assert session.exec(select(Fact)).all() == [fact]


def test_closing_ends_other_runs_and_every_question(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        other = wanted.want(session, Stage.BRIEF, deal=deal, now=MONDAY)
        a_wait(session, deal, BriefSent, stage=Stage.BRIEF)
    with inside(here_sqlite, Stage.PROPOSAL, deal) as run:
        deals.close_deal.fn(deal.id, Sales.LOST, "price")
    with here_sqlite.db.reading() as session:
        assert session.get_one(StageRun, other.id).state == "withdrawn"
        assert session.get_one(StageRun, run.row_id).state == "done"
        assert session.exec(select(Wait)).one().outcome == "dropped"


def test_a_finished_stage_leaves_no_question_open(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL)
        a_wait(session, deal, BriefSent, stage=Stage.BRIEF)
    with inside(here_sqlite, Stage.PROPOSAL, deal):
        deals.conclude.fn(deal.id, Sales.CONTRACTING, Stage.CONTRACT, "accepted")
    with here_sqlite.db.reading() as session:
        assert {wait.stage: wait.outcome for wait in session.exec(select(Wait))} == {"proposal": "over", "brief": ""}


@pytest.mark.parametrize("stage", Stage)
def test_those_whom_the_ladder_names_learn_once_of_a_loss_in_each_round(here_sqlite: World, stage: Stage) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
    ladder = here_sqlite.company.ladders.get(stage)
    named = (ladder.tell_at_end if ladder else []) or ["salesperson"]
    assert [deals.tell_loss.fn(deal.id, stage, "silence") for _ in range(2)] == [["done"] * len(named)] * 2
    assert len(here_sqlite.mail.sent) == len(named)
    with here_sqlite.db.writing() as session:
        session.get_one(Deal, deal.id).round = 2
    deals.tell_loss.fn(deal.id, stage, "silence")
    assert len(here_sqlite.mail.sent) == 2 * len(named)


@pytest.mark.parametrize("stage", Stage)
def test_the_ladders_last_letter_shows_the_way_back_once(here_sqlite: World, stage: Stage) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "lost")
    ladder = here_sqlite.company.ladders.get(stage)
    said = [deals.say_goodbye.fn(deal.id, stage) for _ in range(2)]
    if ladder and ladder.ends:
        assert said == ["done", "done"]
        assert len(here_sqlite.mail.sent) == 1
        assert "https://office.example/r/" in here_sqlite.mail.sent[0].text
    else:
        assert (said, here_sqlite.mail.sent) == (["", ""], [])


def test_a_deal_that_somebody_closed_meanwhile_is_not_moved_on(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
    with inside(here_sqlite, Stage.BRIEF, deal) as run:
        with here_sqlite.db.writing() as session:
            told(session, session.get_one(Deal, deal.id), ClosedAsLost(reason="so"))
        with pytest.raises(Refused):
            deals.conclude.fn(deal.id, Sales.ESTIMATING, Stage.ESTIMATE, "the brief came")
    with here_sqlite.db.reading() as session:
        assert session.get_one(StageRun, run.row_id).state == RunState.WITHDRAWN
        assert len(session.exec(select(StageRun)).all()) == 1


@pytest.mark.parametrize(("stage", "sales", "to", "then"), [
    (Stage.INTAKE, Sales.RECEIVED, Sales.BRIEFING, Stage.BRIEF),
    (Stage.PROPOSAL, Sales.PROPOSED, Sales.CONTRACTING, Stage.CONTRACT),
])  # fmt: skip
def test_a_deal_that_is_closed_while_its_stage_ends_stays_closed(here: World, stage: Stage, sales: Sales, to: Sales, then: Stage) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=sales)
    close = lambda session: told(session, session.get_one(Deal, deal.id), ClosedAsLost(reason="so"))
    with inside(here, stage, deal) as run, pytest.raises(Refused):
        meanwhile(here.db, close, lambda: deals.conclude.fn(deal.id, to, then, "it went well"))
    with here.db.reading() as session:
        assert session.get_one(Deal, deal.id).sales == Sales.LOST
        assert [(row.id, row.state) for row in session.exec(select(StageRun))] == [(run.row_id, RunState.WITHDRAWN)]


def test_a_deal_that_is_closed_while_its_stage_moves_it_stays_closed(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session)
    close = lambda session: told(session, session.get_one(Deal, deal.id), ClosedAsLost(reason="so"))
    with inside(here, Stage.INTAKE, deal), pytest.raises(Refused):
        meanwhile(here.db, close, lambda: deals.move_deal.fn(deal.id, Sales.BRIEFING, "qualified"))
    with here.db.reading() as session:
        assert session.get_one(Deal, deal.id).sales == Sales.LOST
