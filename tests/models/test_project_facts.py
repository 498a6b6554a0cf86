"""Facts of delivery: kept only where they make sense, and what follows from them at once."""

from decimal import Decimal

import pytest
from sqlmodel import select

from models import changes, facts, inbox, projects
from models.cash_answers import MilestoneReached
from models.delivery_answers import (
    ChangeAnswered,
    ChangeOffered,
    DateMoved,
    LaunchChecked,
    MaterialReviewed,
    MaterialSent,
    StageAnswered,
    StageReady,
    WorkPaused,
)
from models.effects import planned_errands
from models.errors import Invalid, Missing, Refused
from models.project_facts import HandedBack
from models.stages import Stage
from models.tables import Move
from models.tracks import Work
from models.wanted import live_of
from tests.factories import a_deal, told
from tests.fakes import MONDAY
from tests.projecting import a_material, a_project, a_shown_stage, a_won_deal, an_accepted_stage, comments

OFFER = {"stage": "text", "text": "A further round", "price": Decimal(480), "days": 2}
SAID = (
    StageReady(stage="text"), StageAnswered(stage="text", version=1, decision="approve"), ChangeOffered(**OFFER),
    ChangeAnswered(stage="text", offer=1, decision="decline"), MaterialSent(item="x", text="x"), MaterialReviewed(item="x", decision="waive"),
    LaunchChecked(), DateMoved(days=2, reason="Illness."),
)  # fmt: skip


def ordered(session, deal) -> list:
    """The letters that facts about the project ordered."""
    return [one for one in planned_errands(session, now=MONDAY) if one.deal_id == deal.id and "/contract/" not in one.key]


@pytest.mark.parametrize("answer", SAID, ids=lambda answer: answer.kind)
@pytest.mark.parametrize("work", [Work.NONE, Work.KICKOFF, Work.COMPLETED, Work.CANCELLED, Work.HANDED_OVER])
def test_nothing_is_told_of_a_project_that_is_not_under_way(here_sqlite, answer, work: Work) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, work=work)
        with pytest.raises(HandedBack if work == Work.HANDED_OVER else Refused):
            told(session, deal, answer)
        assert facts.of_deal(session, deal.id, answer.kind) == [] or answer.kind.startswith("material")


def test_nothing_is_told_of_work_before_the_deal_is_won(here_sqlite) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(Refused, match="Nobody asks that now"):
        told(session, a_deal(session, work="production"), StageReady(stage="text"))


