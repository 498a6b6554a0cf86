"""A day, hours and a deal as people type them into a spreadsheet."""

import re
from datetime import date
from decimal import Decimal

from models.money import round_half_up

_FIRST_DAY, _DAY_HOURS, _HOUR = date(2000, 1, 1), 24, 60
_ISO, _DOTTED = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII), re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_DECIMAL, _CLOCK = re.compile(r"\d{1,4}([.,]\d{1,4})?|[.,]\d{1,4}", re.ASCII), re.compile(r"(\d{1,3}):([0-5]\d)", re.ASCII)
_DEAL = re.compile(r"#?\d{1,9}", re.ASCII)


class Mistake(ValueError):
    """What is wrong with a cell, as the end of a sentence."""


def day_of(text: str, today: date) -> date:
    """A day as 2026-05-31 or 31.5.2026. Raises Mistake for any other, and for one that is still to come."""
    iso, dotted = _ISO.fullmatch(text), _DOTTED.fullmatch(text)
    parts = iso.groups() if iso else dotted.groups()[::-1] if dotted else None
    try:
        day = date(*(int(part) for part in parts or ()))
    except (TypeError, ValueError):
        raise Mistake(f"“{text[:40]}” is no day; write it like 2026-05-31.") from None
    if not _FIRST_DAY <= day <= today:
        raise Mistake(f"{day} {'is still to come' if day > today else 'is too long ago'}.")
    return day


def minutes_of(text: str) -> int:
    """Hours as minutes: 7.5, 7,5 and 7:30 are 450; rounded half up. Raises Mistake for what is none, or more than a day has."""
    clock = _CLOCK.fullmatch(text)
    if clock:
        minutes = int(clock[1]) * _HOUR + int(clock[2])
    elif _DECIMAL.fullmatch(text):
        told = Decimal(text.replace(",", "."))
        minutes = round_half_up(told * _HOUR)
        if told and not minutes:  # 0 hours mean something else
            raise Mistake(f"{text} hours are not even a minute.")
    else:
        raise Mistake(f"“{text[:40]}” are no hours; write them like 7.5 or 7:30.")
    if minutes > _DAY_HOURS * _HOUR:
        raise Mistake(f"{text} hours are more than a day has.")
    return minutes


def deal_of(text: str) -> int:
    """A deal's number, with or without a #. Raises Mistake for what is none."""
    if not _DEAL.fullmatch(text):
        raise Mistake(f"“{text[:40]}” is no number of a deal.")
    return int(text.removeprefix("#"))
