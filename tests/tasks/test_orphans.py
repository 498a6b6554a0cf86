"""What the dead leave behind: runs that are over and shown running, letters that nobody comes back to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prefect.states import Pending, Running, Scheduled

from models import effects, leases
from models.effects import EffectState
from models.letters import LetterOrder
from models.stages import LIVE, RunState, Stage
from models.tables import Effect
from tasks import orphans
from tasks.letters import write
from tasks.world import World, real_now, use
from tests.factories import a_deal, a_run
from tests.fakes import MONDAY, FakeEngine

ENDS = {RunState.DONE: "complete", RunState.SUPERSEDED: "crash", RunState.CANCELLED: "crash", RunState.FAILED: "fail"}


@pytest.mark.parametrize("state", RunState)
@pytest.mark.parametrize("shown", [Running(), Pending(), Scheduled()], ids=lambda one: one.name)
def test_a_run_that_is_over_or_failed_with_us_is_ended_in_prefect(here_sqlite: World, clock, state: RunState, shown) -> None:
    prefect = FakeEngine(states={"run": shown})
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, flow_run_id="run")
        row.state = state.value
    assert orphans.zombies(here_sqlite, prefect) == [], "its worker may be about to say so"
    clock.pass_(minutes=1)
    told = orphans.zombies(here_sqlite, prefect)
    is_zombie = state in ENDS and shown.name != "Scheduled"
    assert prefect.did == ([(ENDS[state], "run")] if is_zombie else [])
    assert bool(told) == is_zombie
    assert set(ENDS) >= set(RunState) - set(LIVE) - {RunState.WITHDRAWN}
    assert orphans.zombies(here_sqlite, prefect) == [], "once is enough"


@pytest.mark.parametrize(("minutes", "ends"), [(59, False), (61, True)])
def test_an_operation_that_nobody_carries_out_any_more_is_shown_as_crashed(here_sqlite: World, minutes: int, ends: bool) -> None:
    prefect = FakeEngine(states={"run": Running(timestamp=real_now() - timedelta(minutes=minutes))})
    assert orphans.zombies(here_sqlite, prefect) == ["flow run run: crashed"] * ends
    assert prefect.did == [("crash", "run")] * ends


def test_a_run_that_a_living_worker_has_in_its_hands_is_left_to_it(here_sqlite: World, clock) -> None:
    prefect = FakeEngine(states={"run": Running()})
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, flow_run_id="run", owner="elsewhere/1/a")
        row.state = RunState.DONE.value
        leases.take(session, "worker/elsewhere/1/a", "elsewhere/1/a", length=timedelta(minutes=1), now=real_now())
    clock.pass_(minutes=1)
    assert orphans.zombies(here_sqlite, prefect) == []


@pytest.mark.parametrize(("can_ask", "went_out", "becomes"), [
    (True, True, EffectState.DONE), (True, False, EffectState.SKIPPED), (False, True, EffectState.UNKNOWN), (False, False, EffectState.UNKNOWN),
])  # fmt: skip
def test_a_letter_of_an_ended_deal_whose_sender_died_is_asked_for_or_unknown(
    here_sqlite: World, can_ask: bool, went_out: bool, becomes: EffectState
) -> None:
    here = use(replace(here_sqlite, mail=replace(here_sqlite.mail, can_ask=can_ask)))
    with here.db.writing() as session:
        deal = a_deal(session)
        effects.claim(session, effects.plan(session, "deal/1/k", "letter", deal_id=deal.id, what="x", now=MONDAY), "a dead worker", now=MONDAY)
    if went_out:
        here.mail.send(write(here, "deal/1/k", LetterOrder(name="application-thanks", deal_id=deal.id or 0, to="client")))
    assert orphans.settle_claims.fn() == [f"deal/1/k: {becomes}"]
    with here.db.reading() as session:
        assert session.get_one(Effect, "deal/1/k").state == becomes
    assert len(here.mail.sent) == went_out
    assert orphans.settle_claims.fn() == []
