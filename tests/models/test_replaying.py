"""Applications that started nothing: started by somebody's word, once, and only those."""

import pytest
from sqlmodel import select

from models import facts, inbox, intake, replaying, wanted
from models.errors import Missing, Refused
from models.stages import LIVE, RunState, Stage
from models.tables import Fact, StageRun
from tests.factories import a_deal, a_fact, an_application
from tests.fakes import MONDAY
from tests.models.threads import meanwhile

WORDS = {"service": "landing-page", "name": "Orla Byrne", "email": "orla@acme.example", "message": "A page."}


def suspected(session) -> Fact:
    return inbox.apply(session, WORDS, source="form", external_id="1", actor="client", now=MONDAY, suspect="it was filled in too fast")[0]


def replay(session, application: Fact, key: str = "run/1") -> Fact:
    return replaying.replay(session, application.id, "She rang us.", key=key, actor="staff:Conor", now=MONDAY)


def live(session) -> list[StageRun]:
    return [row for row in session.exec(select(StageRun)).all() if row.state in LIVE]


def test_a_suspected_application_becomes_one_of_its_own_with_the_same_words(db) -> None:
    with db.writing() as session:
        first = suspected(session)
        carried, again = replay(session, first), replay(session, first)
        assert carried is again
        assert (carried.kind, carried.payload, carried.actor) == ("application", WORDS, "staff:Conor")
        assert (first.kind, first.payload["suspect"]) == ("application.suspected", "it was filled in too fast")
        [row] = live(session)
        assert (row.stage, row.application_id) == ("intake", carried.id)
        told = facts.find(session, "operator", "run/1")
        assert (told.kind, told.actor, told.payload["reason"]) == ("application.replayed", "staff:Conor", "She rang us.")
        assert intake.status(session, carried.id)["state"] == "received"


def test_the_same_suspected_application_is_started_once_by_whatever_form(db) -> None:
    with db.writing() as session:
        first = suspected(session)
        replay(session, first)
        with pytest.raises(Refused, match="under way: it is wanted"):
            replay(session, first, key="run/2")
        assert len(live(session)) == 1


def test_one_that_has_become_a_deal_is_not_started_again(db) -> None:
    with db.writing() as session:
        first = suspected(session)
        carried = replay(session, first)
        carried.deal_id = a_deal(session).id
        session.flush()
        for application in (first, carried):
            with pytest.raises(Refused, match=f"is deal {carried.deal_id}"):
                replay(session, application, key="run/2")


@pytest.mark.parametrize("state", [RunState.WANTED, RunState.CREATED, RunState.RUNNING, RunState.WAITING])
def test_one_whose_intake_is_under_way_is_left_alone(db, state: RunState) -> None:
    with db.writing() as session:
        application = an_application(session)
        live(session)[0].state = state.value
        session.flush()
        with pytest.raises(Refused, match=f"under way: it is {state}"):
            replay(session, application)


def test_one_whose_intake_failed_gets_the_next_generation(db) -> None:
    with db.writing() as session:
        application = an_application(session)
        [failed] = live(session)
        failed.state = RunState.FAILED.value
        session.flush()
        replay(session, application)
        replay(session, application)
        [row] = live(session)
        assert (row.generation, row.application_id, failed.state, failed.why) == (2, application.id, "superseded", "She rang us.")


def test_one_that_lost_its_run_gets_another(db) -> None:
    with db.writing() as session:
        application = an_application(session)
        wanted.mark(session, live(session)[0], RunState.WITHDRAWN, now=MONDAY)
        replay(session, application)
        assert [row.generation for row in live(session)] == [2]
        assert live(session)[0].stage == Stage.INTAKE


def test_what_is_no_application_is_not_started(db) -> None:
    with db.writing() as session:
        note = a_fact(session, a_deal(session))
        for number in (note.id, 99):
            with pytest.raises(Missing, match=f"no application {number}"):
                replaying.replay(session, number, "x", key="run/1", actor="staff:Conor", now=MONDAY)


def begins(session, row: StageRun, application: Fact) -> None:
    wanted.begin(session, row.key, "run", "w", now=MONDAY)


def succeeds(session, row: StageRun, application: Fact) -> None:
    begins(session, row, application)
    session.get_one(Fact, application.id).deal_id = a_deal(session).id
    wanted.mark(session, wanted.now_is(session, row.id), RunState.DONE, now=MONDAY)


@pytest.mark.parametrize(("retried", "words"), [(begins, "under way: it is running"), (succeeds, "is deal ")])
def test_one_whose_failed_intake_is_retried_at_the_same_moment_is_left_to_the_retry(db, retried, words: str) -> None:
    with db.writing() as session:
        application = an_application(session)
        row = session.exec(select(StageRun)).one()
        wanted.created(session, row.id, "run", now=MONDAY)
        wanted.mark(session, row, RunState.FAILED, now=MONDAY)

    def replays() -> None:
        with db.writing() as session:
            replay(session, application)

    with pytest.raises(Refused, match=words):
        meanwhile(db, lambda session: retried(session, row, application), replays)
    with db.reading() as session:
        assert len(session.exec(select(StageRun)).all()) == 1
