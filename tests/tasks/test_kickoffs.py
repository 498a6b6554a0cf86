"""Steps of the kickoff: a project planned once, made in the tracker once whatever dies, the client told what comes."""

from dataclasses import replace

import pytest
from sqlmodel import col, select

from models import projects
from models.delivery_tables import Project, TrackerIssue
from models.effects import EffectState
from models.errors import Refused, Unavailable
from models.stages import Stage
from models.tables import Deal, Effect
from models.tracks import Work
from models.wanted import live_of
from tasks import kickoffs as steps
from tasks.world import World, use
from tests.fakes import MONDAY, Killed, RecordingTracker
from tests.projecting import a_won_deal
from tests.tasks.stages import inside


def won(here: World, **values) -> int:
    with here.db.writing() as session:
        return a_won_deal(session, **values).id


def deal_of(here: World, deal_id: int) -> Deal:
    with here.db.reading() as session:
        return session.get_one(Deal, deal_id)


def tracked(here: World) -> tuple[World, RecordingTracker]:
    tracker = RecordingTracker()
    return use(replace(here, tracker=tracker)), tracker


def test_a_project_is_planned_once_and_begins_today(here: World) -> None:
    deal_id = won(here)
    first, again = steps.open_project.fn(deal_id), steps.open_project.fn(deal_id)
    assert first == again
    with here.db.reading() as session:
        [project] = session.exec(select(Project)).all()
    assert (project.begins_on, project.manager) == (MONDAY.date(), "tomasz@northlight.example")


def test_the_embedded_tracker_has_an_issue_for_each_stage(here: World) -> None:
    deal_id = won(here)
    steps.open_project.fn(deal_id)
    for _ in range(2):
        assert steps.open_in_tracker.fn(deal_id) == ""
    with here.db.reading() as session:
        issues = session.exec(select(TrackerIssue).order_by(col(TrackerIssue.id))).all()
        plan = projects.stand(session, session.get_one(Deal, deal_id)).plan
    assert [issue.stage for issue in issues] == [stage.slug for stage in plan.stages]


def test_a_tracker_is_asked_once_and_its_address_kept(here: World) -> None:
    deal_id = won(here)
    here, tracker = tracked(here)
    steps.open_project.fn(deal_id)
    for _ in range(2):
        assert steps.open_in_tracker.fn(deal_id) == "https://tracker.example/1"
    [order] = tracker.orders
    assert (order.key, len(order.issues)) == (f"deal/{deal_id}/r1/tracker", 5)
    with here.db.reading() as session:
        project = projects.of(session, session.get_one(Deal, deal_id))
    assert (project.tracker_ref, project.tracker_url) == ("1", "https://tracker.example/1")


def test_a_tracker_that_is_away_for_a_day_leaves_no_second_project(here: World) -> None:
    deal_id = won(here)
    here, tracker = tracked(here)
    steps.open_project.fn(deal_id)
    tracker.away = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            steps.open_in_tracker.fn(deal_id)
    tracker.away, tracker.dies_after = False, [Unavailable("The answer was lost.")]
    with pytest.raises(Unavailable):
        steps.open_in_tracker.fn(deal_id)
    steps.open_in_tracker.fn(deal_id)
    assert len(tracker.orders) == 1


def test_a_worker_that_dies_after_the_project_was_made_finds_it(here: World) -> None:
    deal_id = won(here)
    here, tracker = tracked(here)
    steps.open_project.fn(deal_id)
    tracker.dies_after = [Killed()]
    with pytest.raises(Killed):
        steps.open_in_tracker.fn(deal_id)
    steps.open_in_tracker.fn(deal_id)
    assert len(tracker.orders) == 1
    with here.db.reading() as session:
        assert session.get_one(Effect, f"deal/{deal_id}/r1/tracker").state == EffectState.DONE


def test_a_tracker_that_says_no_fails_the_stage_with_its_words(here_sqlite: World) -> None:
    deal_id = won(here_sqlite)
    _, tracker = tracked(here_sqlite)
    steps.open_project.fn(deal_id)
    tracker.dies_after = [Refused("The key may not make projects.")]
    with pytest.raises(Refused, match="may not make projects"):
        steps.open_in_tracker.fn(deal_id)


@pytest.mark.parametrize("service", ["landing-page", "corporate-site"])
def test_the_checklist_comes_first_where_the_work_needs_something_to_begin(here: World, service: str) -> None:
    deal_id = won(here, service=service)
    steps.open_project.fn(deal_id)
    with inside(here, Stage.KICKOFF, deal_of(here, deal_id)):
        work = steps.conclude_kickoff.fn(deal_id)
    with here.db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        needed = projects.stand(session, deal).needed_for("")
        stages = [row.stage for row in live_of(session, deal_id)]
    assert work == (Work.MATERIALS if needed else Work.PRODUCTION)
    assert stages == (["materials"] if needed else ["materials", "production"])


def test_where_nothing_is_needed_production_begins_at_once(here: World) -> None:
    deal_id = won(here)
    steps.open_project.fn(deal_id)
    with here.db.writing() as session:
        project = projects.of(session, session.get_one(Deal, deal_id))
        project.plan = {**project.plan, "materials": []}
        session.add(project)
    assert steps.conclude_kickoff.fn(deal_id) == Work.PRODUCTION
    with here.db.reading() as session:
        assert [row.stage for row in live_of(session, deal_id)] == ["production"]


def test_the_manager_with_the_fewest_projects_leads_the_next(here_sqlite: World) -> None:
    studio = here_sqlite.company.studio
    tomasz = studio.with_role("project_manager")[0]
    ada = tomasz.model_copy(update={"name": "Ada", "email": "ada@northlight.example"})
    company = here_sqlite.company.model_copy(update={"studio": studio.model_copy(update={"people": [*studio.people, ada]})})
    use(replace(here_sqlite, company=company))
    led = []
    for _ in range(4):
        deal_id = won(here_sqlite)
        steps.open_project.fn(deal_id)
        with here_sqlite.db.reading() as session:
            led.append(projects.of(session, session.get_one(Deal, deal_id)).manager.partition("@")[0])
    assert led == ["tomasz", "ada", "tomasz", "ada"]
