"""What templates may do to a value: write money, dates and counts in the reader's language, keep text harmless."""

import re
import textwrap
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

from models.money import Money
from templates import colours

_BIDI = dict.fromkeys([0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_LINE = 76


def filters(locale: str) -> dict[str, Callable[..., Any]]:
    """The filters of one environment, writing for readers of `locale` (BCP 47 or POSIX)."""
    reader = Locale.parse(locale.replace("-", "_"))
    return {
        "money": partial(money, locale=str(reader)),
        "round_money": partial(round_money, locale=str(reader)),
        "date": partial(day, locale=reader),
        "datetime": partial(moment, locale=reader),
        "number": partial(number, locale=reader),
        "days": partial(days, locale=reader),
        "counted": partial(counted, locale=reader),
        "filesize": partial(filesize, locale=reader),
        "plain": plain,
        "one_line": one_line,
        "initials": initials,
        "colour": colours.colour,
        "backing": colours.backing,
        "text_on": colours.text_on,
        "readable": colours.readable,
        "mix": colours.mix,
    }


def money(value: Money | dict[str, Any], locale: str) -> str:
    """Money, or its dump, as "€12,500.00"."""
    return Money.model_validate(value).format(locale)


def round_money(value: Money | dict[str, Any], locale: str) -> str:
    """The same in running text: "€8,000" when there are no cents to tell."""
    amount = Money.model_validate(value)
    if amount.major != amount.major.to_integral_value():
        return amount.format(locale)
    return format_currency(amount.major, amount.currency, format=_whole(locale), locale=locale, currency_digits=False)


def day(value: date | str, locale: Locale) -> str:
    """A date, or its ISO text, as "22 November 2026"; a moment gives its own day."""
    return format_date(date.fromisoformat(value[:10]) if isinstance(value, str) else value, "long", locale=locale)


def moment(value: datetime | str, zone: str, locale: Locale) -> str:
    """An aware moment, or its ISO text, on the clock of `zone`: "22 November 2026, 14:05"."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    local = at.astimezone(ZoneInfo(zone))
    return f"{format_date(local, 'long', locale=locale)}, {format_datetime(local, 'HH:mm', locale=locale)}"


def number(value: float, locale: Locale) -> str:
    """A number with the reader's separators; no decimals that say nothing."""
    return format_decimal(value, locale=locale)


def counted(value: float, one: str, many: str, locale: Locale) -> str:
    """A number with its noun: "1 page", "12 pages"."""
    return f"{number(value, locale)} {one if value == 1 else many}"


def days(value: int, locale: Locale) -> str:
    """A span: "12 working days"."""
    return counted(value, "working day", "working days", locale)


def filesize(value: int, locale: Locale) -> str:
    """Bytes for people: "2.4 MB"."""
    size, unit = (value / 1e6, "MB") if value >= 1e6 else (value / 1e3, "kB")  # noqa: PLR2004
    return f"{format_decimal(round(size, 1), locale=locale)} {unit}"


def one_line(value: object, longest: int = 200) -> str:
    """Text on one line: no breaks, no control or direction characters, cut at `longest`."""
    text = str(value).translate(_BIDI)
    text = "".join(" " if unicodedata.category(char) in {"Cc", "Zl", "Zp"} else char for char in text)
    text = " ".join(text.split())
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def plain(text: str) -> str:
    """Paragraphs of a plain-text letter, each wrapped; lists, quotes, short lines and addresses stay as they are."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(_wrapped(paragraph) for paragraph in paragraphs if paragraph.strip())


def initials(name: str) -> str:
    """Two letters for a person: "Ada Byron" gives "AB"."""
    words = str(name).split()
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


def _whole(locale: str) -> str:
    pattern = Locale.parse(locale).currency_formats["standard"].pattern
    return re.sub(r"[.]0+", "", pattern)


def _wrapped(paragraph: str) -> str:
    rows = [
        textwrap.fill(line.strip(), _LINE, subsequent_indent=_indent(line), break_long_words=False, break_on_hyphens=False)
        for line in paragraph.splitlines()
    ]
    return "\n".join(row for row in rows if row)


def _indent(line: str) -> str:
    start = line.lstrip()[:2]
    return {"- ": "  ", "> ": "> "}.get(start, "")
