"""What a round of the waker asks: only those whom somebody can help, in few queries, each by its index."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session

from models import due, effects, facts, todo, wanted
from models.answers import Held, ProposalAnswer, ProposalViewed
from models.db import Database
from models.stages import LIVE, RunState, Stage
from models.tables import Deal, Wait
from models.tracks import Sales
from tasks.waker import tick
from tasks.world import World
from tests.factories import a_deal, a_fact, a_run, a_wait, rungs, told
from tests.fakes import MONDAY, FakeEngine

DAY = timedelta(days=1)


def asked(session: Session, run: str, *, state: RunState = RunState.WAITING, since: timedelta = timedelta(), **values) -> tuple[Deal, Wait]:
    deal = a_deal(session, sales=Sales.PROPOSED)
    a_run(session, Stage.PROPOSAL, deal, state=state, flow_run_id=run)
    return deal, a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, run=run, at=MONDAY + since, **values)


def answered(session: Session, run: str, **values) -> tuple[Deal, Wait]:
    deal, wait = asked(session, run, **values)
    a_fact(session, deal, ProposalAnswer.kind, noun="proposal")
    wait.due_at = MONDAY
    session.flush()
    return deal, wait


def ripe(session: Session, limit: int = 9) -> list[str]:
    return list(due.ripe(session, now=MONDAY + DAY, limit=limit))


def to_remind(session: Session) -> list[str]:
    return [wait.flow_run_id for wait in due.to_remind(session, now=MONDAY + 9 * DAY, limit=9)]


def test_failed_deals_keep_nobody_from_being_woken(db: Database) -> None:
    with db.writing() as session:
        for number in range(9):
            answered(session, f"failed-{number}", state=RunState.FAILED)
        answered(session, "good")
        assert ripe(session, limit=1) == ["good"]


@pytest.mark.parametrize("state", sorted(set(LIVE) - {RunState.WANTED}))
def test_whoever_can_go_on_is_woken_and_a_failed_run_waits_for_its_retry(db: Database, state: RunState) -> None:
    with db.writing() as session:
        answered(session, "one", state=state)
        assert ripe(session) == ([] if state == RunState.FAILED else ["one"])


@pytest.mark.parametrize("state", sorted(set(RunState) - set(LIVE)))
def test_an_ended_run_is_not_woken(db: Database, state: RunState) -> None:
    with db.writing() as session:
        deal, _ = answered(session, "one")
        for row in wanted.live_of(session, deal.id):
            row.state = state.value
        assert ripe(session) == []


def test_a_deadline_wakes_once_it_has_passed_and_not_while_the_deal_rests(db: Database) -> None:
    with db.writing() as session:
        asked(session, "past", deadline=MONDAY + DAY)
        asked(session, "early", deadline=MONDAY + DAY + timedelta(seconds=1))
        deal, _ = asked(session, "resting", deadline=MONDAY + DAY)
        told(session, deal, Held(reason="holiday"))
        assert due.ripe(session, now=MONDAY + DAY, limit=9) == {"past": MONDAY + DAY}


def test_an_outage_wakes_while_the_deal_rests(db: Database) -> None:
    with db.writing() as session:
        deal, wait = asked(session, "mail is away", deadline=MONDAY + DAY)
        wait.key = "outage/mail_contract"
        told(session, deal, Held(reason="holiday"))
        assert due.ripe(session, now=MONDAY, limit=9) == {}
        assert due.ripe(session, now=MONDAY + DAY, limit=9) == {"mail is away": MONDAY + DAY}


def test_only_an_answer_of_its_kinds_that_nobody_took_wakes(db: Database) -> None:
    with db.writing() as session:
        other, wait = asked(session, "other kind")
        told(session, other, ProposalViewed(version=1, visitor="0"))
        _, consumed = answered(session, "taken")
        fact = facts.unconsumed(session, consumed.deal_id, consumed.subject, consumed.kinds)
        a_wait(session, session.get_one(Deal, consumed.deal_id), ProposalAnswer, stage=Stage.PROPOSAL, key="earlier#1").fact_id = fact.id
        wait.due_at = MONDAY
        session.flush()
        assert ripe(session) == []


def test_a_run_that_asks_several_things_is_woken_once(db: Database) -> None:
    with db.writing() as session:
        deal, wait = asked(session, "one")
        a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, key="second#1", run="one", deadline=MONDAY + DAY)
        a_fact(session, deal, ProposalAnswer.kind, noun="proposal")
        wait.due_at = MONDAY
        session.flush()
        assert due.ripe(session, now=MONDAY + DAY, limit=9) == {"one": MONDAY}


def test_who_has_waited_longest_is_woken_first(db: Database) -> None:
    with db.writing() as session:
        for hours in (3, 1, 2):
            asked(session, f"after {hours}", deadline=MONDAY + timedelta(hours=hours))
        assert ripe(session, limit=2) == ["after 1", "after 2"]


def test_reminded_are_those_who_owe_an_answer_the_highest_rungs_first(db: Database) -> None:
    with db.writing() as session:
        ladder = rungs("brief-reminder", "brief-reminder")
        asked(session, "first", rungs=ladder)
        asked(session, "second", rungs=ladder)[1].rungs_sent = 1
        asked(session, "failed", rungs=ladder, state=RunState.FAILED)
        answered(session, "answered", rungs=ladder)
        asked(session, "past", rungs=ladder, deadline=MONDAY + 8 * DAY)
        told(session, asked(session, "resting", rungs=ladder)[0], Held(reason="holiday"))
        for row in wanted.live_of(session, asked(session, "cancelled", rungs=ladder)[0].id):
            row.state = RunState.CANCELLED.value
        session.flush()
        assert to_remind(session) == ["second", "first", "failed"]


# However many


@contextmanager
def counted(here: World) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_connection, _cursor, statement, *_) -> None:
        said.append(statement)

    event.listen(here.db.engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(here.db.engine, "before_cursor_execute", hear)


@pytest.mark.parametrize("state", [RunState.WAITING, RunState.FAILED])
def test_a_round_asks_as_few_questions_over_fifty_deals_as_over_five(here: World, state: RunState) -> None:
    prefect, asked_for = FakeEngine(), []
    tick(prefect.talk)
    ladder = rungs("brief-reminder", start=MONDAY - 9 * DAY)
    for count in (5, 45):
        with here.db.writing() as session:
            for number in range(count):
                deal, _ = (answered if state == RunState.FAILED else asked)(session, f"run-{count}-{number}", state=state, rungs=ladder)
                deal.held_since = MONDAY
        with counted(here) as said:
            tick(prefect.talk)
        asked_for.append(len(said))
    assert asked_for[0] == asked_for[1] <= 30


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda session: due.ripe(session, now=MONDAY, limit=9), "wait_due"),
        (lambda session: due.to_remind(session, now=MONDAY, limit=9), "wait_due"),
        (due.owned, "stage_run_owned"),
        (lambda session: due.held_until(session, MONDAY), "deal_held"),
        (lambda session: todo.due(session, now=MONDAY), "todo_open"),
        (lambda session: wanted.to_make(session, limit=9), "ix_stage_run_state"),
        (lambda session: due.not_begun(session, MONDAY, limit=9), "ix_stage_run_state"),
        (lambda session: effects.deals_settled(session, MONDAY), "effect_counts (state=? AND kind=? AND settled_at>?)"),
    ],
)
def test_each_question_of_a_round_has_its_index(here_sqlite: World, ask, index: str) -> None:
    plans = []

    def explain(connection, _cursor, statement, parameters, *_) -> None:
        if statement.startswith("SELECT"):
            plans.extend(row[-1] for row in connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(here_sqlite.db.engine, "before_cursor_execute", explain)
    try:
        with here_sqlite.db.reading() as session:
            ask(session)
    finally:
        event.remove(here_sqlite.db.engine, "before_cursor_execute", explain)
    assert any(index in step for step in plans), plans
    assert not [step for step in plans if step.startswith("SCAN")], plans
