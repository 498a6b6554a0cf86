"""Working time: which days a country works, and when its offices are open. Moments are aware UTC, days are local."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

import holidays
from pydantic import model_validator

from models.setup import SetUp


class OfficeHours(SetUp):
    """When the office is open on a working day, in the studio's zone; `days` are ISO weekdays (1 = Monday).

    `worked` are days that this studio works whatever the calendar says, `closed` days that it does not.
    """

    opens: time
    closes: time
    days: list[int] = [1, 2, 3, 4, 5]
    worked: list[date] = []
    closed: list[date] = []

    @model_validator(mode="after")
    def _opens_before_closing(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("the office must open before it closes")
        if not self.days or not set(self.days) <= set(range(1, 8)):
            raise ValueError("days are numbers from 1 (Monday) to 7")
        if both := set(self.worked) & set(self.closed):
            raise ValueError(f"{min(both)} is both worked and closed")
        return self


NINE_TO_SIX = OfficeHours(opens=time(9), closes=time(18))


class _Year(NamedTuple):
    """A country's year: its public holidays, and the weekend days that it works in exchange for a day off."""

    holidays: frozenset[date]
    worked: frozenset[date]


@lru_cache(maxsize=256)
def _year(country: str, year: int) -> _Year:
    code, _, region = country.partition("-")
    known = holidays.country_holidays(code, subdiv=region or None, years=year)
    return _Year(frozenset(known), frozenset(known.weekend_workdays))


def knows(country: str) -> bool:
    """Whether public holidays of `country` ("IE", "DE-BY") are known."""
    try:
        _year(country, 2026)
    except NotImplementedError:
        return False
    return True


def is_working_day(day: date, country: str, hours: OfficeHours = NINE_TO_SIX) -> bool:
    """Whether the office works on `day`: its own word first, then a public holiday of `country`, a worked weekend, the day of the week."""
    if day in hours.worked or day in hours.closed:
        return day in hours.worked
    year = _year(country, day.year)
    return day not in year.holidays and (day.isoweekday() in hours.days or day in year.worked)


def add_working_days(day: date, count: int, country: str, hours: OfficeHours = NINE_TO_SIX) -> date:
    """The `count`-th working day after `day`; 0 gives `day` itself, or the next working day."""
    while not is_working_day(day, country, hours) and count == 0:
        day += timedelta(days=1)
    for _ in range(count):
        day += timedelta(days=1)
        while not is_working_day(day, country, hours):
            day += timedelta(days=1)
    return day


def working_days_between(start: date, end: date, country: str, hours: OfficeHours = NINE_TO_SIX) -> int:
    """How many working days lie after `start`, up to and with `end`."""
    return sum(is_working_day(start + timedelta(days=n), country, hours) for n in range(1, (end - start).days + 1))


def next_office_moment(now: datetime, zone: str, country: str, hours: OfficeHours = NINE_TO_SIX) -> datetime:
    """`now` if the office is open, else the moment it opens next, in UTC."""
    local = now.astimezone(ZoneInfo(zone))
    if is_working_day(local.date(), country, hours):
        if local.time() < hours.opens:
            return at(local.date(), hours.opens, zone)
        if local.time() < hours.closes:
            return now.astimezone(UTC)
    return at(add_working_days(local.date(), 1, country, hours), hours.opens, zone)


def at(day: date, moment: time, zone: str) -> datetime:
    """A local day and time as UTC. A time that the clock change skips lands an hour later; one it doubles is the first."""
    return datetime.combine(day, moment, ZoneInfo(zone)).astimezone(UTC)
