"""Ours against Prefect's: no open deal without a next step; what could not be printed is printed later."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from prefect.states import Cancelled, Crashed, Failed, Pending, Running, Scheduled, Suspended

from models import documents, starts, upkeep
from models.answers import ProposalAnswer
from models.stages import LIVE, RunState, Stage
from models.stages import RunState as R
from models.tracks import CLOSED, Cash, Sales, Work
from tasks import heartbeat, printing, reconcile
from tasks.gateways.pdf import NoLibraries
from tasks.world import World, real_now, use
from tests.factories import a_deal, a_run, a_wait
from tests.fakes import FakeEngine, ManualClock
from tests.tasks.places import at


class NoPrinter:
    """A machine that lacks the libraries."""

    def print(self, html: str, **_: object) -> bytes:
        raise NoLibraries("The libraries are missing.")


@pytest.mark.parametrize(("sales", "money"), list(product(Sales, Cash)))
def test_an_open_deal_without_run_or_question_is_told_of_however_its_money_stands(here_sqlite: World, sales: Sales, money: Cash) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=sales, money=money.value)
    told = reconcile.find_stranded.fn()
    if sales in CLOSED:
        assert told == []
    else:
        with here_sqlite.db.reading() as session:
            assert told == [f"Deal {deal.id} is {sales} and has no next step. {starts.advice(session, deal)}"]


def test_a_deal_whose_work_was_cancelled_needs_no_next_step(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        a_deal(session, sales=Sales.WON, work=Work.CANCELLED.value, money=Cash.DEPOSIT_PAID.value)
    assert reconcile.find_stranded.fn() == []


@pytest.mark.parametrize("state", RunState)
def test_a_live_run_is_a_next_step_and_an_ended_one_is_none(here_sqlite: World, state: RunState) -> None:
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session, sales=Sales.BRIEFING))
        row.state = state.value
    assert bool(reconcile.find_stranded.fn()) == (state not in LIVE)


def test_a_question_is_a_next_step(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        a_wait(session, a_deal(session, sales=Sales.PROPOSED), ProposalAnswer, stage=Stage.PROPOSAL)
    assert reconcile.find_stranded.fn() == []


def test_what_could_not_be_printed_is_printed_once_the_libraries_are_there(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "proposed")
    use(replace(here_sqlite, pdf=NoPrinter()))
    assert printing.print_missing.fn() == []
    use(here_sqlite)
    assert len(printing.print_missing.fn()) == 1
    assert printing.print_missing.fn() == []
    with here_sqlite.db.reading() as session:
        assert documents.latest(session, deal.id, "proposal").pdf_path


# Ours against Prefect's

LONG_AGO = real_now() - timedelta(hours=2)


def mended(prefect: FakeEngine, clock: ManualClock) -> list[str]:
    clock.pass_(minutes=5)
    return reconcile.mend(prefect.talk)


def test_runs_are_mended_whatever_became_of_them_and_each_is_told(here: World, clock: ManualClock) -> None:
    prefect = FakeEngine()
    with here.db.writing() as session:
        deals = [a_deal(session, sales=Sales.BRIEFING) for _ in range(11)]
        states = [R.WANTED, R.WAITING, R.WAITING, R.RUNNING, R.RUNNING, R.WAITING, R.WAITING, R.FAILED, R.WAITING, R.RUNNING, R.RUNNING]
        owners = {9: "elsewhere/7/0", 10: here.worker}
        rows = [
            a_run(session, Stage.BRIEF, deal, state=state, flow_run_id=f"run-{place}", owner=owners.get(place, ""))
            for place, (deal, state) in enumerate(zip(deals, states, strict=True))
        ]
    heartbeat.beat()
    prefect.states |= {
        "run-2": Crashed(), "run-3": Failed(message="no rates"), "run-4": Suspended(), "run-5": Pending(timestamp=LONG_AGO),
        "run-6": Suspended(), "run-7": Failed(), "run-8": Cancelled(), "run-9": Running(timestamp=LONG_AGO), "run-10": Running(timestamp=LONG_AGO),
    }  # fmt: skip
    prefect.cut_off.add("run-6")
    told = mended(prefect, clock)
    said = {sentence.partition(":")[0]: sentence.partition(": ")[2] for sentence in told}
    assert {key: said.get(row.key, "") for key, row in enumerate(rows)} == {
        0: "it was missing and is made",
        1: f"Prefect lost it; deal-{deals[1].id}/brief/r1/g2 takes over",
        2: f"it was crashed in Prefect; deal-{deals[2].id}/brief/r1/g2 takes over",
        3: "failed in Prefect, and now in our rows",
        4: "waiting in Prefect, and now in our rows",
        5: "it was taken and never begun; handed out again",
        6: f"Prefect has cut it off from its deployment; deal-{deals[6].id}/brief/r1/g2 takes over",
        7: "",
        8: "cancelled in Prefect, and now in our rows",
        9: f"its worker died; deal-{deals[9].id}/brief/r1/g2 takes over",
        10: "",
    }
    assert mended(prefect, clock) == []


def test_runs_that_nobody_owns_are_ended_and_what_lives_is_left_alone(here: World, clock: ManualClock) -> None:
    prefect = FakeEngine()
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal, state=R.WAITING, flow_run_id="alive")
        done = a_run(session, Stage.INTAKE, deal, state=R.DONE, flow_run_id="done")
    asleep, at_work = Suspended(timestamp=LONG_AGO), Running(timestamp=LONG_AGO)
    prefect.states |= {"alive": asleep, "done": at_work, "twin": asleep, "orphan": asleep, "chore": at_work, "planned": Scheduled(), "fresh": Running()}
    prefect.keys |= {row.key: "twin", "deal-999/brief/r1/g1": "orphan"}
    prefect.others.add("chore")
    assert sorted(mended(prefect, clock)) == [
        "chore: it ran for more than an hour, so its worker is dead; shown as crashed",
        "done: its stage is done, and nobody is at it any more; ended",
        "orphan: an orphan: we know no deal-999/brief/r1/g1; cancelled",
        f"twin: a duplicate: run alive carries {row.key}; cancelled",
    ]
    assert sorted(prefect.did) == [("cancel", "orphan"), ("cancel", "twin"), ("complete", "done"), ("crash", "chore")]
    assert done.state == R.DONE
    assert mended(prefect, clock) == []


def test_an_empty_prefect_is_filled_from_our_rows_and_a_second_look_finds_nothing(here_sqlite: World, clock: ManualClock) -> None:
    with here_sqlite.db.writing() as session:
        for state in LIVE:
            a_run(session, Stage.BRIEF, a_deal(session, sales=Sales.BRIEFING), state=state)
    prefect = FakeEngine()
    assert len(mended(prefect, clock)) == len(LIVE) == len(prefect.made)
    assert mended(prefect, clock) == []


def test_reconcile_writes_down_that_it_ran(here: World) -> None:
    with here.db.reading() as session:
        assert upkeep.schedule(session) == upkeep.Schedule(None, None)
    reconcile.note_ran.fn()
    with here.db.reading() as session:
        assert upkeep.schedule(session).silence(real_now()) < timedelta(minutes=1)
