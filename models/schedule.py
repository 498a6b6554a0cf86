"""The plan of payments: a price in parts whose nets sum to its net and whose gross sums, as each invoice rounds it, meet its gross."""

from collections.abc import Sequence
from decimal import Decimal

from models.contract import Instalment, VatRule
from models.errors import Invalid
from models.money import Money, split
from models.proposal import PaymentTerm
from models.terms import PaymentStep

_WHOLE = 100
_REACHES = (1, 2, 4, 8, 16, 32, 64)
"""How many minor units a part may give or take, the least first; 50 are enough for a rate of 1 percent."""

_State = dict[tuple[int, int], tuple[int, tuple[int, ...]]]


def plan(net: Money, steps: Sequence[PaymentStep | PaymentTerm], rule: VatRule, gross: Money) -> list[Instalment]:
    """`net` in parts of the steps' percents, each with its VAT, half up, as its invoice will say.

    Halves that are rounded part by part may sum to more or less than the VAT of the whole. The fewest minor units are then moved
    between parts so that the sum is `gross`; where no such plan is, the nets alone decide. Raises Invalid unless percents sum to 100.
    """
    if sum(step.percent for step in steps) != _WHOLE:
        raise Invalid("The parts of a payment plan must sum to 100 percent.")
    nets = [share.amount for share in split(net, [step.percent for step in steps])]
    rate = Decimal(rule.percent or 0) / 100
    shifts = _shifts(nets, rate, (gross - net).amount)
    return [
        _instalment(part, step, Money(amount=amount + shift, currency=net.currency), rate)
        for part, (step, amount, shift) in enumerate(zip(steps, nets, shifts, strict=True), start=1)
    ]


def vat_of(net: Money, percent: str) -> Money:
    """The VAT on a group's net, rounded half up, once (EN 16931, BR-CO-17)."""
    return net.times(Decimal(percent or 0) / 100)


def _instalment(part: int, step: PaymentStep | PaymentTerm, net: Money, rate: Decimal) -> Instalment:
    vat = net.times(rate)
    return Instalment(
        part=part, title=step.title, when=step.when, percent=step.percent, net=net, vat=vat, gross=net + vat, after=step.after
    )


def _shifts(nets: list[int], rate: Decimal, wanted: int) -> tuple[int, ...]:
    """What each part gives or takes so that the VAT of all is `wanted`; nothing where that cannot be."""
    still = (0,) * len(nets)
    off = abs(wanted - sum(_vat(net, rate) for net in nets))
    if not off or off > len(nets):
        return still
    return next((found for reach in _REACHES if (found := _least(nets, rate, wanted, reach))), still)


def _least(nets: list[int], rate: Decimal, wanted: int, reach: int) -> tuple[int, ...]:
    """The cheapest shifts of at most `reach` a part that sum to nought and give the VAT that is wanted; () where there are none.

    Part by part, for each sum of shifts and of VAT, the cheapest way to it; of equals the one that was found first, small shifts first.
    """
    states: _State = {(0, 0): (0, ())}
    for rest, net in zip(range(len(nets) - 1, -1, -1), nets, strict=True):
        after: _State = {}
        shifts = sorted(range(max(-reach, min(-net, 0)), reach + 1), key=abs)
        for shift, vat in [(shift, _vat(net + shift, rate)) for shift in shifts]:
            for (moved, vats), (cost, way) in states.items():
                reached, paid = (moved + shift, vats + vat), cost + abs(shift)
                if abs(reached[0]) <= reach * rest and (reached not in after or paid < after[reached][0]):
                    after[reached] = paid, (*way, shift)
        states = after
    return states.get((0, wanted), (0, ()))[1]


def _vat(net: int, rate: Decimal) -> int:
    return Money(amount=net, currency="XXX").times(rate).amount
