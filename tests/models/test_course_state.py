"""Where a course stands, as its facts, its letters and its project tell it."""

from datetime import timedelta

import pytest

from models import course_state
from models.after_answers import AddressChanged, CourseAnswered, MailBounced
from models.company import Company
from models.course import CourseStand
from models.delivery_answers import StageAnswered, WorkPaused
from models.effects import EffectState
from models.errors import Refused
from models.stages import Stage
from models.tables import Client, Deal
from models.tracks import Sales, Work
from tasks.world import World
from tests.coursing import a_course, a_letter, a_mail, completed
from tests.factories import a_client, a_wait, told
from tests.fakes import MONDAY
from tests.projecting import a_shown_stage, plan_of
from tests.studio import the_company

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def soft() -> Company:
    """The studio where every client gets the course until they say no."""
    company = the_company()
    course = company.delivery.course.model_copy(update={"consent": "soft"})
    return company.model_copy(update={"delivery": company.delivery.model_copy(update={"course": course})})


def read(session, deal: Deal, *, now=MONDAY + 9 * DAY, company: Company | None = None) -> CourseStand:
    session.flush()
    return course_state.read(session, company or the_company(), deal, now)


def test_a_client_who_said_yes_gets_it_at_the_pace_of_the_set_up(here: World) -> None:
    with here.db.writing() as session:
        stand = read(session, a_course(session))
    assert (stand.letters, stand.gap) == (the_company().delivery.course.letters, the_company().delivery.course.gap)
    assert (stand.rests, stand.waits, stand.stopped, stand.ended, stand.next_letter) == ("", "", "", "", "course-1")
    assert (stand.last_at, stand.completed_at, stand.is_offered) == (MONDAY, None, False)


@pytest.mark.parametrize(("consent", "asked", "softly"), [("", "has not asked", ""), ("no", "wants no more", "wants no more"), ("yes", "", "")])
def test_without_consent_it_rests_and_softly_only_a_no_stands_in_its_way(here_sqlite: World, consent: str, asked: str, softly: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session, consent=consent)
        for company, said in ((the_company(), asked), (soft(), softly)):
            rests = read(session, deal, company=company).rests
            assert said in rests
            assert bool(rests) == bool(said)


def test_the_newest_word_in_any_deal_of_the_client_counts(here: World) -> None:
    with here.db.writing() as session:
        deal = a_course(session, consent="")
        other = a_course(session, consent="", client=session.get_one(Client, deal.client_id))
        for decision, rests in (("yes", False), ("no", True), ("yes", False)):
            told(session, other, CourseAnswered(decision=decision))
            assert bool(read(session, deal).rests) == rests


