"""The project's clock, read from its waits: what counts as waiting for the client, and what does not."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlmodel import Session

from models import clocks, project_clock, projects, waiting, worktime
from models.delivery_answers import DateMoved, MaterialsComplete, MaterialSent, StageAnswered, StageReady, WorkPaused
from models.stages import Stage
from models.tables import Deal, Fact
from models.tracks import Work, move
from tests.factories import a_wait, told
from tests.fakes import MONDAY
from tests.projecting import a_project, a_shown_stage
from tests.studio import the_company

DAY = timedelta(days=1)
CALENDAR = project_clock.calendar(the_company())


def asked(session: Session, deal: Deal, stage: Stage, *, at, whose: str = "client", key: str = "a#1", item: str = "text", model=StageAnswered):
    """A wait that was opened."""
    from models import inbox

    about = inbox.subject_of(deal, model, item=item)
    return a_wait(session, deal, model, stage=stage, at=at, whose=whose, key=key, what="your word", subject=about)


def test_a_wait_for_the_client_counts_from_asking_to_the_answer(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        a_shown_stage(session, deal, "text")
        wait = asked(session, deal, Stage.PRODUCTION, at=MONDAY)
        fact = told(session, deal, StageAnswered(stage="text", version=1, decision="approve"), at=MONDAY + 2 * DAY)
        waiting.reach(session, waiting.Spot(deal.id, "production", 1, "a#1", "run"), waiting.Question([], wait.subject, "client", ""), now=MONDAY + 5 * DAY)
        assert project_clock.spans(session, deal, MONDAY + 9 * DAY) == [clocks.Span(MONDAY, fact.known_at, "your word")]


@pytest.mark.parametrize("whose", ["studio", "world", "time"])
def test_other_waits_cost_the_client_nothing(here_sqlite, whose: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        asked(session, deal, Stage.PRODUCTION, at=MONDAY, whose=whose)
        assert project_clock.spans(session, deal, MONDAY + DAY) == []


@pytest.mark.parametrize("stage", [Stage.PAYMENT, Stage.CONTRACT, Stage.REVIEW, Stage.HANDOVER])
def test_waiting_for_money_or_a_review_is_not_the_projects(here_sqlite, stage: Stage) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        asked(session, deal, stage, at=MONDAY)
        assert project_clock.spans(session, deal, MONDAY + DAY) == []


def test_the_checklist_holds_the_work_until_production_begins(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session, work=Work.MATERIALS, materials=False)
        asked(session, deal, Stage.MATERIALS, at=MONDAY, key="m#1", item="logo", model=MaterialSent)
        assert [span.answered for span in project_clock.spans(session, deal, MONDAY + DAY)] == [None]
        move(session, deal, Work.PRODUCTION, why="x", fact=None, now=MONDAY + 3 * DAY)
        session.flush()
        asked(session, deal, Stage.MATERIALS, at=MONDAY + 4 * DAY, key="m#2", item="photos", model=MaterialSent)
        assert project_clock.spans(session, deal, MONDAY + 9 * DAY) == [clocks.Span(MONDAY, MONDAY + 3 * DAY, "your word")]


def test_a_pause_is_a_wait_that_goes_on(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        a_shown_stage(session, deal, "text")
        spot = waiting.Spot(deal.id, "production", 1, "text#1", "run")
        about = f"deal/{deal.id}/r1/stage/text"
        question = waiting.Question(["stage.answered"], about, "client", "your word", deadline=MONDAY + 20 * DAY)
        for now in (MONDAY, MONDAY + 20 * DAY):
            waiting.reach(session, spot, question, now=now)
        told(session, deal, WorkPaused(what="your word"), at=MONDAY + 20 * DAY)
        waiting.reach(session, waiting.Spot(deal.id, "production", 1, "text#2", "run"),
                      waiting.Question(["stage.answered"], about, "client", "your word"), now=MONDAY + 20 * DAY)  # fmt: skip
        now = MONDAY + 40 * DAY
        assert clocks.united(project_clock.spans(session, deal, now), now) == [(MONDAY, now)]


def test_the_promise_is_counted_from_plan_changes_and_waits(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        company, plan = the_company(), projects.stand(session, deal).plan
        planned = project_clock.promise(session, company, deal, MONDAY)
        assert planned.day == planned.planned == clocks.promised(plan.begins_on, plan.days, [], CALENDAR, MONDAY)
        told(session, deal, DateMoved(days=3, reason="Illness."))
        moved = project_clock.promise(session, company, deal, MONDAY)
        assert moved.day == clocks.promised(plan.begins_on, plan.days + 3, [], CALENDAR, MONDAY)
        asked(session, deal, Stage.PRODUCTION, at=MONDAY)
        late = project_clock.promise(session, company, deal, MONDAY + 2 * DAY)
        assert late.day > moved.day
        assert late.waits_for == ["your word"]


STEPS = some.lists(some.tuples(some.sampled_from(["ask", "answer", "ready", "later"]), some.integers(1, 60)), max_size=25)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_the_promise_is_that_of_the_rows(here_sqlite, steps: list[tuple[str, int]]) -> None:
    company = the_company()
    with here_sqlite.db.writing() as session:
        deal, now, number = a_project(session), MONDAY, 0
        plain = project_clock.promise(session, company, deal, now).planned
        for what, hours in steps:
            now += timedelta(hours=hours)
            stage = projects.stand(session, deal).current
            if stage is None:
                break
            if what == "ready" and stage.place == "working":
                told(session, deal, StageReady(stage=stage.slug), at=now)
            if what == "ask":
                number += 1
                asked(session, deal, Stage.PRODUCTION, at=now, key=f"{stage.slug}#{number}", item=stage.slug)
            if what == "answer" and stage.place == "shown":
                fact: Fact = told(session, deal, StageAnswered(stage=stage.slug, version=stage.version, decision="approve"), at=now)
                for wait in waiting.open_waits(session, deal.id):
                    if wait.subject == fact.subject and wait.fact_id is None:
                        spot = waiting.Spot(deal.id, wait.stage, 1, wait.key, "run")
                        waiting.reach(session, spot, waiting.Question([], "", "", ""), now=now)
                        break
            spans = project_clock.spans(session, deal, now)
            told_now = project_clock.promise(session, company, deal, now)
            assert told_now.day == clocks.promised(MONDAY.date(), projects.stand(session, deal).days, spans, CALENDAR, now)
            assert told_now.day >= plain
        session.rollback()


def test_a_stage_is_due_later_by_the_days_that_the_client_took(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        company, first = the_company(), projects.stand(session, deal).plan.stages[0]
        assert project_clock.ready_on(session, company, deal, first.slug, MONDAY) == first.ends_on
        asked(session, deal, Stage.PRODUCTION, at=MONDAY)
        later = project_clock.ready_on(session, company, deal, first.slug, MONDAY + 3 * DAY)
        assert worktime.working_days_between(first.ends_on, later, "IE") == 3
        told(session, deal, DateMoved(days=2, reason="Illness."))
        moved = project_clock.ready_on(session, company, deal, first.slug, MONDAY + 3 * DAY)
        assert worktime.working_days_between(later, moved, "IE") == 2


def test_what_was_sent_and_nobody_here_looked_at_costs_the_client_nothing(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session, service="corporate-site", materials=False)
        stand = projects.stand(session, deal)
        late = next(item for item in stand.materials if item.plan.before)
        stage = late.plan.before
        asked(session, deal, Stage.MATERIALS, at=MONDAY, key="m#1", item=late.slug, model=MaterialSent)
        asked(session, deal, Stage.PRODUCTION, at=MONDAY + DAY, key=f"{stage}#1", item=stage, model=MaterialsComplete)
        told(session, deal, MaterialSent(item=late.slug, text="x"), at=MONDAY + 3 * DAY)
        wait = waiting.find(session, waiting.Spot(deal.id, "materials", 1, "m#1", "run"))
        waiting.reach(session, waiting.Spot(deal.id, "materials", 1, "m#1", "run"), waiting.Question([], wait.subject, "client", ""), now=MONDAY + 3 * DAY)
        move(session, deal, Work.PAUSED, why="x", fact=None, now=MONDAY)
        found = project_clock.spans(session, deal, MONDAY + 9 * DAY)
    lacking = [span for span in found if span.asked == MONDAY + DAY]
    assert lacking == [clocks.Span(MONDAY + DAY, MONDAY + 3 * DAY, "your word")]
