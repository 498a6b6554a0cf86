"""Ours against Prefect's: no open deal without a next step; what could not be printed is printed later."""

from dataclasses import replace
from itertools import product

import pytest

from models import documents
from models.answers import ProposalAnswer
from models.stages import LIVE, RunState, Stage
from models.tracks import CLOSED, Cash, Sales, Work
from tasks import printing, reconcile
from tasks.gateways.pdf import NoLibraries
from tasks.world import World, use
from tests.factories import a_deal, a_run, a_wait
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
        assert told == [f"Deal {deal.id} is {sales} and has no next step."]


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
