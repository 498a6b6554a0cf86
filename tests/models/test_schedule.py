import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from models import schedule
from models.contract import Instalment, VatRule
from models.errors import Invalid
from models.money import Money
from models.proposal import PaymentTerm

RATES = ["0", "1", "5", "7.7", "8.1", "19", "20", "21", "23", "25", "25.5", "27"]
PLANS = [[100], [50, 50], [40, 30, 30], [33, 33, 34], [25, 25, 25, 25], [1, 99], [30, 30, 20, 20], [10] * 10]


def rule(percent: str) -> VatRule:
    return VatRule(category="S" if percent != "0" else "O", percent=percent, note="")


def euros(cents: int) -> Money:
    return Money(amount=cents, currency="EUR")


def planned(net: int, percents: list[int], rate: str) -> tuple[list[Instalment], Money]:
    gross = euros(net) + schedule.vat_of(euros(net), rate)
    terms = [PaymentTerm(title=f"Part {place}", percent=percent, when="then") for place, percent in enumerate(percents, start=1)]
    return schedule.plan(euros(net), terms, rule(rate), gross), gross


@given(st.integers(0, 50_000_000), st.sampled_from(PLANS), st.sampled_from(RATES))
@example(5, [10] * 10, "0")
@settings(max_examples=300, deadline=None)
def test_the_parts_sum_to_the_price_net_and_gross_and_each_is_rounded_as_its_invoice_is(net: int, percents: list[int], rate: str) -> None:
    parts, gross = planned(net, percents, rate)
    assert sum(part.net.amount for part in parts) == net
    assert all(part.vat == schedule.vat_of(part.net, rate) and part.gross == part.net + part.vat for part in parts)
    assert all(part.net.amount >= 0 for part in parts)
    assert [part.part for part in parts] == list(range(1, len(percents) + 1))
    if net >= 10_000:
        assert sum(part.gross.amount for part in parts) == gross.amount


@given(st.integers(10_000, 50_000_000), st.sampled_from(PLANS), st.sampled_from(RATES))
@settings(max_examples=200, deadline=None)
def test_no_part_moves_further_than_rounding_has_to(net: int, percents: list[int], rate: str) -> None:
    parts, _ = planned(net, percents, rate)
    assume(rate not in {"0", "1"})
    assert all(abs(part.net.amount - net * percent / 100) <= len(percents) + 16 for part, percent in zip(parts, percents, strict=True))


def test_what_needs_no_moving_stays_as_it_is() -> None:
    parts, _ = planned(1_000_000, [40, 30, 30], "23")
    assert [part.net.amount for part in parts] == [400_000, 300_000, 300_000]
    assert [part.gross.amount for part in parts] == [492_000, 369_000, 369_000]


def test_the_fewest_cents_are_moved() -> None:
    parts, gross = planned(10_006, [50, 50], "23")
    assert schedule.vat_of(euros(5003), "23").amount * 2 + 10_006 != gross.amount
    assert sorted(part.net.amount for part in parts) == [5002, 5004]
    assert sum(part.gross.amount for part in parts) == gross.amount


@pytest.mark.parametrize("net", range(1, 40))
def test_a_price_of_a_few_cents_still_sums_to_its_net(net: int) -> None:
    parts, _ = planned(net, [40, 30, 30], "23")
    assert sum(part.net.amount for part in parts) == net


def test_a_gross_that_no_rounding_gives_leaves_the_nets_alone() -> None:
    terms = [PaymentTerm(title="Half", percent=50, when="")] * 2
    parts = schedule.plan(euros(1000), terms, rule("23"), euros(9999))
    assert [part.net.amount for part in parts] == [500, 500]


@pytest.mark.parametrize("percents", [[], [50], [60, 60]])
def test_a_plan_that_is_no_whole_is_refused(percents: list[int]) -> None:
    with pytest.raises(Invalid, match="100 percent"):
        planned(1000, percents, "23")


def test_words_of_the_plan_are_kept() -> None:
    parts, _ = planned(1000, [40, 60], "0")
    assert [(part.title, part.when, part.percent) for part in parts] == [("Part 1", "then", 40), ("Part 2", "then", 60)]
