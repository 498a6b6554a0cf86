"""Whose move it is: whatever is told in whatever order, the page can say nothing that the stages would not."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from sqlmodel import Session

from models import clocks, project_clock, project_line, projects, whose_move
from models.after_answers import HandedOver, TrainingAnswered
from models.answer import Answer
from models.clocks import PromisedDay, Span
from models.delivery_answers import (
    ActDeemed,
    ActFaults,
    ActSigned,
    ChangeOffered,
    DateMoved,
    FaultsMended,
    LaunchChecked,
    MaterialReviewed,
    StageAnswered,
    StageDeemed,
    StageReady,
)
from models.errors import Refused
from models.project_facts import CHECKS
from models.project_pages import StageLine
from models.projects import Stand
from models.tables import Deal
from models.tracks import Work
from models.whose_move import blocking, duties, launch_of, move_of
from models.worktime import working_days_between
from tasks.productions import place_of
from tests.factories import a_fact
from tests.fakes import MONDAY
from tests.happenings import STORIES, Telling
from tests.projecting import a_project, plan_of
from tests.studio import the_company

CALENDAR = project_clock.calendar(the_company())
QUICK = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CLIENTS = {"shown": "stage", "priced": "change"}
OURS = {"working": "working", "changes": "changes", "beyond": "price"}
BEGUN = [("send", 1, 20), ("accept", 1, 20)]
SHOWN = [*BEGUN, ("ready", 0, 300)]
BEYOND = [*SHOWN, ("comment", 0, 20), ("ready", 0, 20), ("comment", 0, 20)]
PRICED = [*BEYOND, ("offer", 2, 20)]


@pytest.fixture
def deal_id(here_sqlite) -> int:
    """A project whose materials nobody has sent; each story is told in a transaction that is taken back."""
    with here_sqlite.db.writing() as session:
        return a_project(session, service="corporate-site", work=Work.MATERIALS, materials=False).id


@contextmanager
def telling_of(here, deal_id: int) -> Iterator[Telling]:
    with here.db.writing() as session:
        telling = Telling(session, session.get_one(Deal, deal_id))
        telling.stages_go_on()
        yield telling
        session.rollback()


@QUICK
@given(STORIES)
@example([*SHOWN, ("approve", 0, 20), ("ready", 0, 20), ("approve", 0, 20), ("ready", 0, 20), ("comment", 0, 20)])
@example([*PRICED, ("cheap", 0, 6000), ("take", 2, 6000), ("ready", 0, 20), ("approve", 0, 1500), ("ready", 0, 20), ("approve", 0, 20)])
@example([*PRICED, ("lapse", 0, 6000), ("approve", 0, 20), ("longer", 2, 20)])
@example([*PRICED, ("take", 1, 20), ("ready", 0, 20), ("deem", 0, 20), ("ready", 1, 20), ("old", 0, 20)])
@example([*SHOWN, ("pause", 0, 6000), ("other", 3, 20), ("approve", 0, 20), ("longer", 1, 6000)])
def test_the_page_says_what_the_stages_would_after_whatever_was_told(here_sqlite, deal_id, story) -> None:
    with telling_of(here_sqlite, deal_id) as telling:
        for said in [None, *story]:
            if said:
                telling.hears(*said)
            stand, now = telling.stand, telling.now
            waits = project_clock.spans(telling.session, telling.deal, now)
            lines = project_line.stages(stand, waits, CALENDAR, now)
            it_is_the_clients_move_exactly_where_the_stages_ask_them(stand, now)
            nothing_is_done_that_is_not_accepted_and_the_version_counts_the_showings(stand, lines)
            promised = project_clock.promise(telling.session, the_company(), telling.deal, now)
            the_promised_day_is_the_clocks_word(stand, promised, waits, lines, now)


def it_is_the_clients_move_exactly_where_the_stages_ask_them(stand: Stand, now: datetime) -> None:
    turn, stage = move_of(stand), stand.current
    place = place_of(stand, stage) if stage else ""  # the rule by which production asks
    lacks = stand.needed_for(stage.slug) if stage and place == "materials" else []
    if stage and stage.place == "working" and not stand.accepted:  # what the beginning needs is asked for before it
        lacks = [*stand.needed_for(""), *lacks]
    missing = [item for item in lacks if item.place == "missing"]
    assert blocking(stand) == [item for item in lacks if not item.is_settled]
    assert (turn.whose == "client") == (bool(missing) or (stage is not None and stage.place in CLIENTS))
    assert turn.is_paused == (stand.deal.work == Work.PAUSED)
    assert turn.since is not None
    assert turn.since <= now
    if stage is None:
        assert turn.stage == "launch"
        return
    if blocking(stand):
        assert turn.what == ("materials" if missing else "check")
    else:
        assert (turn.what, turn.stage) == ({**CLIENTS, **OURS}[place], stage.slug)


def nothing_is_done_that_is_not_accepted_and_the_version_counts_the_showings(stand: Stand, lines: list[StageLine]) -> None:
    ready = [fact.payload["stage"] for fact in stand.facts if fact.kind == StageReady.kind]
    closed = {fact.payload["stage"] for fact in stand.facts if fact.kind == StageDeemed.kind or fact.payload.get("decision") == "approve"}
    for stage, line in zip(stand.stages, lines, strict=False):
        assert stage.version == ready.count(stage.slug)
        assert (line.state == "done") == (stage.slug in closed or (not stage.plan.approval and stage.version > 0))
    assert [line.state for line in lines].count("now") == 1
    assert (lines[-1].slug, lines[-1].state == "done") == ("launch", False)


def the_promised_day_is_the_clocks_word(stand: Stand, promised: PromisedDay, waits: list[Span], lines: list[StageLine], now: datetime) -> None:
    """It is never earlier than it would be without waiting, its reasons sum to what it moved, and the last stage ends on it."""
    shown, studio = project_line.promise(stand, promised, CALENDAR), the_company().studio
    assert shown.day == clocks.promised(stand.plan.begins_on, stand.days, waits, CALENDAR, now)
    assert shown.day >= clocks.promised(stand.plan.begins_on, stand.days, [], CALENDAR, now) >= shown.first
    assert shown.moved == sum(reason.days for reason in shown.reasons)
    assert shown.moved == working_days_between(shown.first, shown.day, studio.holidays, studio.office)
    assert lines[-1].ends == shown.day
    assert all(line.starts <= line.ends for line in lines)


def is_taken(telling: Telling, answer: Answer) -> bool:
    try:
        CHECKS[type(answer)](telling.session, telling.deal, answer, telling.now)
    except Refused:
        return False
    return True


@QUICK
@given(STORIES)
@example([])
@example(SHOWN)
@example(BEYOND)
@example([*PRICED, ("leave", 0, 20)])
@example([("ready", 0, 20), *BEGUN])
def test_the_manager_is_offered_what_would_be_taken_and_nothing_else(here_sqlite, deal_id, story) -> None:
    with telling_of(here_sqlite, deal_id) as telling:
        for said in story:
            telling.hears(*said)
        stand, may = telling.stand, duties(telling.stand)
        for item in stand.materials:
            assert is_taken(telling, MaterialReviewed(item=item.slug, decision="accept")) == (item.slug in may.check)
            assert is_taken(telling, MaterialReviewed(item=item.slug, decision="waive")) == (item.slug in may.waive)
        for stage in stand.stages:
            may_show = is_taken(telling, StageReady(stage=stage.slug))
            assert may_show if stage.slug == may.show else not may_show or blocking(stand)
            assert is_taken(telling, ChangeOffered(stage=stage.slug, text="x", price=1)) == (stage.slug == may.price)
        assert is_taken(telling, DateMoved(days=1, reason="Why not")) == may.date
        may_launch = is_taken(telling, LaunchChecked())
        assert may_launch if may.launch else not may_launch or blocking(stand) or launch_of(stand.facts) != "open"


def test_what_came_and_nobody_has_looked_at_is_our_move_and_one_that_is_missing_beside_it_is_theirs(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service="landing-page", work=Work.MATERIALS, materials=False)
        telling = Telling(session, deal)
        needed = [place for place, item in enumerate(telling.stand.materials) if not item.plan.before]
        for place in needed[:-1]:
            telling.hears("send", place, 20)
        assert (move_of(telling.stand).whose, move_of(telling.stand).items) == ("client", (telling.stand.materials[needed[-1]].slug,))
        telling.hears("send", needed[-1], 20)
        turn = move_of(telling.stand)
        assert (turn.whose, turn.what, len(turn.items)) == ("studio", "check", len(needed))
        assert turn.since == MONDAY + timedelta(minutes=20)
        telling.hears("reject", needed[0], 20)
        turn = move_of(telling.stand)
        assert (turn.whose, turn.items, turn.since) == ("client", (telling.stand.materials[needed[0]].slug,), telling.now)


LAUNCHES = [
    ([], "open", "studio", "launch"),
    ([LaunchChecked], "act", "client", "act"),
    ([LaunchChecked, ActFaults], "faults", "studio", "faults"),
    ([LaunchChecked, ActFaults, ActFaults, FaultsMended], "act", "client", "act"),
    ([LaunchChecked, FaultsMended], "act", "client", "act"),
    ([ActFaults, LaunchChecked], "act", "client", "act"),
    ([LaunchChecked, ActSigned], "accepted", "client", "training"),
    ([LaunchChecked, ActFaults, ActDeemed], "accepted", "client", "training"),
]  # fmt: skip


def at_launch(session: Session, kinds: list[type[Answer]], work: Work = Work.LAUNCH) -> Deal:
    deal = a_project(session, service="landing-page", work=Work.LAUNCH, accepted=4)
    for hour, kind in enumerate(kinds):
        a_fact(session, deal, kind.kind, noun="act", at=MONDAY + timedelta(hours=hour), payload={"name": "Orla", "text": "x"})
    deal.work = work.value
    session.flush()
    return deal


@pytest.mark.parametrize(("kinds", "at", "whose", "what"), LAUNCHES)
def test_the_launch_goes_from_the_list_to_the_act_and_back_over_faults(here_sqlite, kinds, at, whose, what) -> None:
    with here_sqlite.db.writing() as session:
        stand = projects.stand(session, at_launch(session, kinds))
        assert launch_of(stand.facts) == at
        assert (move_of(stand).whose, move_of(stand).what) == (whose, what)
        assert (duties(stand).launch, duties(stand).mend) == (at == "open", at == "faults")


@pytest.mark.parametrize(
    ("work", "after", "turn"),
    [
        (Work.COMPLETED, [], ("client", "training")), (Work.COMPLETED, [TrainingAnswered], ("studio", "handover")),
        (Work.COMPLETED, [TrainingAnswered, HandedOver], ("nobody", "support")), (Work.HANDED_OVER, [], ("nobody", "support")),
        (Work.CANCELLED, [], ("nobody", "cancelled")), (Work.KICKOFF, [], ("studio", "plan")),
    ],
)  # fmt: skip
def test_before_and_after_the_work_it_is_told_too(here_sqlite, work, after, turn) -> None:
    with here_sqlite.db.writing() as session:
        stand = projects.stand(session, at_launch(session, [LaunchChecked, ActSigned, *after], work))
        found = move_of(stand)
        assert (found.whose, found.what) == turn
        assert (found.since is None) == (found.whose == "nobody")
        assert duties(stand) == whose_move.Duties(access=work == Work.COMPLETED)


def test_a_material_for_the_launch_is_waited_for_before_the_list(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service="landing-page", work=Work.LAUNCH, accepted=4)
        plan = plan_of(session, deal)
        late = plan.materials[0].model_copy(update={"slug": "late", "before": "launch"})
        project = projects.of(session, deal)
        project.plan = plan.model_copy(update={"materials": [*plan.materials, late]}).model_dump(mode="json")
        stand = projects.stand(session, deal)
        assert (move_of(stand).whose, move_of(stand).what, move_of(stand).items) == ("client", "materials", ("late",))
        assert not duties(stand).launch


def test_the_finished_day_is_the_acts_and_the_launch_is_done_then(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = at_launch(session, [LaunchChecked, ActSigned], Work.COMPLETED)
        stand = projects.stand(session, deal)
        assert project_line.finished_at(stand) == MONDAY + timedelta(hours=1)
        lines = project_line.stages(stand, [], CALENDAR, datetime(2026, 5, 1, tzinfo=UTC))
        assert {line.state for line in lines} == {"done"}
        assert lines[-1].ends == MONDAY.date()


def test_a_stage_that_only_needs_our_word_is_done_with_it(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service="landing-page", accepted=2)
        telling = Telling(session, deal)
        assert move_of(telling.stand).stage == "html"
        telling.hears("ready", 0, 20)
        assert (move_of(telling.stand).what, move_of(telling.stand).stage) == ("working", "testing")
        assert not [fact for fact in telling.stand.facts if fact.kind == StageAnswered.kind and fact.payload["stage"] == "html"]
