"""Where a deal's money stands: over every plan of up to four payments, and whatever of it is issued and paid."""

from datetime import timedelta
from itertools import combinations, product

import pytest
from sqlmodel import select

from models import invoices, issued
from models.cash import agreed, open_of_client, path, received, settle, stands, too_much
from models.errors import Missing
from models.money import Money
from models.tables import Deal, Move
from models.tracks import CASH, Cash, Sales
from tests.factories import a_client, a_deal, a_payment, a_signed_deal, an_invoice
from tests.fakes import MONDAY
from tests.studio import the_company


def every_case():
    for parts in range(1, 5):
        numbers = range(1, parts + 1)
        for size in range(parts + 1):
            for out in combinations(numbers, size):
                for count in range(size + 1):
                    for paid in combinations(out, count):
                        yield parts, frozenset(out), frozenset(paid)


@pytest.mark.parametrize(("parts", "out", "paid"), list(every_case()))
def test_the_money_stands_where_invoices_and_payments_put_it(parts, out, paid) -> None:
    found = stands(parts, out, paid)
    assert (found == Cash.PAID) == (len(paid) == parts)
    assert (found == Cash.NONE) == (not out)
    if found == Cash.FINAL_DUE:
        assert parts in out
    if found == Cash.DEPOSIT_PAID:
        assert 1 in paid
    if found == Cash.DEPOSIT_DUE:
        assert 1 not in paid


def test_a_plan_of_one_payment_is_due_as_the_last_one() -> None:
    assert stands(1, frozenset({1}), frozenset()) == Cash.FINAL_DUE


def test_a_later_invoice_does_not_hide_that_the_deposit_is_missing() -> None:
    assert stands(3, frozenset({1, 2, 3}), frozenset({2})) == Cash.DEPOSIT_DUE


@pytest.mark.parametrize(("was", "to"), list(product(Cash, Cash)))
def test_every_place_of_the_money_track_is_reached_by_legal_moves(was, to) -> None:
    at = was
    for step in path(was, to):
        assert step in CASH[at]
        at = step
    assert at == to
    assert (path(was, to) == []) == (was == to)


# On real rows


def test_a_deal_is_settled_where_its_invoices_and_payments_put_it(here) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        first = an_invoice(session, deal)
        for amount, expected in ((first.gross - 1, "deposit_due"), (1, "deposit_paid")):
            a_payment(session, first, amount)
            assert settle(session, deal, why="money", fact=None, now=MONDAY) == deal.money == expected
        second = an_invoice(session, deal, part=2)
        assert deal.money == "final_due"
        a_payment(session, second)
        assert settle(session, deal, why="money", fact=None, now=MONDAY) == "paid"
        rows = session.exec(select(Move).where(Move.deal_id == deal.id, Move.track == "money").order_by(Move.id)).all()
        assert [row.to for row in rows] == ["deposit_due", "deposit_paid", "final_due", "paid"]


def test_settling_again_leaves_no_further_row(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = session.get_one(Deal, an_invoice(session).deal_id)
        for _ in range(3):
            settle(session, deal, why="again", fact=None, now=MONDAY)
        assert len(session.exec(select(Move).where(Move.deal_id == deal.id, Move.track == "money")).all()) == 1


def test_what_was_credited_counts_as_not_issued(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session)
        deal = session.get_one(Deal, invoice.deal_id)
        a_payment(session, invoice)
        settle(session, deal, why="paid", fact=None, now=MONDAY)
        invoices.credit(session, the_company(), invoice, gross=None, reason="x", key="note", now=MONDAY)
        assert issued.is_credited(session, invoice)
        assert settle(session, deal, why="credited", fact=None, now=MONDAY) == "none"


def test_a_credit_of_all_that_is_unpaid_leaves_a_paid_invoice(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session)
        deal = session.get_one(Deal, invoice.deal_id)
        gross = invoices.nearest_credit(invoice, Money(amount=100_000, currency="EUR"))
        invoices.credit(session, the_company(), invoice, gross=gross, reason="x", key="note", now=MONDAY)
        a_payment(session, invoice, invoice.gross - gross.amount)
        assert not issued.is_credited(session, invoice)
        assert settle(session, deal, why="paid", fact=None, now=MONDAY) == "deposit_paid"


def test_before_a_contract_nobody_knows_the_plan(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.CONTRACTING)
        with pytest.raises(Missing, match="has no contract yet"):
            settle(session, deal, why="x", fact=None, now=MONDAY)
        agreed_before = a_signed_deal(session)
        agreed_before.round = 2
        with pytest.raises(Missing, match="has no contract yet"):
            agreed(session, agreed_before)


def test_what_came_for_an_invoice_is_told_payment_by_payment(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session)
        first, second = a_payment(session, invoice, 100), a_payment(session, invoice, invoice.gross)
        assert [(payment.id, share.amount) for payment, share in received(session, invoice)] == [(first.id, 100), (second.id, invoice.gross - 100)]
        assert (too_much(session, first).amount, too_much(session, second).amount) == (0, 100)


def test_a_clients_open_invoices_come_due_first_and_without_what_is_paid_or_credited(here) -> None:
    with here.db.writing() as session:
        client = a_client(session)
        late = an_invoice(session, a_signed_deal(session, client=client), at=MONDAY + timedelta(days=3))
        early = an_invoice(session, a_signed_deal(session, client=client))
        paid = an_invoice(session, a_signed_deal(session, client=client))
        a_payment(session, paid)
        gone = an_invoice(session, a_signed_deal(session, client=client))
        invoices.credit(session, the_company(), gone, gross=None, reason="x", key="note", now=MONDAY)
        an_invoice(session)
        a_payment(session, late, 100)
        assert [(invoice.id, rest.amount) for invoice, rest in open_of_client(session, client.id)] == [
            (early.id, early.gross), (late.id, late.gross - 100),
        ]  # fmt: skip


def test_there_is_no_invoice_that_was_never_issued(here_sqlite) -> None:
    with here_sqlite.db.reading() as session, pytest.raises(Missing, match="no invoice 99"):
        issued.invoice(session, 99)
