"""What a selection of options costs, and what must come with what. The page shows it, the server decides by it."""

from collections.abc import Sequence
from decimal import Decimal

from models.errors import Refused
from models.lines import with_needs
from models.money import Money, split, total
from models.proposal import Snapshot, Totals


def selected(snapshot: Snapshot, selection: Sequence[str]) -> list[str]:
    """`selection` with every option it needs, in the order of the proposal. Raises Refused for an option that is not offered."""
    offered = {option.slug: option.needs for option in snapshot.options}
    if unknown := [slug for slug in selection if slug not in offered]:
        raise Refused(f'This proposal has no option "{unknown[0][:60]}". Please look at it again.')
    taken = with_needs(list(selection), offered)
    return [slug for slug in offered if slug in taken]


def totals(snapshot: Snapshot, selection: Sequence[str]) -> Totals:
    """Net after discount with the selected options, VAT once, half up, on that net, gross, payments and days.

    Raises Refused for an option that is not offered.
    """
    taken = set(selected(snapshot, selection))
    options = [option for option in snapshot.options if option.slug in taken]
    base = total((line.net for line in snapshot.lines), snapshot.currency)
    net = base - snapshot.discount + total((option.price for option in options), snapshot.currency)
    vat = net.times(Decimal(snapshot.vat_percent) / 100)
    gross: Money = net + vat
    return Totals(
        net=net,
        vat=vat,
        gross=gross,
        days=snapshot.days + sum(option.days for option in options),
        payments=split(gross, [term.percent for term in snapshot.payments]),
    )
