"""Changes as money: further payments behind those of the contract, due by the stages that are accepted."""

from decimal import Decimal
from itertools import product

import pytest
from sqlmodel import Session

from models import cash, changes, invoices, ledger, projects
from models.cash import agreed, stands
from models.delivery_answers import ChangeAnswered, ChangeOffered
from models.tables import Deal
from models.tracks import Cash, Work
from tests.factories import a_payment, told
from tests.fakes import MONDAY
from tests.projecting import a_project, a_shown_stage, an_accepted_stage, comments
from tests.studio import the_company


def taken(session: Session, deal: Deal, stage: str = "text", *, price: int = 480, days: int = 2, decision: str = "accept") -> None:
    """A change that was offered and answered."""
    if projects.stand(session, deal).stage(stage).place == "working":
        a_shown_stage(session, deal, stage)
    comments(session, deal, stage)
    offer = told(session, deal, ChangeOffered(stage=stage, text="A further round of the whole page, with pictures", price=Decimal(price), days=days))
    total = changes.gross(session, deal, projects.stand(session, deal).stage(stage).offer).amount
    told(session, deal, ChangeAnswered(stage=stage, offer=offer.id, decision=decision, total=total, name="Orla Byrne"))


@pytest.mark.parametrize(("decision", "price", "further"), [("accept", 480, 1), ("accept", 0, 0), ("decline", 480, 0), ("lapse", 480, 0)])
def test_a_change_that_was_taken_and_costs_something_is_a_payment_more(here, decision: str, price: int, further: int) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        own = projects.contract_of(session, deal).schedule
        taken(session, deal, price=price, decision=decision)
        schedule = agreed(session, deal).schedule
        assert schedule[: len(own)] == own
        assert len(schedule) == len(own) + further
        if further:
            last = schedule[-1]
            assert (last.part, last.net.amount, last.gross.amount, last.after) == (len(own) + 1, 48_000, 59_040, "text")
            assert last.title.startswith("Change: A further round") and len(last.title) <= 70
        assert cash.contract(session, deal).schedule == own


def test_a_change_is_invoiced_and_booked_like_any_payment(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        taken(session, deal)
        invoice = invoices.issue(session, the_company(), deal, 3, now=MONDAY)
        assert (invoice.gross, invoice.body["title"][:7]) == (59_040, "Change:")
        assert "as you accepted it" in invoice.body["lines"][0]["description"]
        assert ledger.check(session) == []


def test_the_money_is_all_in_only_with_the_changes(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session)
        taken(session, deal)
        for part, where in ((2, Cash.FINAL_DUE), (3, Cash.PAID)):
            a_payment(session, invoices.issue(session, the_company(), deal, part, now=MONDAY))
            assert cash.settle(session, deal, why="paid", fact=None, now=MONDAY) == where


@pytest.mark.parametrize(("parts", "further"), list(product(range(1, 4), range(3))))
def test_a_further_payment_is_never_the_last_one_of_the_plan(parts: int, further: int) -> None:
    everything = frozenset(range(1, parts + further + 1))
    assert stands(parts, everything, everything, further) == Cash.PAID
    if further:
        assert stands(parts, everything, everything - {parts + 1}, further) != Cash.PAID
        only = frozenset({1, parts + 1})
        assert stands(parts, only, frozenset({1}), further) == (Cash.FINAL_DUE if parts == 1 else Cash.DEPOSIT_PAID)


def test_payments_fall_due_with_the_stages_they_name(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session, service="corporate-site")
        found = {}
        for stage in projects.stand(session, deal).plan.production:
            stand = projects.stand(session, deal)
            found[stage.slug] = changes.due(stand, agreed(session, deal).schedule, own=3, is_launched=False)
            an_accepted_stage(session, deal, stage.slug)
        found["launch"] = changes.due(projects.stand(session, deal), agreed(session, deal).schedule, own=3, is_launched=False)
    assert found == {
        "specification": [1], "prototype": [1], "design": [1], "html": [1, 2], "programming": [1, 2], "content": [1, 2], "testing": [1, 2],
        "launch": [1, 2, 3],
    }  # fmt: skip


def test_a_change_falls_due_with_its_stage_and_everything_with_the_launch(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        taken(session, deal)
        body = agreed(session, deal)
        assert changes.due(projects.stand(session, deal), body.schedule, own=2, is_launched=False) == [1]
        assert changes.due(projects.stand(session, deal), body.schedule, own=2, is_launched=True) == [1, 2, 3]
        an_accepted_stage(session, deal, "text")
        assert changes.due(projects.stand(session, deal), body.schedule, own=2, is_launched=False) == [1, 3]


def test_an_invoice_is_wanted_once(here) -> None:
    with here.db.writing() as session:
        deal = a_project(session, work=Work.LAUNCH)
        assert changes.want_invoice(session, deal, 1, fact=None, now=MONDAY) is None
        assert changes.next_unissued(session, deal) == 2
        row = changes.want_invoice(session, deal, 2, fact=None, now=MONDAY)
        assert (row.stage, row.part) == ("invoice", 2)
        assert changes.want_invoice(session, deal, 2, fact=None, now=MONDAY) is None
        assert changes.next_unissued(session, deal) == 0
