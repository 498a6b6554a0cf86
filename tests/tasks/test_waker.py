"""The waker: makes what is wanted, wakes what is ripe, reminds, carries letters, buries the dead; and says so."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from prefect.states import AwaitingRetry, Cancelled, Cancelling, Completed, Crashed, Failed, Pending, Running, Scheduled, Suspended
from sqlmodel import Session, col, select

import tasks.effects
import tasks.letters
from models import effects, leases, letters, upkeep, wanted
from models.answers import BriefSent, Held, ProposalAnswer, ProposalViewed, Released
from models.errors import Missing, Unavailable, Uncertain
from models.letters import LetterOrder
from models.stages import LIVE, RunState, Stage
from models.tables import Client, Deal, Effect, Fact, Lease, StageRun, Wait
from models.tracks import Sales
from tasks import heartbeat, reconcile
from tasks.mending import A_LOOK, BY_OPERATOR
from tasks.waker import A_ROUND, STUCK, Round, tick
from tasks.world import World, real_now, use
from tests.factories import a_deal, a_fact, a_run, a_wait, an_application, rungs, told
from tests.fakes import MONDAY, FakeEngine
from tests.models.threads import at_once, meanwhile
from tests.tasks.places import at

DAY = timedelta(days=1)
KIND = ProposalAnswer.kind
CONOR = "conor@northlight.example"


@pytest.fixture
def prefect() -> FakeEngine:
    return FakeEngine()


@contextmanager
def asked(here: World, prefect: FakeEngine, **values) -> Iterator[tuple[Session, Deal, Wait]]:
    """A deal whose proposal's run is suspended at its question."""
    with here.db.writing() as session:
        deal = at(session, "proposed") if values.pop("whole", False) else a_deal(session, sales=Sales.PROPOSED)
        a_run(session, Stage.PROPOSAL, deal, state=RunState.WAITING, flow_run_id="asked")
        wait = a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, run="asked", key="mine#1", **values)
        prefect.states["asked"] = Suspended()
        yield session, deal, wait


def rows(here: World, model: type, **where) -> list:
    with here.db.reading() as session:
        return [row for row in session.exec(select(model)) if all(getattr(row, name) == value for name, value in where.items())]


# Making runs


def test_a_wanted_run_is_made_named_and_tagged_once(here: World, prefect: FakeEngine) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        a_run(session, Stage.BRIEF, deal)
    assert [tick(prefect.talk).created for _ in range(2)] == [1, 0]
    assert prefect.made == [{
        "stage": "brief", "parameters": {"deal_id": deal.id}, "key": f"deal-{deal.id}/brief/r1/g1", "name": f"brief · deal {deal.id} · Acme",
        "tags": ["stage:brief", f"deal:{deal.id}", "service:landing-page", f"manager:{CONOR}"],
    }]  # fmt: skip
    row = rows(here, StageRun)[0]
    assert (row.state, row.flow_run_id) == ("created", prefect.keys[row.key])


def test_an_application_is_named_after_whoever_sent_it(here_sqlite: World, prefect: FakeEngine) -> None:
    with here_sqlite.db.writing() as session:
        fact = an_application(session, company="", name="Orla")
    tick(prefect.talk)
    assert (prefect.made[0]["name"], prefect.made[0]["parameters"]) == (f"intake · application {fact.id} · Orla", {"application_id": fact.id})


def test_a_run_that_began_before_it_was_written_down_keeps_its_state(here_sqlite: World) -> None:
    class Quick(FakeEngine):
        def create(self, stage: str, parameters: dict, *, key: str, name: str, tags: list[str]) -> str:
            made = super().create(stage, parameters, key=key, name=name, tags=tags)
            with here_sqlite.db.writing() as session:
                wanted.begin(session, key, made, here_sqlite.worker, now=MONDAY)
            return made

    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session))
        leases.take(session, f"worker/{here_sqlite.worker}", here_sqlite.worker, length=DAY, now=real_now())
    tick(Quick().talk)
    assert rows(here_sqlite, StageRun)[0].state == "running"


def test_while_prefect_is_away_letters_go_out_and_runs_are_caught_up(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, whole=True, rungs=rungs("proposal-reminder-opened")) as (session, deal, _):
        a_run(session, Stage.BRIEF, deal)
    clock.pass_(days=3)
    prefect.away = True
    with pytest.raises(Unavailable):
        tick(prefect.talk)
    assert len(here_sqlite.mail.sent) == 1
    prefect.away = False
    assert tick(prefect.talk).created == 1


