from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import ValidationError

from models.ladder import Ladder, latest_due, open_ladder
from models.worktime import next_office_moment
from tests.models.briefing import the_company

DUBLIN = "Europe/Dublin"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def moments(name, now):
    schedule = open_ladder(the_company().ladders[name], utc(now), DUBLIN, "IE")
    return [rung.at for rung in schedule.rungs], schedule.deadline


GOLDEN = [
    # An ordinary Monday morning.
    ("brief", "2026-11-09 10:15", ["2026-11-11 10:15", "2026-11-17 10:15", "2026-11-25 10:15"], "2026-11-30 10:15"),
    # Over the end of summer time (25 October) and a bank holiday (26 October): the wall clock stays, UTC moves.
    ("brief", "2026-10-22 10:15", ["2026-10-27 11:15", "2026-11-02 11:15", "2026-11-09 09:00"], "2026-11-12 11:15"),
    # Over the start of summer time (28 March 2027) and Easter Monday.
    ("proposal", "2027-03-25 10:15", ["2027-03-30 09:15", "2027-04-05 09:15", "2027-04-12 08:00"], "2027-04-15 09:15"),
    # Opened at night before Christmas: everything waits for the office.
    ("proposal", "2026-12-23 23:30", ["2026-12-29 09:00", "2027-01-05 09:00", "2027-01-11 09:00"], "2027-01-14 09:00"),
    # Hours for the studio's own moves: Friday afternoon goes over to Monday.
    ("estimate-approval", "2026-11-13 16:00", ["2026-11-16 09:00", "2026-11-16 16:00", "2026-11-18 16:00"], None),
]


@pytest.mark.parametrize(("name", "now", "rungs", "deadline"), GOLDEN)
def test_rungs_land_in_office_hours_of_the_studio(name, now, rungs, deadline):
    assert moments(name, now) == ([utc(rung) for rung in rungs], utc(deadline) if deadline else None)


@settings(max_examples=60)
@given(some.sampled_from(["qualify", "brief", "estimate-approval", "proposal", "proposal-revision", "contract"]),
       some.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)))  # noqa: DTZ001  # fmt: skip
def test_every_ladder_rises_from_any_moment(name, now):
    opened = now.replace(tzinfo=UTC)
    schedule = open_ladder(the_company().ladders[name], opened, DUBLIN, "IE")
    times = [opened, *(rung.at for rung in schedule.rungs), *([schedule.deadline] if schedule.deadline else [])]
    assert times == sorted(times)
    assert all(next_office_moment(moment, DUBLIN, "IE") == moment for moment in times[1:])
    assert len(schedule.rungs) == len(the_company().ladders[name].rungs)


def test_a_schedule_comes_back_from_json_the_same():
    schedule = open_ladder(the_company().ladders["proposal"], utc("2026-11-09 10:00"), DUBLIN, "IE")
    assert type(schedule).model_validate_json(schedule.model_dump_json()) == schedule
    assert schedule.rungs[0].letter_unopened == "proposal-reminder-unopened"
    assert schedule.ends == "proposal-farewell"


DUE = [
    (-1, timedelta(days=-1), None),
    (-1, timedelta(0), 0),
    (0, timedelta(0), None),
    (0, timedelta(days=30), 2),
    (-1, timedelta(days=30), 2),
    (2, timedelta(days=30), None),
]


@pytest.mark.parametrize(("sent", "late", "expected"), DUE)
def test_after_downtime_only_the_latest_due_rung_is_sent(sent, late, expected):
    schedule = open_ladder(the_company().ladders["brief"], utc("2026-11-09 10:15"), DUBLIN, "IE")
    assert latest_due(schedule.rungs, sent, schedule.rungs[0].at + late) == expected


PAYMENT = ["2026-03-10 09:00", "2026-03-16 09:00", "2026-03-23 09:00", "2026-03-30 08:00"]
"""Counted from the end of Monday, 9 March, in Dublin; two fall on a Saturday, and summer time begins before the last."""
LEFT = [("2026-03-02 10:00", 4), ("2026-03-10 08:59", 4), ("2026-03-10 09:00", 3), ("2026-03-20 10:00", 2), ("2026-03-30 07:59", 1)]


@pytest.mark.parametrize(("now", "left"), LEFT)
def test_a_ladder_with_a_start_counts_from_there_and_its_rungs_in_the_past_fall_away(now, left):
    schedule = open_ladder(the_company().ladders["payment"], utc(now), DUBLIN, "IE", starts=utc("2026-03-10 00:00"))
    assert [rung.at for rung in schedule.rungs] == [utc(rung) for rung in PAYMENT][4 - left :]
    assert schedule.deadline is None


@pytest.mark.parametrize("now", ["2026-03-30 08:00", "2026-08-03 10:00"])
def test_a_ladder_whose_rungs_all_lie_in_the_past_is_climbed_once_more_from_now(now):
    ladder = the_company().ladders["payment"]
    schedule = open_ladder(ladder, utc(now), DUBLIN, "IE", starts=utc("2026-03-10 00:00"))
    assert schedule == open_ladder(ladder, utc(now), DUBLIN, "IE")
    assert len(schedule.rungs) == 4


@settings(max_examples=60)
@given(some.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), some.integers(-60, 60))  # noqa: DTZ001
def test_whenever_it_is_asked_anew_no_rung_lies_in_the_past(now, days):
    opened = now.replace(tzinfo=UTC)
    schedule = open_ladder(the_company().ladders["payment"], opened, DUBLIN, "IE", starts=opened + timedelta(days=days))
    assert schedule.rungs
    assert all(rung.at > opened for rung in schedule.rungs)
    assert days < 0 or len(schedule.rungs) == 4


def test_a_deadline_counts_from_the_start_too():
    ladder = Ladder.model_validate({"rungs": [{"after": "1 days", "letter": "a"}], "deadline": "3 days"})
    schedule = open_ladder(ladder, utc("2026-11-09 10:00"), DUBLIN, "IE", starts=utc("2026-11-16 10:00"))
    assert (schedule.rungs[0].at, schedule.deadline) == (utc("2026-11-17 10:00"), utc("2026-11-19 10:00"))


def test_a_rung_pushed_beyond_the_end_falls_away():
    ladder = Ladder.model_validate({"rungs": [{"after": "2 working days", "letter": "a"}], "deadline": "3 days", "ends": "b"})
    schedule = open_ladder(ladder, utc("2026-12-24 10:00"), DUBLIN, "IE")
    assert schedule.rungs == []
    assert schedule.deadline == utc("2026-12-28 09:00")


WRONG = [
    {"rungs": [{"after": "2 moons", "letter": "a"}]},
    {"rungs": [{"after": "0 days", "letter": "a"}]},
    {"rungs": [{"after": "2 days", "letter": "A letter"}]},
    {"rungs": [{"after": "2 days", "letter": "a"}, {"after": "1 days", "letter": "b"}]},
    {"rungs": [{"after": "2 days", "letter": "a"}], "deadline": "1 days"},
    {"ends": "farewell"},
    {"whose_move": "nobody"},
]


@pytest.mark.parametrize("raw", WRONG)
def test_a_ladder_that_makes_no_sense_is_refused(raw):
    with pytest.raises(ValidationError):
        Ladder.model_validate(raw)
