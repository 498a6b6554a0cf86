"""Money: whole minor units with their currency, rounded half up, never a float."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Self

from babel.numbers import format_currency, get_currency_precision
from pydantic import BaseModel, ConfigDict, Field


class Money(BaseModel):
    """An amount in minor units (cents) of one currency (ISO 4217)."""

    model_config = ConfigDict(frozen=True)

    amount: int
    currency: str = Field(pattern=r"^[A-Z]{3}$")

    @classmethod
    def of_major(cls, amount: Decimal | float | str, currency: str) -> Self:
        """Money from major units ("12.50" euros), rounded half up to the minor unit."""
        scale = Decimal(10) ** get_currency_precision(currency)
        return cls(amount=round_half_up(Decimal(str(amount)) * scale), currency=currency)

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.amount) / (Decimal(10) ** get_currency_precision(self.currency))

    def __add__(self, other: Self) -> Self:
        self._same_currency(other)
        return self.model_copy(update={"amount": self.amount + other.amount})

    def __sub__(self, other: Self) -> Self:
        self._same_currency(other)
        return self.model_copy(update={"amount": self.amount - other.amount})

    def __lt__(self, other: Self) -> bool:
        self._same_currency(other)
        return self.amount < other.amount

    def times(self, factor: Decimal | float | str) -> Self:
        """The amount times a factor, rounded half up to the minor unit."""
        return self.model_copy(update={"amount": round_half_up(self.amount * Decimal(str(factor)))})

    def format(self, locale: str = "en_GB") -> str:
        """The amount as a reader of `locale` writes it: "€12,500.00"."""
        return format_currency(self.major, self.currency, locale=locale.replace("-", "_"))

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} cannot be added up.")


def round_half_up(value: Decimal) -> int:
    """The nearest whole number; a half goes away from zero (EN 16931, BR-CO rounding)."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of `amounts`; nothing gives zero of `currency`."""
    return sum(amounts, start=Money(amount=0, currency=currency))


def split(whole: Money, percents: Iterable[int]) -> list[Money]:
    """`whole` in shares of percents; the last share takes the remainder, so they sum exactly. No share takes more than is left."""
    shares: list[Money] = []
    left = whole
    for percent in percents:
        share = whole.times(Decimal(percent) / 100)
        shares.append(min(share, left, key=lambda one: one.amount))
        left = left - shares[-1]
    if shares:
        shares[-1] = shares[-1] + left
    return shares
