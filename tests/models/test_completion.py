"""What follows at the end, whichever comes last: each once a round, whatever toggles."""

from itertools import permutations, product

import pytest

from models import completion
from models.stages import RunState, Stage
from models.tracks import Cash, Sales, Work
from models.wanted import live_of
from tests.factories import a_deal, a_run
from tests.fakes import MONDAY
from tests.projecting import a_project

ENDS = {"completed": ("work", Work.COMPLETED), "handed over": ("work", Work.HANDED_OVER), "paid": ("money", Cash.PAID)}


@pytest.mark.parametrize(("work", "money"), list(product(Work, Cash)))
def test_a_project_is_completed_and_paid_when_both_hold(work: Work, money: Cash) -> None:
    from models.tables import Deal

    deal = Deal(client_id=1, service="x", currency="EUR", locale="en", opened_at=MONDAY, work=work.value, money=money.value)
    assert completion.is_completed_and_paid(deal) == (work in {Work.COMPLETED, Work.HANDED_OVER} and money == Cash.PAID)


ORDERS = [order for order in permutations(ENDS) if order.index("completed") < order.index("handed over")]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
def test_review_and_closing_follow_once_in_every_order(here, order: tuple[str, ...]) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.WON, work=Work.LAUNCH.value, money=Cash.FINAL_DUE.value)
        wanted = []
        for end in order:
            setattr(deal, *ENDS[end])
            wanted += completion.follow(session, deal, fact=None, now=MONDAY)
            assert completion.follow(session, deal, fact=None, now=MONDAY) == []
        assert sorted(wanted) == [Stage.CLOSING, Stage.REVIEW]
        assert sorted(row.stage for row in live_of(session, deal.id)) == ["closing", "review"]


def test_money_that_goes_back_and_comes_again_asks_for_no_second_review(here) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.WON, work=Work.COMPLETED.value, money=Cash.PAID.value)
        a_run(session, Stage.REVIEW, deal, state=RunState.DONE)
        for money in (Cash.FINAL_DUE, Cash.PAID, Cash.FINAL_DUE, Cash.PAID):
            deal.money = money.value
            assert completion.follow(session, deal, fact=None, now=MONDAY) == []


def test_a_cancelled_project_is_closed_and_asks_for_no_review(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session, work=Work.CANCELLED)
        deal.money = Cash.PAID.value
        assert completion.follow(session, deal, fact=None, now=MONDAY) == [Stage.CLOSING]


def test_what_never_became_a_project_has_nothing_to_close(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.LOST, work=Work.CANCELLED.value)
        assert completion.follow(session, deal, fact=None, now=MONDAY) == []
