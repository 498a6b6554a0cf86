"""Prefect's live runs against our rows: the whole product of who owns them and where they stand."""

from datetime import timedelta
from itertools import product

import pytest

from models.orphans import ABANDONED, GRACE, Does, Seen, is_stale, judge, judge_other
from models.stages import LIVE, RunState
from models.tables import StageRun
from tests.fakes import MONDAY

STATES = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")
KEY = "deal-7/proposal/r1/g1"


def seen(state: str, *, key: str = KEY, age: timedelta = GRACE) -> Seen:
    return Seen(id="mine", name="proposal · deal 7", key=key, state=state, since=MONDAY - age)


def a_row(state: RunState, run: str | None = "mine") -> StageRun:
    return StageRun(key=KEY, stage="proposal", state=state.value, flow_run_id=run, wanted_at=MONDAY, touched_at=MONDAY)


@pytest.mark.parametrize(("state", "row"), list(product(STATES, RunState)))
def test_a_run_is_left_alone_exactly_while_its_row_lives(state: str, row: RunState) -> None:
    does, why = judge(seen(state), a_row(row), None, now=MONDAY)
    assert (does == Does.NOTHING) == (row in LIVE)
    assert bool(why) == (does != Does.NOTHING)


@pytest.mark.parametrize("state", STATES)
def test_whoever_died_after_the_stage_was_done_is_shown_as_done_wherever_prefect_has_it(state: str) -> None:
    does, _ = judge(seen(state), a_row(RunState.DONE), None, now=MONDAY)
    assert does == Does.END


@pytest.mark.parametrize(("state", "row"), list(product(STATES, RunState)))
def test_of_two_runs_for_one_row_the_one_that_the_row_does_not_name_is_cancelled(state: str, row: RunState) -> None:
    does, why = judge(seen(state), None, a_row(row, run="other"), now=MONDAY)
    assert (does, "duplicate: run other" in why) == (Does.CANCEL, True)


@pytest.mark.parametrize("state", STATES)
def test_a_run_that_was_made_and_not_yet_written_down_is_left_to_the_waker(state: str) -> None:
    assert judge(seen(state), None, a_row(RunState.WANTED, run=None), now=MONDAY) == (Does.NOTHING, "")


@pytest.mark.parametrize("state", STATES)
def test_a_run_of_a_row_that_we_do_not_know_is_an_orphan(state: str) -> None:
    assert judge(seen(state), None, None, now=MONDAY) == (Does.CANCEL, f"an orphan: we know no {KEY}")


@pytest.mark.parametrize(
    ("state", "does"), [("SCHEDULED", ""), ("PENDING", Does.HAND_OUT), ("RUNNING", Does.HAND_OUT), ("PAUSED", Does.CANCEL), ("CANCELLING", Does.CANCEL)]
)
def test_what_an_operator_started_is_handed_out_again_when_its_worker_died_before_it_began(state: str, does: str) -> None:
    assert judge(seen(state, key=""), None, None, now=MONDAY)[0] == does


@pytest.mark.parametrize(("state", "key"), list(product(STATES, ("", KEY))))
def test_nothing_is_judged_by_a_state_that_it_has_just_come_into(state: str, key: str) -> None:
    young = seen(state, key=key, age=GRACE - timedelta(seconds=1))
    assert judge(young, None, None, now=MONDAY)[0] == Does.NOTHING
    assert judge(young, a_row(RunState.DONE), None, now=MONDAY)[0] == Does.NOTHING


@pytest.mark.parametrize(("state", "age"), list(product(STATES, (timedelta(0), GRACE, ABANDONED - timedelta(seconds=1), ABANDONED))))
def test_an_operation_that_never_began_is_handed_out_again_and_one_that_runs_for_an_hour_has_lost_its_worker(state: str, age: timedelta) -> None:
    expected = Does.HAND_OUT if state == "PENDING" and age >= GRACE else Does.NOTHING
    expected = Does.CRASH if state in {"RUNNING", "CANCELLING"} and age == ABANDONED else expected
    assert judge_other(seen(state, age=age), now=MONDAY)[0] == expected


@pytest.mark.parametrize(("row", "state"), list(product(RunState, STATES)))
def test_a_resumed_run_that_never_began_is_stale(row: RunState, state: str) -> None:
    expected = row in {RunState.WAITING, RunState.FAILED} and state in {"PENDING", "RUNNING"}
    assert is_stale(a_row(row), seen(state), now=MONDAY) == expected
    assert not is_stale(a_row(row), seen(state, age=timedelta(0)), now=MONDAY)
