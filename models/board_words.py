"""How boards for operators say times, places and people: short, the same on each of them. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from models.addresses import card_path
from models.markdown import link, plain
from models.money import Money

MINUTE, HOUR, DAY = 60, 3_600, 86_400


def moment(at: datetime | None, zone: str) -> str:
    """A moment by the studio's clock on the wall; "" for none."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if at else ""


def day(at: datetime | None, zone: str) -> str:
    """A day by the studio's calendar; "" for none."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d}" if at else ""


def lasted(length: timedelta) -> str:
    """How long something took, in its two largest units: "3 d 4 h"."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds < MINUTE:
        return f"{seconds} s"
    for unit, name, lesser, lesser_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min")):
        if seconds >= unit:
            rest = seconds % unit // lesser
            return f"{seconds // unit} {name}" + (f" {rest} {lesser_name}" if rest else "")
    return f"{seconds // MINUTE} min"


def place(state: str) -> str:
    """A place on a track as it is read: `handed_over` is "handed over"."""
    return state.replace("_", " ")


def shown(money: Money | None, locale: str) -> str:
    """An amount; "" for none. Its sign of dollars opens no formula."""
    return plain(money.format(locale)) if money else ""


def card_link(deal_id: int) -> str:
    """The way to a deal's card."""
    return link(f"{deal_id}", card_path(deal_id))
