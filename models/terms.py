"""How the studio is paid: its bank, VAT, the plan of payments, how invoices are numbered, what lateness costs."""

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from models.field_types import Bic, Iban
from models.setup import SetUp


class Bank(SetUp):
    """Where the money goes."""

    name: str
    holder: str
    iban: Iban
    bic: Bic


class Vat(SetUp):
    """The standard rate in percent, and what is written beside it in each case."""

    percent: Decimal = Field(ge=0, lt=100)
    note: str
    reverse_charge_note: str
    outside_note: str


class Invoices(SetUp):
    """How invoices are numbered and when they are due. A number is `{series}`, `{year}` and `{number}`, which may be padded: `{number:04}`."""

    series: str = Field("INV", pattern=r"^[A-Z0-9]{1,8}$")
    credit_series: str = Field("CN", pattern=r"^[A-Z0-9]{1,8}$")
    number: str = "{series}-{year}-{number:04}"
    due_days: int = Field(7, ge=0, le=120)
    words: Literal["auto", "yes", "no"] = "auto"
    note: str = ""

    @field_validator("number")
    @classmethod
    def _number_counts(cls, value: str) -> str:
        try:
            shown = {value.format(series="S", year=2030, number=number) for number in (1, 2)}
        except (KeyError, IndexError, ValueError):
            raise ValueError(f'"{value}" cannot be filled in; write it like {{series}}-{{year}}-{{number:04}}') from None
        if len(shown) == 1 or "S" not in value.format(series="S", year=2030, number=1) or "{year" not in value:
            raise ValueError(f'"{value}" must hold {{series}}, {{year}} and {{number}}')
        return value

    @model_validator(mode="after")
    def _series_differ(self) -> Self:
        if self.series == self.credit_series:
            raise ValueError("series and credit_series must differ")
        return self


class LateInterest(SetUp):
    """Interest on what is overdue: `base_rate` of the central bank and `points` above it, a year, in percent; `flat` once, whole units."""

    base_rate: Decimal = Field(ge=-5, le=50)
    points: Decimal = Field(ge=0, le=50)
    flat: Decimal = Field(Decimal(0), ge=0)
    law: str


class PaymentStep(SetUp):
    """A part of the payment plan: percent of the gross total. `after` is the delivery stage whose acceptance makes it due."""

    title: str
    percent: int = Field(gt=0, le=100)
    when: str
    after: str = ""