# Waking


def test_an_answer_wakes_the_stage_that_waits_for_it(here: World, prefect: FakeEngine) -> None:
    with asked(here, prefect) as (session, deal, wait):
        a_fact(session, deal, KIND, noun="proposal")
        wait.due_at = MONDAY
    assert [tick(prefect.talk).woken for _ in range(2)] == [1, 0]
    assert prefect.did == [("resume", "asked")]


def test_a_deadline_wakes_the_stage_and_not_a_minute_before(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, deadline=MONDAY + 2 * DAY):
        pass
    clock.at = MONDAY + 2 * DAY - timedelta(minutes=1)
    assert tick(prefect.talk).woken == 0
    clock.pass_(minutes=1)
    assert tick(prefect.talk).woken == 1


def test_on_hold_a_deadline_wakes_nobody_and_an_answer_does(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, deadline=MONDAY + DAY) as (session, deal, wait):
        told(session, deal, Held(reason="holiday"))
    clock.pass_(days=9)
    assert tick(prefect.talk).woken == 0
    with here_sqlite.db.writing() as session:
        a_fact(session, deal, KIND, noun="proposal")
        session.get_one(Wait, wait.id).due_at = clock.at
    assert tick(prefect.talk).woken == 1


@pytest.mark.parametrize("state", [Pending(), Running(), Scheduled()])
def test_a_stage_that_is_still_on_its_way_is_looked_at_again_at_once(here_sqlite: World, prefect: FakeEngine, state) -> None:
    with asked(here_sqlite, prefect) as (session, deal, wait):
        a_fact(session, deal, KIND, noun="proposal")
        wait.due_at = MONDAY
    prefect.states["asked"] = state
    done = tick(prefect.talk)
    assert (done.woken, done.again) == (0, True)


@pytest.mark.parametrize("state", [Failed(), Completed()])
def test_a_run_that_has_ended_is_not_woken(here_sqlite: World, prefect: FakeEngine, state) -> None:
    with asked(here_sqlite, prefect) as (session, deal, wait):
        a_fact(session, deal, KIND, noun="proposal")
        wait.due_at = MONDAY
    prefect.states["asked"] = state
    assert tick(prefect.talk) == Round()
    assert prefect.did == []


# Reminding


@pytest.mark.parametrize(("days", "letter"), [(1, None), (3, 1), (5, 2), (60, 3)])
def test_after_any_absence_only_the_latest_due_reminder_goes_out_once(here_sqlite: World, prefect: FakeEngine, clock, days, letter) -> None:
    with asked(here_sqlite, prefect, whole=True, rungs=rungs("proposal-reminder-opened", "proposal-reminder-opened", "proposal-expiring")):
        pass
    clock.pass_(days=days)
    for _ in range(3):
        tick(prefect.talk)
    assert [key.rpartition("-")[2] for key in here_sqlite.mail.letters()] == ([str(letter)] if letter else [])
    assert rows(here_sqlite, Wait, key="mine#1")[0].rungs_sent == (letter or 0)


def test_the_rungs_are_climbed_one_by_one_as_time_goes_by(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, whole=True, rungs=rungs("proposal-reminder-opened", "proposal-expiring")):
        pass
    for _ in range(8):
        clock.pass_(days=1)
        tick(prefect.talk)
    assert [message.sent_at for message in here_sqlite.mail.sent] == [MONDAY + 2 * DAY, MONDAY + 4 * DAY]
    assert rows(here_sqlite, Wait, key="mine#1")[0].due_at is None


@pytest.mark.parametrize(("viewed", "words"), [(None, "unopened"), (-1, "unopened"), (1, "opened")])
def test_who_never_opened_it_is_reminded_otherwise(here_sqlite: World, prefect: FakeEngine, clock, viewed: int | None, words: str) -> None:
    ladder = rungs("proposal-reminder-opened", letter_unopened="proposal-reminder-unopened")
    with asked(here_sqlite, prefect, whole=True, rungs=ladder) as (session, deal, _):
        if viewed:
            told(session, deal, ProposalViewed(version=1, visitor="0"), at=MONDAY + viewed * DAY)
    clock.pass_(days=3)
    tick(prefect.talk)
    assert [effect.what for effect in rows(here_sqlite, Effect)] == [f"proposal-reminder-{words}"]
    assert here_sqlite.mail.sent[0].unsubscribe