def test_nobody_elses_yes_counts(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal, other = a_course(session, consent=""), a_course(session, client=a_client(session))
        assert other.client_id != deal.client_id
        assert read(session, deal).rests


def test_it_rests_while_letters_come_back_and_goes_on_with_the_new_address(here: World) -> None:
    with here.db.writing() as session:
        deal = a_course(session)
        address = session.get_one(Client, deal.client_id).email
        told(session, deal, MailBounced(address=address, said="550 no such user"), actor="system")
        assert "come back" in read(session, deal).rests
        assert "come back" in read(session, deal).holds_offer
        told(session, deal, AddressChanged(email="orla@new.example"))
        assert (read(session, deal).rests, read(session, deal).holds_offer) == ("", "")


def test_a_mailbox_that_takes_letters_again_is_named_again_and_any_other_address_in_use_changes_nothing(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
        address = session.get_one(Client, deal.client_id).email
        with pytest.raises(Refused, match=f"Letters go to {address} already"):
            told(session, deal, AddressChanged(email=address.upper()))
        told(session, deal, MailBounced(address=address, said="452 mailbox full"), actor="system")
        told(session, deal, AddressChanged(email=address))
        assert session.get_one(Client, deal.client_id).bounced_at is None


def test_it_rests_while_the_deal_is_on_hold(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
        deal.held_since = MONDAY
        assert "on hold" in read(session, deal).rests


# Letters


@pytest.mark.parametrize("state", EffectState)
def test_what_the_ledger_says_of_a_letter_decides_what_comes_next(here_sqlite: World, state: EffectState) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
        a_letter(session, deal, "course-1", at=MONDAY + DAY, state=state, said="550 no")
        stand = read(session, deal)
    is_out = state in {EffectState.DONE, EffectState.UNKNOWN}
    assert stand.next_letter == ("course-2" if is_out else "course-1")
    assert stand.last_at == (MONDAY + DAY if is_out else MONDAY)
    assert ("550 no" in stand.rests) == (state == EffectState.FAILED)
    assert ("550 no" in stand.stopped) == (state == EffectState.SKIPPED)


def test_a_letter_of_another_round_is_not_ours(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
        a_letter(session, deal, "course-1")
        deal.round = 2
        assert read(session, deal).out == []


# Replies


def test_a_letter_from_the_client_after_it_began_stops_it(here: World) -> None:
    with here.db.writing() as session:
        deal = a_course(session)
        a_letter(session, deal, "course-1", at=MONDAY + DAY)
        a_mail(session, deal, at=MONDAY + HOUR)
        assert read(session, deal).stopped == ""
        a_mail(session, deal, at=MONDAY + DAY + HOUR)
        assert "written" in read(session, deal).stopped


@pytest.mark.parametrize("values", [{"is_auto": True}, {"from_client": False}])
def test_an_absence_note_or_somebody_elses_letter_does_not(here_sqlite: World, values: dict) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
        a_letter(session, deal, "course-1", at=MONDAY + DAY)
        a_mail(session, deal, at=MONDAY + 2 * DAY, **values)
        assert read(session, deal).stopped == ""


def test_a_reply_to_the_invitation_stops_only_a_course_that_nobody_was_asked_about(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
        a_mail(session, deal, at=MONDAY + HOUR)
        assert read(session, deal).stopped == ""
        assert "written" in read(session, deal, company=soft()).stopped


# The project


def test_it_waits_while_the_project_waits_for_the_client(here: World) -> None:
    with here.db.writing() as session:
        deal = a_course(session, whole=True)
        slug = plan_of(session, deal).production[-1].slug
        a_shown_stage(session, deal, slug, at=MONDAY + DAY)
        a_wait(session, deal, StageAnswered, stage=Stage.PRODUCTION, at=MONDAY + DAY, what="an answer to Testing")
        assert read(session, deal, now=MONDAY).waits == ""
        assert "an answer to Testing" in read(session, deal, now=MONDAY + 2 * DAY).waits


def test_it_waits_while_the_project_is_paused_and_goes_on_with_the_client(here: World) -> None:
    with here.db.writing() as session:
        deal = a_course(session, whole=True)
        slug = plan_of(session, deal).production[-1].slug
        version = a_shown_stage(session, deal, slug)
        told(session, deal, WorkPaused(what="your word"), actor="system")
        assert "paused" in read(session, deal).waits
        told(session, deal, StageAnswered(stage=slug, version=version, decision="approve", name="Orla Byrne"))
        assert read(session, deal).waits == ""


@pytest.mark.parametrize("to", [Work.COMPLETED, Work.HANDED_OVER])
def test_a_project_that_is_over_waits_for_nobody(here_sqlite: World, to: Work) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
        a_wait(session, deal, StageAnswered, stage=Stage.PRODUCTION, at=MONDAY + DAY)
        completed(session, deal, at=MONDAY + 3 * DAY, to=to)
        stand = read(session, deal)
    assert (stand.waits, stand.completed_at, stand.ended) == ("", MONDAY + 3 * DAY, "")
    assert [span.answered for span in stand.spans] == [MONDAY + 3 * DAY]


@pytest.mark.parametrize(("sales", "work"), [(Sales.LOST, Work.PRODUCTION), (Sales.WON, Work.CANCELLED)])
def test_a_deal_that_is_over_has_no_next_steps(here_sqlite: World, sales: Sales, work: Work) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_course(session)
        deal.sales, deal.work = sales.value, work.value
        assert read(session, deal).ended
