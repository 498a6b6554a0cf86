"""What is counted as waiting for a person is what the error inbox shows, kind by kind, wherever the deals stand."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from models import error_inbox, troubles
from models.cash_tables import Todo
from models.effects import EffectState
from models.stages import RunState, Stage
from models.tracks import CLOSED, Cash, Sales, Work
from tests.factories import a_deal, a_fact, a_run
from tests.fakes import MONDAY
from tests.troubling import MAKE, a_deal_under_way, an_effect_in

FOR_GOOD = {"failed_run", "failed_operation", "unknown_effect", "suspense", "stuck_todo"}
"""These wait for a person even when their deal has ended."""


def agreed(session: Session, days: int = 0) -> dict[str, int]:
    """The counts, that the inbox agrees with."""
    session.flush()
    now = MONDAY + timedelta(days=days)
    found = troubles.counts(session, now)
    assert [len(kind.troubles) for kind in error_inbox.gather(session, now=now)] == list(found.values())
    return found


@pytest.mark.parametrize("kind", MAKE)
def test_each_kind_is_counted_as_often_as_the_inbox_shows_it_and_nothing_else_is(here, kind: str) -> None:
    with here.db.writing() as session:
        assert list(agreed(session)) == list(MAKE)
        wanted = 0
        for sales in Sales:
            MAKE[kind](session, sales)
            wanted += kind in FOR_GOOD or sales not in CLOSED
            assert agreed(session) == dict.fromkeys(MAKE, 0) | {kind: wanted}
        assert agreed(session, days=31)[kind] == (0 if kind in {"failed_operation", "failed_effect"} else wanted)


def test_all_kinds_at_once_are_each_counted_for_themselves(here) -> None:
    with here.db.writing() as session:
        for number, make in enumerate(MAKE.values(), 1):
            for _ in range(number):
                make(session, Sales.PROPOSED)
        assert agreed(session) == {kind: number for number, kind in enumerate(MAKE, 1)}


def test_what_is_well_or_settled_or_ended_is_not_counted(here) -> None:
    with here.db.writing() as session:
        an_effect_in(EffectState.DONE)(session, Sales.PROPOSED)
        a_deal_under_way(session)
        for state in set(RunState) - {RunState.FAILED}:
            a_run(session, Stage.BRIEF, a_deal(session, sales=Sales.LOST), state=state)
        a_deal(session, sales=Sales.WON, work=Work.HANDED_OVER.value, money=Cash.PAID.value)
        a_deal(session, sales=Sales.WON, work=Work.CANCELLED.value)
        for tries, done in ((0, None), (2, None), (9, MONDAY)):
            session.add(Todo(fact_id=a_fact(session, None).id or 0, kind="k", added_at=MONDAY, due_at=MONDAY, tries=tries, done_at=done))
        assert set(agreed(session).values()) == {0}
