"""A bank statement as it is read from a file, whatever its format."""

import hashlib
from dataclasses import dataclass
from datetime import date

from models.errors import Invalid
from models.money import Money
from models.reading import clean

MOST_BYTES = 20 * 1024 * 1024


class Unreadable(Invalid):
    """A file that is no statement, or is not whole; nothing of it is taken."""


@dataclass(frozen=True)
class ParsedLine:
    """A booked line. `bank_id` is the bank's own reference or ""; `amount` is positive; `name` and `iban` are the other side's."""

    on: date
    direction: str
    amount: Money
    text: str
    bank_id: str = ""
    name: str = ""
    iban: str = ""
    is_return: bool = False

    @property
    def signed(self) -> int:
        """What it does to the account, in minor units."""
        return self.amount.amount if self.direction == "in" else -self.amount.amount


@dataclass(frozen=True)
class Parsed:
    """One statement. `account` is its IBAN, balances are minor units of `currency`, None where the file gives none."""

    format: str
    account: str
    currency: str
    number: str
    opening: int | None
    closing: int | None
    opening_on: date | None
    closing_on: date | None
    lines: tuple[ParsedLine, ...]

    @property
    def moved(self) -> int:
        """What its lines sum to, in minor units."""
        return sum(line.signed for line in self.lines)

    @property
    def from_on(self) -> date | None:
        """The first day that it has lines of, or its opening's."""
        return min((line.on for line in self.lines), default=self.opening_on)

    @property
    def to_on(self) -> date | None:
        """Its closing's day, or the last that it has lines of."""
        return max([line.on for line in self.lines] + ([self.closing_on] if self.closing_on else []), default=self.opening_on)


def words(*parts: str | None) -> str:
    """The parts of a line's text that say something, each once, joined by line breaks."""
    return "\n".join(dict.fromkeys(filter(None, (clean(part) for part in parts if part))))


def line_id(line: ParsedLine) -> str:
    """What a line is known by among its day's: the bank's own reference, or what it says; with its amount in either case."""
    own = (line.bank_id,) if line.bank_id else ("", line.text, line.name, line.iban)
    return hashlib.sha256("\x1f".join((line.direction, str(line.amount.amount), line.amount.currency, *own)).encode()).hexdigest()[:32]
