"""Whose runs a Prefect holds: ours, nobody's, or another installation's; and then nothing is touched."""

from itertools import product

import pytest
from prefect.states import Suspended

from deployments.waits_check import expect_known_waits
from models import installation
from models.answers import BriefSent
from models.errors import BadSetup
from models.stages import RunState, Stage
from tasks import admission
from tasks.world import World
from tests.factories import a_deal, a_run, a_wait
from tests.fakes import FakeEngine

BOOLS = (False, True)


@pytest.mark.parametrize(("theirs", "has_runs", "knows_one"), list(product(("", "ours", "another"), BOOLS, BOOLS)))
def test_prefect_is_acted_on_when_it_is_ours_or_nobodys(theirs: str, has_runs: bool, knows_one: bool) -> None:
    allowed = theirs == "ours" or (not theirs and (knows_one or not has_runs))
    assert bool(installation.refusal("ours", theirs, has_runs=has_runs, knows_one=knows_one)) == (not allowed)


def test_an_empty_prefect_is_claimed_once_and_stays_ours(here: World) -> None:
    prefect = FakeEngine()
    admission.admit(prefect)
    first = prefect.whose
    admission.admit(prefect)
    assert first and prefect.whose == first


def test_a_full_prefect_beside_an_empty_database_is_refused_and_nothing_is_touched(here_sqlite: World) -> None:
    for prefect in (FakeEngine(states={"a": Suspended()}), FakeEngine(whose="another")):
        before = prefect.whose
        with pytest.raises(BadSetup, match="belongs to another installation.*reconcile --forget"):
            admission.admit(prefect)
        assert (prefect.whose, prefect.did) == (before, [])


def test_runs_of_an_older_release_are_known_by_our_rows(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session), state=RunState.WAITING, flow_run_id="a")
    prefect = FakeEngine(states={"a": Suspended(), "b": Suspended()})
    admission.admit(prefect)
    assert prefect.whose


def test_prefect_is_made_to_forget_anothers_runs_and_is_ours_then(here_sqlite: World) -> None:
    prefect = FakeEngine(states={"a": Suspended(), "b": Suspended()}, whose="another")
    assert admission.forget(prefect) == 2
    admission.admit(prefect)
    assert prefect.newest() == []


def test_a_deal_that_would_wait_for_ever_keeps_the_system_from_starting(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        a_wait(session, a_deal(session), BriefSent, stage=Stage.BRIEF, key="brief#1")
    expect_known_waits(here_sqlite.settings)
    with here_sqlite.db.writing() as session:
        a_wait(session, a_deal(session), BriefSent, stage=Stage.BRIEF, key="questions#1")
    with pytest.raises(BadSetup, match="Deal 2 .Acme. waits in brief") as refused:
        expect_known_waits(here_sqlite.settings)
    assert len(refused.value.problems) == 2
