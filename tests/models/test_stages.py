"""Run states: every pair of them, legal or refused; keys that say whose run it is."""

from itertools import product

import pytest

from models import wanted
from models.errors import Refused
from models.stages import LIVE, RUN_MOVES, RunState, Stage, run_key
from models.tables import StageRun
from models.wanted import STARTS_FROM
from tests.factories import a_deal, a_run
from tests.fakes import MONDAY


def test_every_state_has_its_line_in_the_table() -> None:
    assert set(RUN_MOVES) == set(RunState)
    assert {state for state in RunState if not RUN_MOVES[state]} == {RunState.DONE, RunState.SUPERSEDED, RunState.CANCELLED}


def test_every_live_run_can_be_withdrawn_and_no_ended_one_comes_back_to_life() -> None:
    assert all(RunState.WITHDRAWN in RUN_MOVES[state] for state in LIVE)
    assert not any(to in LIVE for state in RunState if state not in LIVE for to in RUN_MOVES[state])


@pytest.mark.parametrize(("was", "to"), [pair for pair in product(RunState, RunState) if pair[0] != pair[1]])
def test_a_run_goes_where_the_table_lets_it_and_nowhere_else(here_sqlite, was: RunState, to: RunState) -> None:
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session))
        row.state = was.value
        if to in RUN_MOVES[was]:
            wanted.mark(session, row, to, now=MONDAY, why="so")
            assert (row.state, row.why, row.touched_at) == (to, "so", MONDAY)
            assert (row.ended_at is None) == (to in LIVE)
        else:
            with pytest.raises(Refused, match="cannot become"):
                wanted.mark(session, row, to, now=MONDAY)
            assert row.state == was


def test_a_run_marked_as_what_it_is_stays_untouched(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.FAILED)
        row.why = "first"
        wanted.mark(session, row, RunState.FAILED, now=MONDAY, why="second")
        assert row.why == "first"


def test_the_key_says_deal_stage_round_and_generation() -> None:
    assert run_key(deal_id=42, application_id=None, stage="proposal", round_=1, generation=2) == "deal-42/proposal/r1/g2"
    assert run_key(deal_id=42, application_id=None, stage="invoice", round_=1, generation=3, part=2) == "deal-42/invoice/r1/p2/g3"
    assert run_key(deal_id=None, application_id=7, stage="intake", round_=1, generation=1) == "application-7/intake/r1/g1"


def test_no_two_runs_have_one_key() -> None:
    every = list(product((1, 11), ("invoice", "payment"), (1, 2, 11), (1, 2, 11), (0, 1, 2, 11)))
    keys = {run_key(deal_id=deal, application_id=None, stage=stage, round_=round_, generation=one, part=part) for deal, stage, round_, one, part in every}
    assert len(keys) == len(every)


def test_every_stage_knows_where_the_sale_must_stand() -> None:
    assert set(STARTS_FROM) == set(Stage)
    assert all(STARTS_FROM.values())


def test_the_live_states_of_the_index_are_the_live_states() -> None:
    index = next(one for one in StageRun.__table__.indexes if one.name == "stage_run_one_live")
    for dialect in ("sqlite", "postgresql"):
        assert {state for state in RunState if f"'{state}'" in str(index.dialect_options[dialect]["where"])} == set(LIVE)
