"""Money: exact, in one currency, rounded half up once."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.money import Money, round_half_up, split, total


def euro(cents: int) -> Money:
    return Money(amount=cents, currency="EUR")


@pytest.mark.parametrize(
    ("major", "currency", "amount"),
    [("12.50", "EUR", 1250), ("12.505", "EUR", 1251), (0.1, "EUR", 10), ("1250", "JPY", 1250), ("1.2345", "BHD", 1235), ("-0.005", "EUR", -1)],
)
def test_major_units_become_minor_ones_of_their_currency(major, currency: str, amount: int) -> None:
    assert Money.of_major(major, currency).amount == amount


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "BHD"]))
def test_there_and_back_is_the_same(amount: int, currency: str) -> None:
    money = Money(amount=amount, currency=currency)
    assert Money.of_major(money.major, currency) == money


@given(st.decimals(-10**9, 10**9, places=4))
def test_a_half_goes_away_from_zero(value: Decimal) -> None:
    whole = abs(Fraction(value))
    expected = (whole + Fraction(1, 2)).__floor__()
    assert round_half_up(value) == (expected if value >= 0 else -expected)


@given(st.lists(st.integers(-(10**9), 10**9)))
def test_a_sum_is_exact(amounts: list[int]) -> None:
    assert total((euro(amount) for amount in amounts), "EUR").amount == sum(amounts)


@given(st.integers(0, 10**10), st.lists(st.integers(1, 60), min_size=1, max_size=6))
def test_shares_add_up_to_the_whole_to_the_cent(amount: int, percents: list[int]) -> None:
    shares = split(euro(amount), percents)
    assert total(shares, "EUR") == euro(amount)
    left = amount
    for share, percent in zip(shares[:-1], percents, strict=False):
        assert share.amount == min(left, round_half_up(Decimal(amount) * percent / 100))
        left -= share.amount
    assert min(share.amount for share in shares) >= 0


def test_nothing_is_split_into_nothing() -> None:
    assert split(euro(5), []) == []


@pytest.mark.parametrize("act", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b])
def test_two_currencies_are_never_mixed(act) -> None:
    with pytest.raises(ValueError, match="cannot be added up"):
        act(euro(1), Money(amount=1, currency="USD"))


@pytest.mark.parametrize(("locale", "written"), [("en_IE", "€12,500.00"), ("de-DE", "12.500,00\xa0€"), ("fr_FR", "12\u202f500,00\xa0€")])
def test_a_reader_sees_it_as_their_own_paper_writes_it(locale: str, written: str) -> None:
    assert euro(1_250_000).format(locale) == written


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "E1R"])
def test_a_currency_is_three_capitals(currency: str) -> None:
    with pytest.raises(ValidationError):
        Money(amount=1, currency=currency)


@pytest.mark.parametrize(("factor", "amount"), [("0.23", 23), (Decimal("0.235"), 24), (0.5, 50), (-1, -100)])
def test_a_product_is_rounded_once(factor, amount: int) -> None:
    assert euro(100).times(factor).amount == amount