def test_staff_who_are_told_get_a_letter_of_their_own(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, whole=True, rungs=rungs("proposal-reminder-opened", tell=["salesperson", "director"])):
        pass
    clock.pass_(days=3)
    tick(prefect.talk)
    sent = {effect.args["to"]: effect.what for effect in rows(here_sqlite, Effect)}
    assert sent == {"client": "proposal-reminder-opened", "salesperson": "client-silent", "director": "client-silent"}
    assert [bool(message.unsubscribe) for message in here_sqlite.mail.sent] == [True, False, False]


def test_a_question_to_the_studio_reminds_whom_it_names(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "contract signed")
        wait = session.exec(select(Wait).where(Wait.deal_id == deal.id, Wait.stage == "contract")).one()
        reminder = "contract-countersign-reminder"
        wait.rungs = rungs(reminder) + rungs(reminder, start=MONDAY + 3 * DAY, tell=["salesperson", "director"])
        wait.due_at = MONDAY + 2 * DAY
    for days in (3, 3):
        clock.pass_(days=days)
        tick(prefect.talk)
    told_to = [message.to.address for message in here_sqlite.mail.sent if "/rung-" in message.key]
    assert told_to == [CONOR, CONOR, "aoife@northlight.example"]


def test_on_hold_and_after_an_answer_nobody_is_reminded(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, whole=True, rungs=rungs("proposal-reminder-opened")) as (session, deal, _):
        told(session, deal, Held(reason="holiday"))
    clock.pass_(days=30)
    tick(prefect.talk)
    with here_sqlite.db.writing() as session:
        told(session, deal, Released(), at=clock.at)
        a_fact(session, deal, KIND, noun="proposal", at=clock.at)
    clock.pass_(days=30)
    tick(prefect.talk)
    assert not [key for key in here_sqlite.mail.letters() if "rung" in key]
    assert [key.split("/")[2] for key in here_sqlite.mail.letters()] == ["held", "released"], "the client is told of the rest, and of its end"


def test_while_mail_is_away_the_reminder_waits_and_goes_out_once(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, whole=True, rungs=rungs("proposal-reminder-opened")):
        pass
    clock.pass_(days=3)
    here_sqlite.mail.away = True
    assert tick(prefect.talk).reminded == 0
    here_sqlite.mail.away = False
    clock.pass_(minutes=2)
    assert [tick(prefect.talk).reminded for _ in range(2)] == [1, 0]
    assert len(here_sqlite.mail.sent) == 1


def test_reminders_that_cannot_go_out_make_room_for_the_others(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with here_sqlite.db.writing() as session:
        for number in range(A_ROUND + 1):
            broken = number < A_ROUND
            deal = a_deal(session) if broken else at(session, "proposed")
            ladder = rungs("no-such-letter") if broken else rungs("proposal-reminder-opened")
            a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, run=f"run-{number}", key="mine#1", rungs=ladder)
    clock.pass_(days=3)
    assert [tick(prefect.talk).reminded for _ in range(2)] == [0, 1]


def test_a_wait_that_was_woken_for_an_answer_somebody_else_took_is_put_right(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, rungs=rungs("proposal-reminder-opened")) as (_, _, wait):
        wait.due_at = MONDAY
    assert tick(prefect.talk) == Round()
    assert rows(here_sqlite, Wait, id=wait.id)[0].due_at == MONDAY + 2 * DAY


def test_a_letter_that_cannot_be_written_keeps_nothing_else_from_happening(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, rungs=rungs("no-such-letter")) as (session, deal, _):
        a_run(session, Stage.BRIEF, deal)
        letters.plan(session, "errand/bad", LetterOrder(name="estimate-approval", deal_id=deal.id, to="client"), now=MONDAY)
        letters.plan(session, "errand/good", LetterOrder(name="brief-invitation", deal_id=deal.id, to="client"), now=MONDAY)
    clock.pass_(days=3)
    done = tick(prefect.talk)
    assert (done.created, done.errands, here_sqlite.mail.letters()) == (1, 1, ["errand/good"])
    bad = rows(here_sqlite, Effect, key="errand/bad")[0]
    assert (bad.state, "no estimate" in bad.said) == ("planned", True)