def test_stages_are_shown_in_their_order(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        with pytest.raises(Refused, match="Offer and text comes first"):
            told(session, deal, StageReady(stage="design"))
        with pytest.raises(Missing, match='no stage "nothing"'):
            told(session, deal, StageReady(stage="nothing"))
        an_accepted_stage(session, deal, "text")
        with pytest.raises(Refused, match="accepted already"):
            told(session, deal, StageReady(stage="text"))
        assert a_shown_stage(session, deal, "design") == 1


def test_a_stage_that_lacks_materials_is_not_shown(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service="corporate-site", materials=False)
        stand = projects.stand(session, deal)
        lacks = next(stage.slug for stage in stand.plan.production if stand.needed_for(stage.slug))
        for stage in stand.plan.production[: [one.slug for one in stand.plan.production].index(lacks)]:
            an_accepted_stage(session, deal, stage.slug)
        with pytest.raises(Refused, match="lacks materials"):
            told(session, deal, StageReady(stage=lacks))
        for item in projects.stand(session, deal).needed_for(lacks):
            told(session, deal, MaterialReviewed(item=item.slug, decision="waive"))
        told(session, deal, StageReady(stage=lacks))


def test_an_answer_is_to_what_was_shown(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        with pytest.raises(Refused, match="changed while you were reading"):
            told(session, deal, StageAnswered(stage="text", version=1, decision="approve"))
        a_shown_stage(session, deal, "text")
        a_shown_stage(session, deal, "text")
        with pytest.raises(Refused, match="changed while you were reading"):
            told(session, deal, StageAnswered(stage="text", version=1, decision="approve"))
        told(session, deal, StageAnswered(stage="text", version=2, decision="approve"))
        with pytest.raises(Refused, match="answered already"):
            told(session, deal, StageAnswered(stage="text", version=2, decision="comment", text="No."))


def test_a_change_is_taken_at_the_total_that_was_shown(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        with pytest.raises(Refused, match="asked for no change"):
            told(session, deal, ChangeOffered(**OFFER))
        a_shown_stage(session, deal, "text")
        comments(session, deal, "text")
        offer = told(session, deal, ChangeOffered(**OFFER))
        gross = changes.gross(session, deal, projects.stand(session, deal).stage("text").offer)
        assert gross.amount == 59_040
        for wrong in ({"offer": offer.id + 1, "total": 59_040}, {"offer": offer.id, "total": 48_000}):
            with pytest.raises(Refused, match="look at|look again"):
                told(session, deal, ChangeAnswered(stage="text", decision="accept", name="Orla", **wrong))
        with pytest.raises(Refused, match="price of a change"):
            told(session, deal, StageReady(stage="text"))
        told(session, deal, ChangeAnswered(stage="text", decision="accept", name="Orla", offer=offer.id, total=59_040))
        with pytest.raises(Refused, match="answered already"):
            told(session, deal, ChangeAnswered(stage="text", decision="decline", offer=offer.id))
        stand = projects.stand(session, deal)
        assert (stand.days, [one.number for one in stand.changes]) == (stand.plan.days + 2, [offer.id])


@pytest.mark.parametrize(("decision", "place"), [("accept", "sent"), ("reject", "sent"), ("waive", "missing"), ("waive", "sent")])
def test_a_material_is_judged_where_there_is_something_to_judge(here_sqlite, decision: str, place: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, work=Work.MATERIALS, materials=False)
        slug = projects.stand(session, deal).materials[0].slug
        if place == "sent":
            a_material(session, deal, slug, decision="")
        told(session, deal, MaterialReviewed(item=slug, decision=decision, reason="Because."))
        assert projects.stand(session, deal).material(slug).place == {"accept": "accepted", "reject": "missing", "waive": "waived"}[decision]


@pytest.mark.parametrize(("decision", "place"), [("accept", "missing"), ("reject", "missing"), ("accept", "accepted"), ("reject", "accepted")])
def test_a_word_on_a_material_that_is_not_there_is_refused(here_sqlite, decision: str, place: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, work=Work.MATERIALS, materials=False)
        slug = projects.stand(session, deal).materials[0].slug
        if place == "accepted":
            a_material(session, deal, slug)
        with pytest.raises(Refused, match=f"nothing to {decision}"):
            told(session, deal, MaterialReviewed(item=slug, decision=decision, reason="Because."))


def test_a_rejected_material_is_asked_for_again_by_a_letter_with_the_reason(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session, work=Work.MATERIALS, materials=False)
        first, second, *_ = [one.slug for one in projects.stand(session, deal).materials]
        a_material(session, deal, first, decision="reject")
        a_material(session, deal, second, decision="")
        stand = projects.stand(session, deal)
        assert (stand.material(first).place, stand.material(first).reason, stand.material(second).place) == ("missing", "Too small.", "sent")
        [letter] = ordered(session, deal)
        assert (letter.args["name"], letter.args["facts"]) == ("materials-rejected", {"item": first, "reason": "Too small."})


def test_what_we_have_is_not_sent_again(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        slug = projects.stand(session, deal).materials[0].slug
        with pytest.raises(Refused, match="We have"):
            told(session, deal, MaterialSent(item=slug, text="Once more."))


def test_a_client_who_is_back_ends_the_pause_where_the_work_stood(here) -> None:
    with here.db.writing() as session:
        for work in (Work.MATERIALS, Work.PRODUCTION):
            deal = a_project(session, work=work, materials=work == Work.PRODUCTION)
            slug = projects.stand(session, deal).materials[0].slug
            if work == Work.PRODUCTION:
                a_shown_stage(session, deal, "text")
            told(session, deal, WorkPaused(what="your word"))
            assert deal.work == Work.PAUSED
            back = MaterialSent(item=slug, text="x") if work == Work.MATERIALS else StageAnswered(stage="text", version=1, decision="approve")
            fact = told(session, deal, back)
            assert deal.work == work
            moves = session.exec(select(Move).where(Move.deal_id == deal.id, Move.to == work.value)).all()
            assert moves[-1].fact_id == fact.id
            names = [one.args["name"] for one in ordered(session, deal)]
            assert names == ["project-paused", "project-paused-staff", "project-resumed"]


def test_the_manager_alone_does_not_end_a_pause(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        told(session, deal, WorkPaused(what="your word"))
        told(session, deal, StageReady(stage="text"))
        told(session, deal, DateMoved(days=1, reason="Illness."))
        assert deal.work == Work.PAUSED


def test_the_launch_is_checked_when_every_stage_is_accepted_and_every_item_ticked(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        early = a_project(session, accepted=1)
        with pytest.raises(Refused, match="Design comes first"):
            told(session, early, LaunchChecked())
        deal = a_project(session, work=Work.LAUNCH, accepted=9)
        items = projects.stand(session, deal).plan.checklist
        with pytest.raises(Invalid, match="not done yet"):
            told(session, deal, LaunchChecked(items=items[1:]))
        told(session, deal, LaunchChecked(items=items))


def test_the_managers_word_makes_the_next_payment_due_at_once_and_once(here) -> None:
    with here.db.writing() as session:
        deal = a_won_deal(session)
        told(session, deal, MilestoneReached(payment=2))
        assert [(row.stage, row.part) for row in live_of(session, deal.id)] == [(Stage.INVOICE, 2)]
        with pytest.raises(Refused, match="asked for already"):
            told(session, deal, MilestoneReached())
        with pytest.raises(Refused, match="Payment 2 is the next"):
            told(session, a_won_deal(session), MilestoneReached(payment=3))


def test_a_fact_is_about_its_own_stage_or_item(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        assert inbox.subject_of(deal, StageReady, item="design") == f"deal/{deal.id}/r1/stage/design"
        assert told(session, deal, StageReady(stage="text")).subject == f"deal/{deal.id}/r1/stage/text"
        assert told(session, deal, DateMoved(days=1, reason="Illness.")).subject == f"deal/{deal.id}/r1/work"
