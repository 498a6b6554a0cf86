"""Amounts as Stripe writes them (docs.stripe.com/currencies): minor units, though not always the ones that we count in."""

from babel.numbers import get_currency_precision

from models.errors import Refused
from models.money import Money

# UGX stands among the zero-decimal ones in Stripe's list, but is written with two decimals, as is ISK.
_NONE = frozenset({"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"})
_THREE = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
_TWO_BUT_WHOLE = frozenset({"ISK", "UGX"})


def decimals(currency: str) -> int:
    """How many decimals Stripe's minor unit has."""
    return 0 if currency in _NONE else 3 if currency in _THREE else 2


def to_stripe(money: Money) -> int:
    """Money in Stripe's minor units. Raises Refused when Stripe has no unit small enough for it."""
    places = decimals(money.currency) - get_currency_precision(money.currency)
    amount, rest = divmod(money.amount * 10 ** max(places, 0), 10 ** max(-places, 0))
    step = 100 if money.currency in _TWO_BUT_WHOLE else 10 if money.currency in _THREE else 1
    if rest or amount % step:
        raise Refused(f"Stripe cannot take {money.major} {money.currency}: it knows no unit that small.")
    return amount


def from_stripe(amount: int, currency: str) -> Money:
    """Stripe's minor units as money; `currency` in either case. Raises ValueError for an amount that ours cannot hold."""
    name = currency.upper()
    places = get_currency_precision(name) - decimals(name)
    ours, rest = divmod(amount * 10 ** max(places, 0), 10 ** max(-places, 0))
    if rest:
        raise ValueError(f"{amount} of Stripe's {name} is no whole number of our units")
    return Money(amount=ours, currency=name)
