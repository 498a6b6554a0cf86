"""Late interest: simple, by the day, half up once."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import interest, payments
from models.interest import late
from models.money import Money
from models.terms import LateInterest
from tests.fakes import MONDAY
from tests.models.billing import COMPANY, TODAY, a_credit_note, a_transfer, an_invoice, eur

EU = LateInterest(base_rate=Decimal("2.15"), points=Decimal(8), flat=Decimal(40), law="Directive 2011/7/EU")
DUE = date(2026, 3, 2)
GOLDEN = [
    # gross, days after the due day, payments (days after, amount), interest, days
    ("1000.00", 0, [], "0.00", 0),
    ("1000.00", 1, [], "0.28", 1),
    ("1000.00", 30, [], "8.34", 30),
    ("1000.00", 365, [], "101.50", 365),
    ("12345.67", 17, [], "58.36", 17),
    ("1000.00", 30, [(0, "1000.00")], "0.00", 0),
    ("1000.00", 30, [(-5, "400.00")], "5.01", 30),
    ("1000.00", 30, [(10, "400.00")], "6.12", 30),
    ("1000.00", 30, [(10, "1000.00")], "2.78", 10),
    ("1000.00", 30, [(10, "400.00"), (10, "600.00")], "2.78", 10),
    ("1000.00", 30, [(10, "1000.00"), (20, "-500.00")], "4.17", 20),
]


@pytest.mark.parametrize(("gross", "days", "paid", "expected", "late_days"), GOLDEN)
def test_golden_cases(gross: str, days: int, paid: list, expected: str, late_days: int) -> None:
    came = [(DUE + timedelta(days=after), eur(amount)) for after, amount in paid]
    found = late(EU, eur(gross), due_on=DUE, paid=came, until=DUE + timedelta(days=days))
    assert (found.interest, found.days, found.rate) == (eur(expected), late_days, Decimal("10.15"))
    assert found.flat == eur(40 if late_days else 0)
    assert found.total == found.interest + found.flat


def test_half_a_cent_is_a_cent() -> None:
    terms = LateInterest(base_rate=Decimal(0), points=Decimal("3.65"), law="x")
    assert late(terms, eur("50.00"), due_on=DUE, paid=[], until=DUE + timedelta(days=1)).interest == eur("0.01")


def test_a_negative_rate_is_nought() -> None:
    terms = LateInterest(base_rate=Decimal(-5), points=Decimal(2), law="x")
    assert late(terms, eur(1000), due_on=DUE, paid=[], until=DUE + timedelta(days=365)).interest == eur(0)


@given(st.integers(1, 10**9), st.integers(0, 2000), st.lists(st.tuples(st.integers(-50, 2000), st.integers(1, 10**8)), max_size=4))
def test_it_is_never_below_nought_and_never_more_than_without_payments(gross: int, days: int, paid: list) -> None:
    came = [(DUE + timedelta(days=after), Money(amount=amount, currency="EUR")) for after, amount in paid]
    money, until = Money(amount=gross, currency="EUR"), DUE + timedelta(days=days)
    found, most = late(EU, money, due_on=DUE, paid=came, until=until), late(EU, money, due_on=DUE, paid=[], until=until)
    assert 0 <= found.interest.amount <= most.interest.amount
    assert 0 <= found.days <= days


def test_an_invoices_interest_follows_its_books(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=1100, due_on=TODAY)
        a_credit_note(session, invoice, eur(100))
        payments.receive(session, COMPANY, a_transfer(eur(400), invoice.number, happened_on=TODAY + timedelta(days=10)), now=MONDAY)
        until = TODAY + timedelta(days=30)
        assert interest.of_invoice(session, EU, invoice, until=until).interest == eur("6.12")
        assert interest.of_invoice(session, None, invoice, until=until) is None
        assert interest.of_invoice(session, EU, invoice, until=TODAY) is None
