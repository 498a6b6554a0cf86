"""The course's letters: each once, in order, and only if nothing has come between deciding and sending."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from models import course, course_state, looks
from models.after_answers import AddressChanged, CourseAnswered
from models.delivery_answers import StageAnswered, WorkPaused
from models.effects import EffectState
from models.errors import Unavailable
from models.stages import RunState, Stage
from models.tables import Client, Deal, Effect, StageRun, Wait
from models.tracks import Sales, Work
from tasks import courses, offers
from tasks.world import World
from tests.coursing import a_course, a_letter, a_mail, completed
from tests.factories import a_wait, told
from tests.fakes import MONDAY, ManualClock
from tests.projecting import a_project
from tests.tasks.stages import inside

DAY = timedelta(days=1)
RIPE = MONDAY.replace(day=4, hour=9)
"""Two working days after a Monday at ten."""


def effect(here: World, deal: Deal, letter: str) -> Effect | None:
    with here.db.reading() as session:
        return session.get(Effect, course_state.key_of(deal, letter))


def letters(here: World) -> list[str]:
    return [key.rpartition("/")[2] for key in here.mail.letters()]


def test_the_invitation_goes_out_once_under_a_key_of_its_round(here: World) -> None:
    with here.db.writing() as session:
        deal = a_project(session, accepted=3)
    assert [courses.invite_client.fn(deal.id) for _ in range(3)] == ["done"] * 3
    assert here.mail.letters() == [f"deal/{deal.id}/r1/next-steps/invitation"]
    assert here.mail.sent[0].to.name == "Orla Byrne"


def test_a_letter_that_is_due_goes_out_once_with_a_way_out(here: World, clock: ManualClock) -> None:
    with here.db.writing() as session:
        deal = a_course(session)
    clock.at = RIPE
    assert courses.send_letter.fn(deal.id, "course-1", "") == "done"
    sent = here.mail.sent[0]
    assert (here.mail.letters(), "https://office.example/x/" in sent.unsubscribe) == ([f"deal/{deal.id}/r1/next-steps/course-1"], True)
    assert "/x/" in sent.text
    assert "not due" not in courses.send_letter.fn(deal.id, "course-1", "again")
    assert letters(here) == ["course-1"]


def no(session: Session, deal: Deal) -> None:
    told(session, deal, CourseAnswered(decision="no"), at=RIPE)


def paused(session: Session, deal: Deal) -> None:
    deal.work = Work.LAUNCH.value
    told(session, deal, WorkPaused(what="your word"), at=RIPE, actor="system")


def asked(session: Session, deal: Deal) -> None:
    a_wait(session, deal, StageAnswered, stage=Stage.PRODUCTION, at=RIPE)


def held(session: Session, deal: Deal) -> None:
    deal.held_since = RIPE


def dead(session: Session, deal: Deal) -> None:
    session.get_one(Client, deal.client_id).bounced_at = RIPE


def finished(session: Session, deal: Deal) -> None:
    completed(session, deal, at=RIPE)


@pytest.mark.parametrize(("comes", "goes"), [
    (no, lambda session, deal: told(session, deal, CourseAnswered(decision="yes"), at=RIPE)),
    (paused, lambda _session, deal: setattr(deal, "work", "launch")),
    (asked, lambda session, _deal: setattr(session.exec(select(Wait)).one(), "closed_at", RIPE + timedelta(hours=1))),
    (held, lambda _session, deal: setattr(deal, "held_since", None)),
    (dead, lambda session, deal: told(session, deal, AddressChanged(email="orla@new.example"))),
], ids=lambda one: one.__name__)  # fmt: skip
def test_what_comes_between_deciding_and_sending_holds_the_letter_back_and_loses_none(here: World, clock: ManualClock, comes, goes) -> None:
    with here.db.writing() as session:
        deal = a_course(session)
    clock.at = RIPE
    with inside(here, Stage.NEXT_STEPS, deal):
        assert courses.next_due(deal.id).letter == "course-1"
    with here.db.writing() as session:
        comes(session, session.get_one(Deal, deal.id))
    assert courses.send_letter.fn(deal.id, "course-1", "now") != "done"
    assert letters(here) == []
    assert effect(here, deal, "course-1") is None
    with here.db.writing() as session:
        goes(session, session.get_one(Deal, deal.id))
    clock.at = RIPE + DAY
    assert courses.send_letter.fn(deal.id, "course-1", "later") == "done"


@pytest.mark.parametrize(("comes", "why"), [
    (lambda session, deal: a_mail(session, deal, at=RIPE + 3 * DAY), "the client has written to us"),
    (lambda _session, deal: setattr(deal, "sales", Sales.LOST.value), "The deal is lost."),
    (lambda _session, deal: setattr(deal, "work", Work.CANCELLED.value), "The work was cancelled."),
], ids=["reply", "lost", "cancelled"])  # fmt: skip
def test_what_stops_it_between_deciding_and_sending_leaves_the_letter_out_for_good(here_sqlite: World, clock: ManualClock, comes, why: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
        a_letter(session, deal, "course-1", at=RIPE)
        comes(session, deal)
    clock.at = RIPE + 7 * DAY
    assert courses.send_letter.fn(deal.id, "course-2", "") == "skipped"
    assert effect(here_sqlite, deal, "course-2").said == why
    assert letters(here_sqlite) == []


@pytest.mark.parametrize(("letter", "now"), [("course-2", RIPE), ("course-1", RIPE - timedelta(minutes=1)), ("course-1", RIPE.replace(hour=22))])
def test_a_letter_out_of_turn_or_out_of_hours_stays_where_it_is(here_sqlite: World, clock: ManualClock, letter: str, now: datetime) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
    clock.at = now
    courses.send_letter.fn(deal.id, letter, "")
    assert (letters(here_sqlite), effect(here_sqlite, deal, letter)) == ([], None)


def test_a_letter_that_an_outage_held_back_is_looked_at_again_before_it_goes(here_sqlite: World, clock: ManualClock) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
    clock.at, here_sqlite.mail.away = RIPE, True
    with pytest.raises(Unavailable):
        courses.send_letter.fn(deal.id, "course-1", "")
    here_sqlite.mail.away = False
    with here_sqlite.db.writing() as session:
        no(session, session.get_one(Deal, deal.id))
    courses.send_letter.fn(deal.id, "course-1", "")
    assert effect(here_sqlite, deal, "course-1").state == EffectState.PLANNED
    with inside(here_sqlite, Stage.NEXT_STEPS, deal):
        courses.conclude_next_steps.fn(deal.id, "The course ends: the client wants no more letters of the course.")
    left_out = effect(here_sqlite, deal, "course-1")
    assert (left_out.state, letters(here_sqlite)) == (EffectState.SKIPPED, [])
    assert "no more letters" in left_out.said


# Looking again


def pause(here: World, deal: Deal) -> Wait | None:
    with here.db.reading() as session:
        return session.exec(select(Wait).where(Wait.deal_id == deal.id, Wait.key == looks.KEY)).first()


def suspended(here: World, deal: Deal) -> datetime:
    """The run suspends, and until when."""
    with pytest.raises(RuntimeError, match="suspended"):  # there is no engine that could do it
        courses.next_due(deal.id)
    return pause(here, deal).deadline


def test_until_something_is_due_the_run_holds_nothing_and_the_waker_knows_when(here: World, clock: ManualClock) -> None:
    with here.db.writing() as session:
        deal = a_course(session)
    with inside(here, Stage.NEXT_STEPS, deal):
        assert suspended(here, deal) == RIPE
        row = pause(here, deal)
        assert (row.due_at, row.whose, row.kinds, row.closed_at, row.suspensions) == (RIPE, "time", [], None, 1)
        clock.at = RIPE
        assert courses.next_due(deal.id).letter == "course-1"
        assert pause(here, deal).outcome == "over"
        courses.send_letter.fn(deal.id, "course-1", "")
        assert suspended(here, deal) == MONDAY.replace(day=6, hour=9)
        assert (pause(here, deal).suspensions, pause(here, deal).closed_at) == (2, None)


@pytest.mark.parametrize("happens", [
    lambda session, deal: told(session, deal, CourseAnswered(decision="yes"), at=RIPE),
    lambda session, deal: told(session, a_course(session, consent="", client=session.get_one(Client, deal.client_id)), CourseAnswered(decision="yes"), at=RIPE),
    lambda session, deal: told(session, deal, AddressChanged(email="orla@new.example"), at=RIPE),
], ids=["yes", "yes elsewhere", "address"])  # fmt: skip
def test_whoever_changes_what_it_would_see_wakes_it_at_once(here: World, clock: ManualClock, happens) -> None:
    with here.db.writing() as session:
        deal = a_course(session, consent="")
    with inside(here, Stage.NEXT_STEPS, deal):
        assert suspended(here, deal) > RIPE
        with here.db.writing() as session:
            happens(session, session.get_one(Deal, deal.id))
        assert (pause(here, deal).due_at, pause(here, deal).deadline) == (RIPE, RIPE)


def test_the_end_of_the_work_wakes_it(here: World) -> None:
    from models import completion

    with here.db.writing() as session:
        deal = a_course(session, consent="")
    with inside(here, Stage.NEXT_STEPS, deal):
        suspended(here, deal)
        with here.db.writing() as session:
            row = session.get_one(Deal, deal.id)
            completed(session, row, at=RIPE)
            completion.follow(session, row, fact=None, now=RIPE)
        assert pause(here, deal).due_at == RIPE
        assert courses.next_due(deal.id).offer


def test_nobody_elses_pause_is_ended(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal, other = a_course(session, consent=""), a_course(session, consent="")
    with inside(here_sqlite, Stage.NEXT_STEPS, deal):
        until = suspended(here_sqlite, deal)
    with here_sqlite.db.writing() as session:
        assert looks.look_now(session, Stage.NEXT_STEPS, deal=other, now=RIPE) == 0
        told(session, other, CourseAnswered(decision="yes"), at=RIPE)
        assert looks.look_now(session, Stage.KICKOFF, deal=deal, now=RIPE) == 0
    assert pause(here_sqlite, deal).due_at == until


# The whole of it


def carried(here: World, clock: ManualClock, deal: Deal, until: datetime) -> tuple[str, list[datetime]]:
    """The stage as its flow carries it, up to a moment: why it is over ("" if it is not), and when it looked."""
    looked = []
    with inside(here, Stage.NEXT_STEPS, deal, flow_run_id=f"run-{clock.at.isoformat()}"):
        courses.invite_client.fn(deal.id)
        while clock.at < until:
            looked.append(clock.at)
            try:
                due = courses.next_due(deal.id)
            except RuntimeError:
                clock.at = pause(here, deal).deadline
                continue
            if due.is_over:
                courses.conclude_next_steps.fn(deal.id, due.why)
                return due.why, looked
            if due.offer:
                offers.make_offer.fn(deal.id)
            else:
                courses.send_letter.fn(deal.id, due.letter, due.looked_at)
    return "", looked


def test_a_month_is_rehearsed_from_the_invitation_to_the_offer(here: World, clock: ManualClock) -> None:
    with here.db.writing() as session:
        deal = a_course(session, whole=True, invited=False)
    with here.db.writing() as session:
        wait = a_wait(session, session.get_one(Deal, deal.id), StageAnswered, stage=Stage.PRODUCTION, at=MONDAY.replace(day=6, hour=12))
        wait.closed_at, wait.outcome = MONDAY.replace(day=20, hour=8), "over"  # two weeks without a word
    _, looked = carried(here, clock, deal, MONDAY.replace(day=24))
    assert [(message.sent_at.day, key) for message, key in zip(here.mail.sent, letters(here), strict=True)] == [
        (2, "invitation"), (4, "course-1"), (6, "course-2"), (24, "course-3"),  # the 17th is a holiday
    ]  # fmt: skip
    assert len(looked) < 25
    with here.db.writing() as session:
        row = session.get_one(Deal, deal.id)
        session.exec(select(StageRun).where(StageRun.stage == Stage.NEXT_STEPS.value)).one().state = RunState.SUPERSEDED
        completed(session, row, at=clock.at)
    why, _ = carried(here, clock, deal, MONDAY.replace(month=6))
    assert why == "Every letter of the course is out."
    assert letters(here) == ["invitation", "course-1", "course-2", "course-3", "course-4", "course-5"]
    with here.db.reading() as session:
        assert [one.source.get("from_deal") for one in session.exec(select(Deal).order_by(Deal.id))] == [None, str(deal.id)]
        assert {row.state for row in session.exec(select(StageRun).where(StageRun.stage == Stage.NEXT_STEPS.value))} == {"done", "superseded"}


def test_without_a_yes_the_offer_comes_all_the_same_and_the_stage_ends_a_month_later(here_sqlite: World, clock: ManualClock) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session, whole=True, invited=False, consent="")
        completed(session, deal)
    why, looked = carried(here_sqlite, clock, deal, MONDAY.replace(month=9))
    assert "has not asked" in why
    assert clock.at == MONDAY + course.WINDOW
    assert (letters(here_sqlite), len(looked) < 12) == (["invitation"], True)
    with here_sqlite.db.reading() as session:
        assert len(session.exec(select(Deal)).all()) == 2
