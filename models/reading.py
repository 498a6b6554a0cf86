"""Reading one posted field into an answer: sizes, control characters, numbers, dates, links. Hostile input ends as a sentence."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol
from urllib.parse import urlsplit

from models.setup import Answer

TEXT_MAX = 300
LONGTEXT_MAX = 10_000
LINK_MAX = 2_000
FILES_MAX = 20
YEARS = range(2000, 2101)
_GROUPED = re.compile(r"^\d{1,3}([ ,.'’]\d{3})+$")
_DOMAIN = re.compile(r"^[\w-]+(\.[\w-]+)+([/?#:].*)?$")
# Characters that turn the order of a line round let a text pretend to be another one.
_TURNING = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}


class FieldError(ValueError):
    """What is wrong with a field, as a sentence for who typed it."""


class Asked(Protocol):
    """The part of a question that reading needs."""

    @property
    def type(self) -> str:
        """One of text, longtext, choice, choices, number, date, file, link."""

    @property
    def options(self) -> Sequence["Offered"]:
        """What a choice offers."""

    @property
    def min(self) -> int | None:
        """The least number."""

    @property
    def max(self) -> int | None:
        """The greatest number."""


class Offered(Protocol):
    """An option's value."""

    @property
    def value(self) -> str:
        """What is posted for it."""


def read_value(question: Asked, values: Sequence[str]) -> Answer:
    """The answer in `values`, or None when nothing was given. Raises FieldError."""
    if question.type == "choices":
        return _choices(question, values)
    if question.type == "file":
        return _files(values)
    value = next((v for v in values if v.strip()), "")
    if len(value) > LONGTEXT_MAX:
        raise FieldError(f"This is very long; please keep it under {LONGTEXT_MAX:,} characters or send it as a file.")
    text = clean(value)
    if not text:
        return None
    return _READERS[question.type](question, text)


def clean(value: str) -> str:
    """`value` without control and order-turning characters and stray halves of characters; line breaks stay."""
    lines = value.replace("\r\n", "\n").replace("\r", "\n")
    kept = (c for c in lines if c in "\n\t" or (unicodedata.category(c) not in ("Cc", "Cs") and ord(c) not in _TURNING))
    return "".join(kept).strip()


def _text(_: Asked, text: str) -> str:
    return _line(text)


def _longtext(_: Asked, text: str) -> str:
    return text


def _line(text: str) -> str:
    line = " ".join(text.split())
    if len(line) > TEXT_MAX:
        raise FieldError(f"Please keep this under {TEXT_MAX} characters.")
    return line


def _choice(question: Asked, text: str) -> str:
    if text not in {option.value for option in question.options}:
        raise FieldError("Please choose one of the answers offered.")
    return text


def _choices(question: Asked, values: Sequence[str]) -> list[str] | None:
    given = {value.strip() for value in values if value.strip()}
    offered = [option.value for option in question.options]
    if given - set(offered):
        raise FieldError("Please choose among the answers offered.")
    return [value for value in offered if value in given] or None


def _files(values: Sequence[str]) -> list[str] | None:
    names = [_line(clean(value[: 4 * TEXT_MAX])) for value in values if value.strip()]
    if len(names) > FILES_MAX:
        raise FieldError(f"Please send at most {FILES_MAX} files.")
    return [name for name in dict.fromkeys(names) if name] or None


def _number(question: Asked, text: str) -> int:
    digits = re.sub(r"[ ,.'’]", "", text) if _GROUPED.match(text.replace("\u00a0", " ").replace("\u202f", " ")) else text
    digits = "".join(digits.split())
    if not re.fullmatch(r"-?[0-9]{1,12}", digits):
        raise FieldError("Please give a whole number, like 12.")
    number = int(digits)
    if question.min is not None and number < question.min:
        raise FieldError(f"Please give {question.min:,} or more.")
    if question.max is not None and number > question.max:
        raise FieldError(f"Please give {question.max:,} or less.")
    return number


def _date(_: Asked, text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise FieldError("Please give a date as year-month-day, like 2027-03-01.") from None
    if day.year not in YEARS:
        raise FieldError("Please check the year of this date.")
    return day.isoformat()


def _link(_: Asked, text: str) -> str:
    wrong = FieldError("Please give a web address that starts with https:// or http://.")
    if len(text) > LINK_MAX or re.search(r"\s|[<>\"`\\]", text):
        raise wrong
    address = f"https://{text}" if _DOMAIN.match(text) else text
    try:
        parts = urlsplit(address)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None or not port_is_fine:
        raise wrong
    return address


_READERS: dict[str, Callable[[Asked, str], Answer]] = {
    "text": _text,
    "longtext": _longtext,
    "choice": _choice,
    "number": _number,
    "date": _date,
    "link": _link,
}
