"""The wait: whatever comes in whatever order, a stage that is replayed from its first line hears the same answers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from models import facts, inbox, waiting
from models.answers import Held, ProposalAnswer, Released
from models.db import Database
from models.stages import Stage
from models.tables import Deal, Fact, Wait
from models.tracks import Sales
from models.waiting import Answered, Question, Silent, Spot, Suspend
from tests.factories import a_deal, a_fact, a_proposal, a_refusal, a_wait, rungs, told
from tests.fakes import MONDAY
from tests.models.threads import at_once

DAY = timedelta(days=1)
KIND = ProposalAnswer.kind


def a_question(deal: Deal, **values) -> Question:
    about = facts.subject(deal.id, deal.round, "proposal")
    return Question(**{"kinds": [KIND], "subject": about, "whose": "client", "what": "an answer"} | values)


def a_spot(deal: Deal, key: str = "answer#1", run: str = "run") -> Spot:
    return Spot(deal.id, "proposal", deal.round, key, run)


# One line at a time


def test_with_nothing_there_a_stage_suspends_and_each_time_under_another_key(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        counts = [waiting.reach(session, a_spot(deal), a_question(deal), now=MONDAY).count for _ in range(3)]
        assert counts == [1, 2, 3]
        assert len(waiting.open_waits(session, deal.id)) == 1


def test_what_came_before_the_question_answers_it(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        fact = a_fact(session, deal, KIND, noun="proposal")
        assert waiting.reach(session, a_spot(deal), a_question(deal), now=MONDAY) == Answered(fact)
        assert waiting.open_waits(session, deal.id) == []


def test_a_replay_hears_the_same_answer_whatever_came_since(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        first = a_fact(session, deal, KIND, noun="proposal")
        waiting.reach(session, a_spot(deal), a_question(deal), now=MONDAY)
        second = a_fact(session, deal, KIND, noun="proposal")
        assert waiting.reach(session, a_spot(deal, run="another run"), a_question(deal), now=MONDAY + 90 * DAY) == Answered(first)
        assert waiting.reach(session, a_spot(deal, "answer#2"), a_question(deal), now=MONDAY) == Answered(second)


@pytest.mark.parametrize("late", [timedelta(0), DAY])
def test_past_its_deadline_silence_is_the_answer_and_stays_it(here_sqlite, late: timedelta) -> None:
    with here_sqlite.db.writing() as session:
        deal, ends = a_deal(session), MONDAY + 3 * DAY
        question = a_question(deal, deadline=ends)
        assert isinstance(waiting.reach(session, a_spot(deal), question, now=MONDAY), Suspend)
        assert isinstance(waiting.reach(session, a_spot(deal), question, now=ends - timedelta(seconds=1)), Suspend)
        assert waiting.reach(session, a_spot(deal), question, now=ends + late) == Silent()
        a_fact(session, deal, KIND, noun="proposal")
        assert waiting.reach(session, a_spot(deal), question, now=ends + late) == Silent()
        assert waiting.open_waits(session, deal.id) == []


def test_an_answer_wins_over_a_deadline_that_has_passed(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        question = a_question(deal, deadline=MONDAY + DAY)
        waiting.reach(session, a_spot(deal), question, now=MONDAY)
        fact = a_fact(session, deal, KIND, noun="proposal")
        assert waiting.reach(session, a_spot(deal), question, now=MONDAY + 9 * DAY) == Answered(fact)


def test_the_deadline_is_the_one_that_was_stored_when_the_wait_opened(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        waiting.reach(session, a_spot(deal), a_question(deal, deadline=MONDAY + DAY), now=MONDAY)
        later = a_question(deal, deadline=MONDAY + 30 * DAY)
        assert waiting.reach(session, a_spot(deal), later, now=MONDAY + 2 * DAY) == Silent()


def test_an_outage_passes_while_the_deal_rests(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        deal.held_since = MONDAY
        question = Question(kinds=[], subject="", whose="world", what="mail is away", deadline=MONDAY + DAY)
        waiting.again(session, a_spot(deal, "outage/mail"), question, now=MONDAY)
        wait = waiting.find(session, a_spot(deal, "outage/mail"))
        assert [waiting.is_past(deal, wait, now) for now in (MONDAY, MONDAY + DAY)] == [False, True]


def test_a_deal_on_hold_never_times_out_but_hears_an_answer(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        deal.held_since = MONDAY
        question = a_question(deal, deadline=MONDAY + DAY)
        assert isinstance(waiting.reach(session, a_spot(deal), question, now=MONDAY + 400 * DAY), Suspend)
        fact = a_fact(session, deal, KIND, noun="proposal")
        assert waiting.reach(session, a_spot(deal), question, now=MONDAY + 401 * DAY) == Answered(fact)


@pytest.mark.parametrize(("kind", "noun", "round_"), [("deal.noted", "proposal", 1), (KIND, "contract", 1), (KIND, "proposal", 2)])
def test_another_kind_another_subject_another_round_is_no_answer(here_sqlite, kind: str, noun: str, round_: int) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        a_fact(session, deal, kind, subject=facts.subject(deal.id, round_, noun))
        assert isinstance(waiting.reach(session, a_spot(deal), a_question(deal), now=MONDAY), Suspend)


def test_a_fact_makes_the_wait_that_it_answers_due_and_no_other(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        wait = a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, rungs=rungs("a"))
        other = a_wait(session, a_deal(session), ProposalAnswer, stage=Stage.PROPOSAL)
        assert wait.due_at == MONDAY + 2 * DAY
        assert waiting.wake(session, a_fact(session, deal, "deal.noted"), now=MONDAY) == 0
        assert waiting.wake(session, a_fact(session, deal, KIND, noun="proposal"), now=MONDAY) == 1
        assert (wait.due_at, other.due_at) == (MONDAY, None)


def test_a_wait_is_next_looked_at_for_its_next_rung_or_its_end(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        wait = a_wait(session, a_deal(session), ProposalAnswer, stage=Stage.PROPOSAL, rungs=rungs("a", "b"), deadline=MONDAY + 3 * DAY)
        assert wait.due_at == MONDAY + 2 * DAY
        waiting.climbed(session, wait, 1)
        assert wait.due_at == MONDAY + 3 * DAY
        waiting.climbed(session, wait, 2)
        assert wait.due_at == MONDAY + 3 * DAY
        waiting.climbed(session, wait, 1)
        assert wait.rungs_sent == 2, "of two wakers the slower one takes nothing back"


def test_a_reminder_that_crosses_an_answer_leaves_the_wait_due(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        wait = a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, rungs=rungs("a", "b"))
        waiting.wake(session, a_fact(session, deal, KIND, noun="proposal"), now=MONDAY)
        waiting.climbed(session, wait, 1)
        assert wait.due_at == MONDAY


def test_rest_moves_the_rungs_not_sent_and_the_deadline(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        wait = a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, rungs=rungs("a", "b"), deadline=MONDAY + 9 * DAY)
        waiting.climbed(session, wait, 1)
        waiting.shift_all(session, deal.id, since=MONDAY, now=MONDAY + 5 * DAY)
        assert [rung["at"] for rung in wait.rungs] == [(MONDAY + days * DAY).isoformat() for days in (2, 9)]
        assert (wait.deadline, wait.due_at) == (MONDAY + 14 * DAY, MONDAY + 9 * DAY)


def test_an_outage_can_begin_anew_and_ends_once(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        spot = a_spot(deal, "outage/mail")
        question = Question(kinds=[], subject="", whose="world", what="mail is away", deadline=MONDAY + DAY)
        assert waiting.again(session, spot, question, now=MONDAY).count == 1
        assert waiting.over(session, spot, now=MONDAY)
        assert not waiting.over(session, spot, now=MONDAY)
        later = Question(kinds=[], subject="", whose="world", what="the disk is full", deadline=MONDAY + 5 * DAY)
        assert waiting.again(session, spot, later, now=MONDAY + 4 * DAY).count == 2
        wait = waiting.find(session, spot)
        assert (wait.closed_at, wait.deadline, wait.due_at) == (None, MONDAY + 5 * DAY, MONDAY + 5 * DAY)
        assert (wait.what, wait.opened_at) == ("the disk is full", MONDAY + 4 * DAY)
        still = Question(kinds=[], subject="", whose="world", what="mail is away", deadline=MONDAY + 6 * DAY)
        assert waiting.again(session, spot, still, now=MONDAY + 5 * DAY).count == 3
        assert (wait.what, wait.opened_at) == ("mail is away", MONDAY + 4 * DAY), "it is one outage, whose reason changes"
        assert not waiting.over(session, a_spot(deal, "outage/none"), now=MONDAY)


def test_dropped_waits_stay_closed(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        wait = a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, rungs=rungs("a"))
        waiting.drop_all(session, deal.id, now=MONDAY)
        a_fact(session, deal, KIND, noun="proposal")
        assert waiting.reach(session, a_spot(deal), a_question(deal), now=MONDAY) == Silent()
        assert (wait.outcome, wait.due_at, wait.fact_id) == ("dropped", None, None)


# Many at once


def test_an_answer_that_comes_while_its_question_is_being_asked_is_not_missed(db: Database) -> None:
    """Whoever tells it waits until the question stands, sees it and makes it due. The half second only lets a mistake show."""
    with db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        answer = a_refusal(a_proposal(session, deal))
    asked, answered = Event(), Event()

    def act(number: int) -> None:
        if number:
            asked.wait(timeout=30)
            with db.writing() as session:
                inbox.tell(session, deal.id, answer, source="form", external_id="1", actor="client", now=MONDAY + DAY)
            answered.set()
            return
        with db.writing() as session:
            waiting.reach(session, a_spot(deal), a_question(deal, rungs=rungs("a")), now=MONDAY)
            asked.set()
            answered.wait(timeout=0.5)

    at_once(2, act)
    with db.reading() as session:
        assert session.exec(select(Wait)).one().due_at == MONDAY + DAY


def test_two_waits_that_want_the_same_fact_do_not_both_get_it(db: Database) -> None:
    with db.writing() as session:
        deal = a_deal(session)
        a_fact(session, deal, KIND, noun="proposal")

    def reach(number: int) -> bool:
        with db.writing() as session:
            return isinstance(waiting.reach(session, a_spot(deal, f"answer#{number}"), a_question(deal), now=MONDAY), Answered)

    assert sum(at_once(6, reach)) == 1


# Any order of things


@dataclass
class AStage:
    """A stage as it is carried out: it asks as often as it is answered, up to four times, and always from the first line."""

    session: Session
    deal: Deal
    generation: int = 1
    heard: list[list] = field(default_factory=list)

    def carry_out(self, now: datetime) -> list:
        """One execution, to its end or its suspension: what it heard at each line."""
        answers: list = []
        for line in range(1, 5):
            question = a_question(self.deal, deadline=now + 3 * DAY)
            reached = waiting.reach(self.session, a_spot(self.deal, f"answer#{line}", f"run-{self.generation}"), question, now=now)
            self.session.flush()
            if isinstance(reached, Suspend):
                break
            answers.append(reached.fact.id if isinstance(reached, Answered) else None)
        self.heard.append(answers)
        return answers


THINGS = st.lists(
    st.one_of(
        st.sampled_from(["fact", "other fact", "hold", "release", "run", "crash", "replay"]), st.integers(1, 100).map(lambda hours: f"{hours}")
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(things=THINGS)
def test_any_order_of_facts_timers_holds_crashes_and_replays_gives_one_history(here_sqlite, things: list[str]) -> None:
    now = MONDAY
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        stage = AStage(session, deal)
        stage.carry_out(now)
        for thing in things:
            match thing:
                case "fact":
                    waiting.wake(session, a_fact(session, deal, KIND, noun="proposal", at=now), now=now)
                case "other fact":
                    a_fact(session, deal, "deal.noted", at=now)
                case "hold" if deal.held_since is None:
                    told(session, deal, Held(reason="holiday"), at=now)
                case "release" if deal.held_since:
                    told(session, deal, Released(), at=now)
                case "run" | "replay":
                    stage.carry_out(now)
                case "crash":
                    stage.generation += 1
                    stage.carry_out(now)
                case "hold" | "release":
                    pass
                case hours:
                    now += timedelta(hours=int(hours))
            check_what_must_hold(session, deal, now)
        stage.carry_out(now)
        stage.generation += 1
        assert stage.carry_out(now) == stage.heard[-2]
        for earlier, later in zip(stage.heard, stage.heard[1:], strict=False):
            assert later[: len(earlier)] == earlier
        taken = [fact_id for fact_id in stage.heard[-1] if fact_id]
        assert taken == sorted(set(taken))


def check_what_must_hold(session: Session, deal: Deal, now: datetime) -> None:
    """At any moment: one open question at most; one with an answer is due; no deadline on hold has closed anything."""
    opened = waiting.open_waits(session, deal.id)
    assert len(opened) <= 1
    for wait in opened:
        if facts.unconsumed(session, deal.id, wait.subject, wait.kinds):
            assert wait.due_at is not None
            assert wait.due_at <= now
    closed = session.exec(select(Wait).where(Wait.deal_id == deal.id, col(Wait.closed_at).is_not(None))).all()
    for wait in closed:
        assert (wait.outcome == "answered") == (wait.fact_id is not None)
        if wait.outcome == "silent":
            assert wait.closed_at >= wait.deadline
        else:
            assert session.get_one(Fact, wait.fact_id).known_at <= wait.closed_at
