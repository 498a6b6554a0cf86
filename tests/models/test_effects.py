"""The ledger's states: every pair of them, legal or refused; who owns a claim, and for how long."""

from datetime import timedelta
from itertools import product

import pytest

from models import effects, leases, letters
from models.effects import EFFECT_MOVES, LEASE, EffectState
from models.errors import Refused
from models.letters import LetterOrder
from models.stages import BUSY, RunState, Stage
from models.tables import Effect
from tests.factories import a_deal, a_run
from tests.fakes import MONDAY


def an_effect(state: EffectState = EffectState.PLANNED, **values) -> Effect:
    return Effect(**{"key": "deal/1/mail", "kind": "letter", "state": state.value, "planned_at": MONDAY} | values)


def test_every_state_has_its_line_in_the_table() -> None:
    assert set(EFFECT_MOVES) == set(EffectState)


def test_done_and_skipped_are_for_ever() -> None:
    assert EFFECT_MOVES[EffectState.DONE] == EFFECT_MOVES[EffectState.SKIPPED] == frozenset()


def test_nothing_is_done_that_was_not_claimed_unless_a_person_says_so() -> None:
    assert {was for was in EffectState if EffectState.DONE in EFFECT_MOVES[was]} == {EffectState.CLAIMED, EffectState.UNKNOWN}


@pytest.mark.parametrize(("was", "to"), list(product(EffectState, EffectState)))
def test_an_effect_goes_where_the_table_lets_it_and_nowhere_else(here_sqlite, was: EffectState, to: EffectState) -> None:
    with here_sqlite.db.writing() as session:
        effect = an_effect(was, owner="w", lease_until=MONDAY)
        if to in EFFECT_MOVES[was] and to != EffectState.CLAIMED:
            effects.settle(session, effect, to, said="said", now=MONDAY)
            assert (effect.state, effect.said, effect.owner, effect.lease_until) == (to, "said", "", None)
            assert (effect.settled_at is not None) == (to in effects.SETTLED)
        elif to not in EFFECT_MOVES[was]:
            with pytest.raises(Refused, match="cannot become"):
                effects.settle(session, effect, to, said="said", now=MONDAY)
            assert (effect.state, effect.owner) == (was, "w")


@pytest.mark.parametrize("state", EffectState)
def test_only_a_planned_effect_is_claimed_or_skipped(here_sqlite, state: EffectState) -> None:
    with here_sqlite.db.writing() as session:
        for act in (lambda one: effects.claim(session, one, "w", now=MONDAY), lambda one: effects.skip(session, one, "why", now=MONDAY)):
            effect = an_effect(state)
            if state == EffectState.PLANNED:
                act(effect)
                assert effect.state in {EffectState.CLAIMED, EffectState.SKIPPED}
            else:
                with pytest.raises(Refused):
                    act(effect)
            session.expunge_all()