# Errands


def test_an_errand_is_carried_once(here: World, prefect: FakeEngine) -> None:
    with here.db.writing() as session:
        deal = at(session, "briefing")
        order = LetterOrder(name="link-renewed", deal_id=deal.id, to="client", links={"link": "brief"})
        letters.plan(session, f"deal/{deal.id}/link/1", order, now=MONDAY)
    assert [tick(prefect.talk).errands for _ in range(3)] == [1, 0, 0]
    assert here.mail.letters() == [f"deal/{deal.id}/link/1"]


@pytest.mark.parametrize(
    ("can_ask", "went_out", "becomes"), [(True, True, "done"), (True, False, "done"), (False, True, "unknown"), (False, False, "unknown")]
)
def test_an_errand_whose_sender_died_is_asked_for_or_unknown(
    here_sqlite: World, prefect: FakeEngine, can_ask: bool, went_out: bool, becomes: str
) -> None:
    here = use(replace(here_sqlite, mail=replace(here_sqlite.mail, can_ask=can_ask)))
    with here.db.writing() as session:
        order = LetterOrder(name="brief-invitation", deal_id=at(session, "briefing").id, to="client")
        effects.claim(session, letters.plan(session, "errand/1", order, now=MONDAY), "a dead worker", now=real_now())
    if went_out:
        here.mail.send(tasks.letters.write(here, "errand/1", order))
    tick(prefect.talk)
    assert rows(here, Effect, key="errand/1")[0].state == becomes
    assert here.mail.letters() == ["errand/1"] * (can_ask or went_out)


def test_an_errand_that_cannot_go_now_is_put_off(here_sqlite: World, prefect: FakeEngine) -> None:
    with here_sqlite.db.writing() as session:
        letters.plan(session, "errand/1", LetterOrder(name="brief-invitation", deal_id=at(session, "briefing").id, to="client"), now=MONDAY)
    here_sqlite.mail.away = True
    tick(prefect.talk)
    here_sqlite.mail.away = False
    assert tick(prefect.talk).errands == 0
    with here_sqlite.db.writing() as session:
        session.get_one(Effect, "errand/1").lease_until = real_now()
    assert tick(prefect.talk).errands == 1


def test_while_mail_is_away_a_round_tries_one_errand_and_the_next_round_another(here_sqlite: World, prefect: FakeEngine) -> None:
    with here_sqlite.db.writing() as session:
        order = LetterOrder(name="brief-invitation", deal_id=at(session, "briefing").id, to="client")
        for number in range(3):
            letters.plan(session, f"errand/{number}", order, now=MONDAY + timedelta(seconds=number))
    here_sqlite.mail.away = True
    for tried in (1, 2):
        assert tick(prefect.talk).again, "the others' round comes at once"
        assert len([effect for effect in rows(here_sqlite, Effect) if effect.lease_until]) == tried
    here_sqlite.mail.away = False
    assert (tick(prefect.talk).errands, here_sqlite.mail.letters()) == (1, ["errand/2"])


def test_an_unknown_letter_that_a_person_wants_again_is_carried(here_sqlite: World, prefect: FakeEngine) -> None:

    with here_sqlite.db.writing() as session:
        order = LetterOrder(name="brief-invitation", deal_id=at(session, "briefing").id, to="client")
    here_sqlite.mail.troubles.append(Uncertain("the line went dead"))
    tasks.letters.send("deal/1/brief/mail", order)
    assert tick(prefect.talk).errands == 0
    tasks.effects.decide("deal/1/brief/mail", went_out=False, who="Conor", run="run/1")
    assert tick(prefect.talk).errands == 1
    assert here_sqlite.mail.letters() == ["deal/1/brief/mail"]


# Holds


def test_a_deal_goes_on_when_its_day_has_come(here: World, prefect: FakeEngine, clock) -> None:
    with asked(here, prefect, whole=True, rungs=rungs("proposal-expiring")) as (session, deal, wait):
        told(session, deal, Held(reason="holiday", until=MONDAY + 5 * DAY))
    clock.at = MONDAY + 5 * DAY - timedelta(seconds=1)
    tick(prefect.talk)
    assert rows(here, Deal)[0].held_since == MONDAY
    clock.pass_(seconds=1)
    for _ in range(2):
        tick(prefect.talk)
    assert rows(here, Deal)[0].held_since is None
    assert [fact.actor for fact in rows(here, Fact, kind=Released.kind)] == ["system"]
    assert rows(here, Wait, id=wait.id)[0].rungs[0]["at"] == (MONDAY + 7 * DAY).isoformat()
    assert not [key for key in here.mail.letters() if "rung" in key]


