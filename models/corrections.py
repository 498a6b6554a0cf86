"""Taking back a part of an invoice: gross amounts that fall apart into a net and its VAT to the minor unit.

VAT is rounded once, half up, so not every gross has a net: at 23 percent there is none for 0.08. A part is chosen so that what stays
on the invoice is such an amount too: then whatever is taken back later, in how many parts ever, the last one comes out even.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from models.errors import Refused
from models.money import Money
from models.schedule import vat_of


class Sums(NamedTuple):
    """Net and VAT of what is left of an invoice, or taken off it."""

    net: Money
    vat: Money

    @property
    def gross(self) -> Money:
        """Net and VAT."""
        return self.net + self.vat


def take(left: Sums, gross: Money, percent: str, locale: str) -> Sums:
    """`gross` off what is left of an invoice, as net and VAT. Raises Refused with the nearest amounts that can be, or when it is too much."""
    if gross.currency != left.gross.currency:
        raise Refused(f"The invoice is in {left.gross.currency}, not in {gross.currency}.")
    if not 0 < gross.amount <= left.gross.amount:
        raise Refused(f"A credit note takes back more than nothing and at most {left.gross.format(locale)}, which is what is left of the invoice.")
    taken = split(left, gross, percent)
    if taken:
        return taken
    lower, upper = (next(possible).gross.format(locale) for possible in (_below(left, gross, percent), _above(left, gross, percent)))
    raise Refused(
        f"{gross.format(locale)} has no net and VAT at {percent} percent that come out to the cent. The nearest amounts are {lower} and {upper}."
        if lower != upper else f"{gross.format(locale)} cannot be split into net and VAT at {percent} percent. The nearest amount is {lower}."
    )  # fmt: skip


def nearest(left: Sums, gross: Money, percent: str) -> Sums:
    """The possible part that is nearest to `gross`, the greater of two; all that is left for what is more than that."""
    if gross.amount >= left.gross.amount:
        return left
    exact = split(left, gross, percent)
    if exact:
        return exact
    lower, upper = next(_below(left, gross, percent)), next(_above(left, gross, percent))
    return upper if upper.gross.amount - gross.amount <= abs(gross.amount - lower.gross.amount) else lower


def split(left: Sums, gross: Money, percent: str) -> Sums | None:
    """`gross` as net and VAT, if both it and what stays come out to the minor unit; all that is left is possible, however it came about."""
    if gross == left.gross:
        return left
    about = (gross.amount * 100 / (100 + Decimal(percent or 0))).to_integral_value()
    for amount in range(int(about) - 1, int(about) + 2):
        net = Money(amount=amount, currency=gross.currency)
        vat = vat_of(net, percent)
        if net + vat == gross and vat_of(left.net - net, percent) == left.vat - vat:
            return Sums(net, vat)
    return None


def _below(left: Sums, gross: Money, percent: str) -> Iterator[Sums]:
    """Possible parts from `gross` downwards; where there is none, the least above it."""
    for amount in range(min(gross.amount, left.gross.amount) - 1, 0, -1):
        if found := split(left, Money(amount=amount, currency=gross.currency), percent):
            yield found
    yield from _above(left, gross, percent)


def _above(left: Sums, gross: Money, percent: str) -> Iterator[Sums]:
    """Possible parts from `gross` upwards; all that is left is always one."""
    for amount in range(gross.amount + 1, left.gross.amount + 1):
        if found := split(left, Money(amount=amount, currency=gross.currency), percent):
            yield found
