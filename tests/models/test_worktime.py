import tomllib
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import ValidationError

from models.worktime import OfficeHours, add_working_days, is_working_day, knows, next_office_moment, working_days_between

DUBLIN = "Europe/Dublin"
DAYS = [
    ("2026-11-23", 0, "IE", "2026-11-23"),
    ("2026-11-23", 1, "IE", "2026-11-24"),
    ("2026-11-27", 1, "IE", "2026-11-30"),
    ("2026-11-28", 0, "IE", "2026-11-30"),
    ("2026-11-28", 1, "IE", "2026-11-30"),
    ("2026-12-24", 1, "IE", "2026-12-28"),
    ("2026-12-31", 1, "IE", "2027-01-04"),
    ("2027-03-16", 1, "IE", "2027-03-18"),
    ("2026-06-03", 1, "DE", "2026-06-04"),
    ("2026-06-03", 1, "DE-BY", "2026-06-05"),
]


@pytest.mark.parametrize(("start", "count", "country", "end"), DAYS)
def test_weekends_and_public_holidays_are_no_working_days(start, count, country, end):
    assert add_working_days(date.fromisoformat(start), count, country) == date.fromisoformat(end)


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MOMENTS = [
    ("2026-11-23 10:00", "2026-11-23 10:00"),
    ("2026-11-23 06:30", "2026-11-23 09:00"),
    ("2026-11-23 18:00", "2026-11-24 09:00"),
    ("2026-11-27 20:00", "2026-11-30 09:00"),
    # In summer Dublin is an hour ahead: nine o'clock there is eight in UTC.
    ("2026-07-06 08:30", "2026-07-06 08:30"),
    ("2026-07-06 05:00", "2026-07-06 08:00"),
    # The clocks go forward on 28 March 2027; Monday after is Easter Monday.
    ("2027-03-26 19:00", "2027-03-30 08:00"),
    # They go back on 25 October 2026; Monday after is the October bank holiday.
    ("2026-10-23 18:00", "2026-10-27 09:00"),
    ("2026-12-24 19:00", "2026-12-28 09:00"),
]


@pytest.mark.parametrize(("now", "expected"), MOMENTS)
def test_the_next_office_moment_follows_zone_clock_changes_and_holidays(now, expected):
    assert next_office_moment(utc(now), DUBLIN, "IE") == utc(expected)


def test_an_office_may_keep_its_own_hours_and_days():
    hours = OfficeHours(opens=time(7), closes=time(12), days=[6])
    assert next_office_moment(utc("2026-11-23 10:00"), DUBLIN, "IE", hours) == utc("2026-11-28 07:00")


@settings(max_examples=100)
@given(some.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)))  # noqa: DTZ001
def test_an_office_moment_is_never_in_the_past_and_stays_where_it_is(now):
    moment = next_office_moment(now.replace(tzinfo=UTC), DUBLIN, "IE")
    assert moment >= now.replace(tzinfo=UTC)
    assert next_office_moment(moment, DUBLIN, "IE") == moment
    assert moment.tzinfo is UTC


@settings(max_examples=100)
@given(some.dates(date(2026, 1, 1), date(2028, 1, 1)), some.integers(1, 60))
def test_counting_forth_and_back_agrees(start, count):
    end = add_working_days(start, count, "IE")
    assert is_working_day(end, "IE")
    assert working_days_between(start, end, "IE") == count
    assert end - start >= timedelta(days=count)


# A weekend day that a country works in exchange for a day off, and that day off.
EXCHANGED = [
    # Saturday before the long weekend of State Foundation Day, Thursday 20 August 2026.
    ("HU", "2026-08-08", "2026-08-21"),
    ("HU", "2026-01-10", "2026-01-02"),
    # Saturday for the Monday before Defender of the Fatherland Day, 2027.
    ("RU", "2027-02-20", "2027-02-22"),
    # The Saturday before the Spring Festival of 2026, and the Sunday before the National Day: a Sunday is worked too.
    ("CN", "2026-02-14", "2026-02-20"),
    ("CN", "2026-09-20", "2026-10-06"),
]


@pytest.mark.parametrize(("country", "worked", "off"), EXCHANGED)
def test_a_country_may_work_on_a_weekend_in_exchange_for_a_day(country, worked, off):
    worked, off = date.fromisoformat(worked), date.fromisoformat(off)
    assert worked.isoweekday() in {6, 7}
    assert off.isoweekday() in range(1, 6)
    assert is_working_day(worked, country)
    assert not is_working_day(off, country)
    assert not is_working_day(worked + timedelta(weeks=1), country)
    assert add_working_days(worked - timedelta(days=1), 1, country) == worked
    assert working_days_between(worked - timedelta(days=1), worked, country) == 1


def test_the_office_opens_on_a_worked_saturday():
    assert next_office_moment(utc("2026-08-07 20:00"), "Europe/Budapest", "HU") == utc("2026-08-08 07:00")


def test_the_studio_has_the_last_word_on_its_days():
    saturday, patrick, monday = date(2026, 12, 19), date(2027, 3, 17), date(2026, 12, 28)
    own = OfficeHours(opens=time(9), closes=time(18), worked=[saturday, patrick], closed=[monday, date(2026, 8, 8)])
    assert [is_working_day(day, "IE") for day in (saturday, patrick, monday)] == [False, False, True]
    assert [is_working_day(day, "IE", own) for day in (saturday, patrick, monday)] == [True, True, False]
    # What the country works, a studio may not.
    assert not is_working_day(date(2026, 8, 8), "HU", own)
    assert add_working_days(date(2026, 12, 18), 1, "IE", own) == saturday
    assert next_office_moment(utc("2026-12-18 20:00"), DUBLIN, "IE", own) == utc("2026-12-19 09:00")


def test_a_day_is_not_worked_and_closed_at_once():
    with pytest.raises(ValidationError, match="2026-12-28 is both worked and closed"):
        OfficeHours(opens=time(9), closes=time(18), worked=[date(2026, 12, 28)], closed=[date(2026, 12, 28)])


def test_days_are_written_as_toml_writes_them():
    raw = tomllib.loads("opens = 09:00:00\ncloses = 17:30:00\nworked = [2026-12-19]\nclosed = [2026-12-28, 2026-12-29]")
    hours = OfficeHours.model_validate(raw)
    assert (hours.worked, hours.closed) == ([date(2026, 12, 19)], [date(2026, 12, 28), date(2026, 12, 29)])
    assert OfficeHours.model_validate_json(hours.model_dump_json()) == hours


def test_unknown_holidays_are_told():
    assert knows("IE")
    assert knows("DE-BY")
    assert not knows("IE-BY")
    assert not knows("XX")