# The dead


def test_the_run_of_a_dead_worker_is_carried_on_by_the_next_generation(here: World, prefect: FakeEngine) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal, state=RunState.RUNNING, flow_run_id="dead", owner="elsewhere/1/x")
    prefect.states["dead"] = Running()
    mended = tick(prefect.talk).mended
    assert mended == [f"{row.key}: its worker died; deal-{deal.id}/brief/r1/g2 takes over"]
    assert prefect.did == [("crash", "dead")]
    assert [one.state for one in rows(here, StageRun)] == ["superseded", "created"]
    assert tick(prefect.talk).mended == []


def test_nobody_is_taken_for_dead_while_nobody_could_renew_a_lease(here_sqlite: World, prefect: FakeEngine) -> None:
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session, sales=Sales.BRIEFING), state=RunState.RUNNING, flow_run_id="r", owner="elsewhere/1/x")
    prefect.states["r"] = Running()
    room = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, room[1]))  # the disk is full
    try:
        heartbeat.beat()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
    done = tick(prefect.talk)
    assert (done.mended, done.again) == ([], True)
    assert rows(here_sqlite, StageRun, key=row.key)[0].state == "running"


def test_the_run_of_a_worker_that_lives_is_left_alone(here_sqlite: World, prefect: FakeEngine) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, flow_run_id="busy", owner="elsewhere/1/x")
        leases.take(session, "worker/elsewhere/1/x", "elsewhere/1/x", length=timedelta(minutes=1), now=real_now())
    prefect.states["busy"] = Running()
    assert tick(prefect.talk) == Round()


@pytest.mark.parametrize(("state", "verb"), [(RunState.DONE, "complete"), (RunState.CANCELLED, "crash")])
def test_a_worker_that_died_at_the_very_end_has_its_run_shown_as_what_it_was(here_sqlite: World, prefect: FakeEngine, state, verb: str) -> None:
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, flow_run_id="dead", owner="elsewhere/1/x")
        row.state = state.value
    tick(prefect.talk)
    assert prefect.did == [(verb, "dead")]
    assert tick(prefect.talk).mended == []


def test_a_run_that_was_taken_and_never_begun_is_handed_out_again(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session), state=RunState.CREATED, flow_run_id="taken")
    prefect.states["taken"] = Pending(timestamp=real_now() - 2 * STUCK)
    assert tick(prefect.talk) == Round(unbegun=True), "whoever made it may be dead: somebody looks at it again"
    clock.pass_(minutes=1)
    assert tick(prefect.talk).mended == [f"{rows(here_sqlite, StageRun)[0].key}: handed out again"]
    assert prefect.did == [("restart", "taken")]


@pytest.mark.parametrize("state", [Crashed(), Completed(), None])
@pytest.mark.parametrize("row_state", [RunState.CREATED, RunState.RUNNING])
def test_a_run_that_prefect_lost_or_ended_gets_a_successor(here_sqlite: World, prefect: FakeEngine, clock, state, row_state) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session), state=row_state, flow_run_id="gone")
    if state:
        prefect.states["gone"] = state
    clock.pass_(minutes=1)
    tick(prefect.talk)
    assert [one.generation for one in rows(here_sqlite, StageRun) if one.state in LIVE] == [2]


@pytest.mark.parametrize("state", [Cancelled(), Cancelling()])
@pytest.mark.parametrize("row_state", [RunState.CREATED, RunState.RUNNING, RunState.WAITING, RunState.FAILED])
def test_what_an_operator_cancels_in_prefect_is_cancelled_and_its_deal_told_of(here_sqlite: World, prefect: FakeEngine, state, row_state) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        a_run(session, Stage.BRIEF, deal, state=row_state, flow_run_id="ended", owner=here_sqlite.worker if row_state == RunState.RUNNING else "")
        a_wait(session, deal, BriefSent, stage=Stage.BRIEF, run="ended", rungs=rungs("brief-reminder"))
        leases.take(session, f"worker/{here_sqlite.worker}", here_sqlite.worker, length=DAY, now=real_now())
    prefect.states["ended"] = state
    tick(prefect.talk, told=["ended"])
    assert [(row.state, row.why) for row in rows(here_sqlite, StageRun)] == [("cancelled", BY_OPERATOR)]
    assert prefect.states["ended"].is_cancelled()
    assert reconcile.find_stranded.fn() == [f"Deal {deal.id} is briefing and has no next step. Start brief or run close-as-lost."]
    assert tick(prefect.talk) == Round()


