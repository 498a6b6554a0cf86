from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import corrections
from models.corrections import Sums
from models.errors import Refused
from models.money import Money
from models.schedule import vat_of

RATES = st.sampled_from(["0", "5", "7.7", "19", "20", "23", "25.5"])


def euros(cents: int) -> Money:
    return Money(amount=cents, currency="EUR")


def invoiced(net: int, rate: str) -> Sums:
    return Sums(euros(net), vat_of(euros(net), rate))


@given(st.integers(1, 5_000_000), RATES, st.lists(st.integers(1, 3_000_000), min_size=1, max_size=6))
@settings(max_examples=400, deadline=None)
def test_parts_come_out_to_the_cent_and_never_exceed_the_invoice(net: int, rate: str, wanted: list[int]) -> None:
    whole = left = invoiced(net, rate)
    taken = []
    for cents in wanted:
        if left.gross.amount == 0:
            break
        part = corrections.nearest(left, euros(cents), rate)
        assert corrections.take(left, part.gross, rate, "en") == part
        assert part.vat == vat_of(part.net, rate) and 0 < part.gross.amount <= left.gross.amount
        left = Sums(left.net - part.net, left.vat - part.vat)
        assert left.vat == vat_of(left.net, rate)
        taken.append(part)
    rest = corrections.nearest(left, left.gross, rate)
    assert sum(part.net.amount for part in [*taken, rest]) == whole.net.amount
    assert sum(part.vat.amount for part in [*taken, rest]) == whole.vat.amount


@given(st.integers(100, 5_000_000), RATES, st.integers(1, 5_000_000))
@settings(max_examples=300, deadline=None)
def test_the_nearest_amount_is_close_by(net: int, rate: str, cents: int) -> None:
    left = invoiced(net, rate)
    part = corrections.nearest(left, euros(cents), rate)
    if cents < left.gross.amount:
        assert abs(part.gross.amount - cents) <= 250
        assert corrections.split(left, euros(cents), rate) in (None, part)
    else:
        assert part == left


@given(st.integers(100, 1_000_000), RATES, st.integers(1, 1_300_000))
@settings(max_examples=300, deadline=None)
def test_what_cannot_be_is_refused_with_amounts_that_can(net: int, rate: str, cents: int) -> None:
    left = invoiced(net, rate)
    try:
        part = corrections.take(left, euros(cents), rate, "en")
    except Refused as refused:
        if cents <= left.gross.amount:
            named = [round(Decimal(one.strip("€.").replace(",", "")) * 100) for one in str(refused).split() if "€" in one][1:]
            assert named and all(corrections.take(left, euros(one), rate, "en").gross.amount == one for one in named)
    else:
        assert part.gross.amount == cents


def test_an_amount_without_a_net_names_its_neighbours() -> None:
    with pytest.raises(Refused, match="€0.08 .* The nearest amounts are €0.07 and €0.09") as refused:
        corrections.take(invoiced(10_000, "23"), euros(8), "23", "en_IE")
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(("gross", "why"), [(0, "more than nothing"), (-5, "more than nothing"), (12_301, "at most €123.00")])
def test_nothing_and_too_much_are_refused(gross: int, why: str) -> None:
    with pytest.raises(Refused, match=why):
        corrections.take(invoiced(10_000, "23"), euros(gross), "23", "en_IE")


def test_another_currency_is_refused() -> None:
    with pytest.raises(Refused, match="in EUR, not in GBP"):
        corrections.take(invoiced(10_000, "23"), Money(amount=100, currency="GBP"), "23", "en_IE")


def test_all_that_is_left_is_always_possible() -> None:
    odd = Sums(euros(100), euros(22))
    assert corrections.take(odd, euros(122), "23", "en") == odd
