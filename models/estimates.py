"""What an estimate is: plain frozen data that goes into the database as JSON and comes back the same."""

from decimal import Decimal

from models.money import Money
from models.proposal import Phase, Record
from models.rates import HourRange, Rules
from models.setup import Answer


class HourChange(Record):
    """A manager's word on one line: its likely hours in all, why, and who said it."""

    slug: str
    hours: Decimal
    reason: str
    who: str


class Inputs(Record):
    """All that an estimate is computed from, besides the rules."""

    answers: dict[str, Answer]
    answer_flags: list[str] = []
    changes: list[HourChange] = []
    discount_percent: Decimal = Decimal(0)
    discount_reason: str = ""


class Span(Record):
    """Hours of a line as three guesses; 0 is allowed where a manager struck it."""

    low: Decimal
    likely: Decimal
    high: Decimal

    def scaled(self, factor: Decimal | int) -> "Span":
        """All three times `factor`."""
        return Span(low=self.low * factor, likely=self.likely * factor, high=self.high * factor)

    @classmethod
    def of(cls, unit: HourRange, quantity: int) -> "Span":
        """The hours of `quantity` units."""
        return cls(low=unit.low, likely=unit.likely, high=unit.high).scaled(quantity)


class Line(Record):
    """A piece of work with its price. `net` is likely hours × rate, rounded once; `why` explains it to a manager."""

    slug: str
    title: str
    description: str
    unit: str
    units: str = ""
    role: str
    phase: str
    driver: str
    quantity: int
    hours: Span
    rate: Money
    net: Money
    why: str


    @property
    def counted(self) -> str:
        """The unit as it stands behind the quantity: "template", "templates"."""
        return self.unit if self.quantity == 1 else self.units or self.unit


class OptionLine(Line):
    """A line the client may tick; its net price holds the overheads it causes. `days` are added to the timetable."""

    days: int
    needs: list[str] = []


class Estimate(Record):
    """What a service costs with these answers: lines, options, a range, days, and why a manager must look (`flags`).

    `total` is net of VAT after discount, options not counted; `low` and `high` are before discount.
    """

    service: str
    currency: str
    card_version: str
    card_hash: str
    rules: Rules
    inputs: Inputs
    lines: list[Line]
    options: list[OptionLine]
    low: Money
    likely: Money
    high: Money
    discount: Money
    total: Money
    days: int
    timeline: list[Phase]
    flags: list[str]

    @property
    def needs_approval(self) -> bool:
        """Whether a project manager must look before a client sees it."""
        return bool(self.flags)