def test_a_claim_has_an_owner_a_lease_and_a_count(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        effect = an_effect()
        effects.claim(session, effect, "w", now=MONDAY)
        effects.settle(session, effect, EffectState.PLANNED, said="away", now=MONDAY)
        effects.claim(session, effect, "w2", now=MONDAY)
        assert (effect.owner, effect.lease_until, effect.attempts) == ("w2", MONDAY + LEASE, 2)


@pytest.mark.parametrize(
    ("state", "lives", "passed", "orphan"),
    [
        (EffectState.CLAIMED, True, timedelta(0), False),
        (EffectState.CLAIMED, False, timedelta(0), True),
        (EffectState.CLAIMED, True, LEASE, True),
        (EffectState.PLANNED, False, LEASE, False),
        (EffectState.DONE, False, LEASE, False),
        (EffectState.UNKNOWN, False, LEASE, False),
    ],
)
def test_a_claim_is_an_orphan_when_its_owner_is_dead_or_its_lease_has_run_out(state, lives: bool, passed: timedelta, orphan: bool) -> None:
    effect = an_effect(state, lease_until=MONDAY + LEASE)
    assert effects.is_orphan(effect, now=MONDAY + passed, owner_lives=lives) == orphan


def test_planning_again_gives_the_first_plan_back(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        first = effects.plan(session, "k", "letter", deal_id=None, what="a", now=MONDAY, args={"a": 1})
        again = effects.plan(session, "k", "errand", deal_id=None, what="b", now=MONDAY, args={"a": 2})
        assert again is first
        assert (again.kind, again.what, again.args) == ("letter", "a", {"a": 1})


def test_errands_come_oldest_first_without_those_put_off_and_those_of_stages(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal_id = a_deal(session).id
        for number, minutes in enumerate((3, 1, 2)):
            order = LetterOrder(name="link-renewed", deal_id=deal_id, to="client")
            letters.plan(session, f"errand-{number}", order, now=MONDAY + timedelta(minutes=minutes))
        effects.plan(session, "a stage's", "letter", deal_id=None, what="x", now=MONDAY)
        effects.later(session, session.get_one(Effect, "errand-2"), MONDAY + timedelta(hours=1))
        assert [one.key for one in effects.planned_errands(session, now=MONDAY)] == ["errand-1", "errand-0"]
        assert len(effects.planned_errands(session, now=MONDAY + timedelta(hours=1))) == 3


def test_errands_that_were_put_off_leave_room_for_the_others(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal_id, order = a_deal(session).id, LetterOrder(name="link-renewed", deal_id=1, to="client")
        assert deal_id == order.deal_id
        for number in range(3):
            effects.later(session, letters.plan(session, f"stuck-{number}", order, now=MONDAY), MONDAY + timedelta(hours=1))
        letters.plan(session, "fresh", order, now=MONDAY + timedelta(minutes=1))
        assert [one.key for one in effects.planned_errands(session, now=MONDAY, limit=3)] == ["fresh"]


@pytest.mark.parametrize(("lives", "passed", "found"), [(True, 0, False), (True, 6, True), (False, 0, True)])
def test_an_errand_that_a_dead_worker_had_claimed_is_found_again(here_sqlite, lives: bool, passed: int, found: bool) -> None:
    now = MONDAY + timedelta(minutes=passed)
    with here_sqlite.db.writing() as session:
        order = LetterOrder(name="link-renewed", deal_id=a_deal(session).id or 0, to="client")
        effects.claim(session, letters.plan(session, "errand", order, now=MONDAY), "a worker", now=MONDAY)
        leases.take(session, "worker/a worker", "a worker", length=timedelta(hours=lives), now=MONDAY)
        session.flush()
        assert [one.key for one in effects.planned_errands(session, now=now)] == ["errand"] * found


@pytest.mark.parametrize("state", RunState)
def test_a_dead_workers_letter_is_abandoned_when_no_run_of_its_deal_is_under_way(here_sqlite, state: RunState) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        a_run(session, Stage.BRIEF, deal).state = state.value
        effects.claim(session, effects.plan(session, "k", "letter", deal_id=deal.id, what="x", now=MONDAY), "a dead worker", now=MONDAY)
        session.flush()
        assert bool(effects.abandoned(session, now=MONDAY)) == (state not in BUSY)


def test_closing_a_deal_drops_what_its_stages_planned_and_leaves_errands_alone(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal, other = a_deal(session), a_deal(session)
        planned = effects.plan(session, "a stage's", "letter", deal_id=deal.id, what="x", now=MONDAY)
        claimed = effects.plan(session, "under way", "letter", deal_id=deal.id, what="x", now=MONDAY)
        effects.claim(session, claimed, "w", now=MONDAY)
        errand = effects.plan(session, "a fact's", effects.ERRAND, deal_id=deal.id, what="x", now=MONDAY)
        elsewhere = effects.plan(session, "another deal's", "letter", deal_id=other.id, what="x", now=MONDAY)
        effects.drop_planned(session, deal.id, "The deal is lost.", now=MONDAY)
        assert [one.state for one in (planned, claimed, errand, elsewhere)] == ["skipped", "claimed", "planned", "planned"]
        assert [one.key for one in effects.in_state(session, EffectState.SKIPPED)] == ["a stage's"]