def test_a_deal_is_reminded_of_nothing_once_an_operator_has_cancelled_its_run(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect, whole=True, rungs=rungs("proposal-reminder-opened")):
        pass
    prefect.states["asked"] = Cancelled()
    tick(prefect.talk, told=["asked"])
    clock.pass_(days=3)
    assert tick(prefect.talk) == Round()


def test_a_run_that_is_looked_at_and_goes_its_way_is_left_alone(here_sqlite: World, prefect: FakeEngine) -> None:
    with asked(here_sqlite, prefect):
        pass
    prefect.states["asked"] = Scheduled(name="Resuming")
    assert tick(prefect.talk, told=["asked", "somebody else's"]) == Round()


def test_runs_that_have_not_begun_are_looked_at_in_turns(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with here_sqlite.db.writing() as session:
        for number in range(A_LOOK + 1):
            a_run(session, Stage.BRIEF, a_deal(session), state=RunState.CREATED, flow_run_id=f"queued-{number}")
            prefect.states[f"queued-{number}"] = Scheduled()
    prefect.states[f"queued-{A_LOOK}"] = Crashed()
    clock.pass_(minutes=1)
    assert [len(tick(prefect.talk).mended) for _ in range(2)] == [0, 1]


def test_stages_without_a_deployment_keep_no_others_from_being_made(here_sqlite: World, clock) -> None:
    class Lacking(FakeEngine):
        def create(self, stage: str, parameters: dict, **values) -> str:
            if stage == Stage.REVIEW:
                raise Missing("Prefect has no deployment review.")
            return super().create(stage, parameters, **values)

    with here_sqlite.db.writing() as session:
        for stage in [Stage.REVIEW] * A_ROUND + [Stage.BRIEF]:
            a_run(session, stage, a_deal(session))
    lacking, created = Lacking(), []
    for _ in range(2):
        clock.pass_(seconds=1)
        created.append(tick(lacking.talk).created)
    assert created == [0, 1]


@pytest.mark.parametrize("state", [Scheduled(), AwaitingRetry(), Pending()])
def test_a_run_that_waits_for_its_turn_is_left_alone(here_sqlite: World, prefect: FakeEngine, clock, state) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session), state=RunState.CREATED, flow_run_id="queued")
    prefect.states["queued"] = state.model_copy(update={"timestamp": real_now()})
    clock.pass_(minutes=1)
    assert tick(prefect.talk) == Round(unbegun=True)


def test_a_ripe_wait_whose_run_crashed_gets_a_successor(here_sqlite: World, prefect: FakeEngine, clock) -> None:
    with asked(here_sqlite, prefect) as (session, deal, wait):
        a_fact(session, deal, KIND, noun="proposal")
        wait.due_at = MONDAY
    prefect.states["asked"] = Crashed()
    clock.pass_(minutes=1)
    tick(prefect.talk)
    assert [(one.generation, one.state) for one in rows(here_sqlite, StageRun)] == [(1, "superseded"), (2, "created")]


@pytest.mark.parametrize("state", [Suspended(), Running(), Scheduled(), Completed(), None])
def test_what_nobody_wants_any_more_is_cancelled_unless_it_has_ended(here_sqlite: World, prefect: FakeEngine, state) -> None:
    with asked(here_sqlite, prefect) as (session, deal, _):
        a_run(session, Stage.BRIEF, deal)
        wanted.withdraw_all(session, deal.id, why="lost", now=MONDAY)
    prefect.states.clear()
    if state:
        prefect.states["asked"] = state
    tick(prefect.talk)
    assert prefect.did == ([("cancel", "asked")] if state and not state.is_final() else [])
    assert {(row.state, row.why) for row in rows(here_sqlite, StageRun)} == {("cancelled", "lost")}
    assert tick(prefect.talk) == Round()


# One at a time


def test_only_one_waker_is_at_work(here_sqlite: World, prefect: FakeEngine) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session))
        leases.take(session, "worker/elsewhere/1/x", "elsewhere/1/x", length=timedelta(minutes=1), now=real_now())
        leases.take(session, "waker", "elsewhere/1/x", length=timedelta(minutes=1), now=real_now())
    assert tick(prefect.talk) == Round()
    with here_sqlite.db.writing() as session:
        leases.give_back(session, "waker", "elsewhere/1/x")
    assert tick(prefect.talk).created == 1


def test_of_four_workers_that_are_nudged_at_once_one_wakes(here: World, prefect: FakeEngine) -> None:
    with here.db.writing() as session:
        for _ in range(5):
            a_run(session, Stage.BRIEF, a_deal(session))
        letters.plan(session, "errand/1", LetterOrder(name="brief-invitation", deal_id=at(session, "briefing").id, to="client"), now=MONDAY)
    worlds = [replace(here, worker=f"elsewhere/{number}/x") for number in range(4)]
    wakers = []

    def nudged(number: int) -> None:
        with here.db.writing() as session:
            if leases.take(session, "waker", worlds[number].worker, length=timedelta(minutes=1), now=real_now()):
                wakers.append(number)

    at_once(4, nudged)
    assert len(wakers) == 1
    for world in worlds:
        use(world)
        tick(prefect.talk)
    assert len(prefect.made) == 5
    assert here.mail.letters() == ["errand/1"]


def test_of_two_workers_that_find_the_lease_lapsed_at_once_one_wakes(here: World, prefect: FakeEngine) -> None:
    def is_at_work(session: Session, number: int) -> None:
        leases.take(session, f"worker/elsewhere/{number}/x", f"elsewhere/{number}/x", length=DAY, now=real_now())

    with here.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session))
        is_at_work(session, 1)
        is_at_work(session, 2)
        leases.take(session, "waker", "elsewhere/1/x", length=-DAY, now=real_now())
    quicker = lambda session: leases.take(session, "waker", "elsewhere/2/x", length=DAY, now=real_now())
    assert meanwhile(here.db, quicker, lambda: tick(prefect.talk)) == Round()
    assert prefect.made == []


def test_a_round_with_nothing_to_do_does_nothing(here_sqlite: World, prefect: FakeEngine) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        a_run(session, Stage.BRIEF, deal, state=RunState.WAITING, flow_run_id="asked")
        a_wait(session, deal, BriefSent, stage=Stage.BRIEF, run="asked", rungs=rungs("brief-reminder"))
        session.get_one(Client, deal.client_id)
    prefect.states["asked"] = Suspended()
    assert tick(prefect.talk) == Round()
    assert (prefect.did, here_sqlite.mail.sent) == ([], [])
    with here_sqlite.db.reading() as session:
        assert session.exec(select(Wait).where(col(Wait.closed_at).is_(None))).one()


def test_the_lease_of_a_dead_waker_is_not_waited_for(here_sqlite: World, prefect: FakeEngine) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        a_run(session, Stage.BRIEF, deal)
        leases.take(session, "waker", "elsewhere/1/x", length=timedelta(minutes=1), now=real_now())
    assert tick(prefect.talk).created == 1


# What the waker knows of the schedule


def test_a_studio_that_was_down_is_given_time_for_its_schedule_and_one_whose_worker_died_is_not(here: World, prefect: FakeEngine) -> None:
    def up() -> timedelta | None:
        with here.db.reading() as session:
            found = upkeep.schedule(session).up
        return real_now() - found if found else None

    tick(prefect.talk)
    assert up() < timedelta(minutes=1), "it has never been up"
    with here.db.writing() as session:
        session.merge(Lease(name="schedule/up", owner="waker", until=real_now() - timedelta(days=1) + upkeep.PATIENCE))
        session.merge(Lease(name="waker", owner="a dead one", until=real_now() + timedelta(minutes=4)))
    tick(prefect.talk)
    assert up() > timedelta(hours=23), "a worker that starts anew is no standstill"
    with here.db.writing() as session:
        session.merge(Lease(name="waker", owner="a dead one", until=real_now() - timedelta(minutes=1)))
    tick(prefect.talk)
    assert up() < timedelta(minutes=1)
