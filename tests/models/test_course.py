"""The course: when a letter is ripe, what stands in its way, when the offer comes. Golden cases by hand, and what holds for any waiting."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise, product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from models.clocks import Span, WorkCalendar
from models.course import LOOK_AGAIN, WINDOW, CourseStand, begins_at, decide, ripe_at
from models.worktime import OfficeHours
from tests.studio import the_company

HOURS = OfficeHours(opens=time(9), closes=time(17, 30))
DUBLIN = WorkCalendar(zone="Europe/Dublin", country="IE", hours=HOURS)
BUDAPEST = WorkCalendar(zone="Europe/Budapest", country="HU", hours=HOURS)
KOLKATA = WorkCalendar(zone="Asia/Kolkata", country="IN", hours=HOURS)
LETTERS = ["course-1", "course-2", "course-3", "course-4", "course-5"]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def dublin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Dublin")).astimezone(UTC)


def spans(*times: str) -> list[Span]:
    """Spans of "asked > answered" in Dublin's time; nothing after the arrow: still open."""
    pairs = [one.split(" >") for one in times]
    return [Span(dublin(start.strip()), dublin(end.strip()) if end.strip() else None, "the logo") for start, end in pairs]


def a_stand(**values) -> CourseStand:
    """A course whose invitation went out on Monday, 1 March 2027, at ten; nothing stands in its way."""
    defaults = {"letters": LETTERS, "gap": 2, "calendar": DUBLIN, "out": [], "last_at": dublin("2027-03-01 10:00")}
    return CourseStand(**defaults | values)


# Where it begins


@pytest.mark.parametrize("service", sorted(the_company().delivery.services))
def test_it_begins_two_delivery_stages_before_the_end_the_launch_counted(service: str) -> None:
    stages = [*(share.stage for share in the_company().delivery.services[service].stages), "launch"]
    assert stages[stages.index(begins_at(stages)) :] == [begins_at(stages), "launch"]


@pytest.mark.parametrize(("stages", "first"), [(["launch"], "launch"), (["design", "launch"], "design"), (["a", "b", "c"], "b")])
def test_a_short_project_begins_it_with_its_first_stage(stages: list[str], first: str) -> None:
    assert begins_at(stages) == first


# When a letter is ripe: 1 March 2027 is a Monday, the 17th a holiday of Ireland

RIPE = {
    "two days on": ("2027-03-01 10:00", 2, [], "2027-03-03 09:00"),
    "the day itself counts until its close": ("2027-03-01 17:29", 2, [], "2027-03-03 09:00"),
    "after the close it counts no more": ("2027-03-01 17:30", 2, [], "2027-03-04 09:00"),
    "over a weekend": ("2027-03-04 10:00", 2, [], "2027-03-08 09:00"),
    "sent on a Saturday": ("2027-03-06 12:00", 2, [], "2027-03-10 09:00"),
    "over a holiday": ("2027-03-16 10:00", 2, [], "2027-03-19 09:00"),
    "a day of waiting": ("2027-03-01 10:00", 2, ["2027-03-01 15:00 > 2027-03-02 09:00"], "2027-03-04 09:00"),
    "asked and answered within a day": ("2027-03-01 10:00", 2, ["2027-03-01 11:00 > 2027-03-01 16:00"], "2027-03-03 09:00"),
    "two waits that overlap are one": ("2027-03-01 10:00", 2, ["2027-03-01 15:00 > 2027-03-03 09:00", "2027-03-02 10:00 > 2027-03-03 12:00"], "2027-03-05 09:00"),
    "three weeks of silence": ("2027-03-01 10:00", 2, ["2027-03-01 15:00 > 2027-03-22 10:00"], "2027-03-24 09:00"),
    "over the end of winter time and Easter Monday": ("2027-03-22 10:00", 6, [], "2027-03-31 09:00"),
}


@pytest.mark.parametrize("case", RIPE)
def test_a_letter_is_ripe_when_the_gap_is_over_that_was_not_spent_waiting(case: str) -> None:
    last, gap, waited, ripe = RIPE[case]
    assert ripe_at(dublin(last), gap, spans(*waited), DUBLIN, dublin("2027-05-01 12:00")) == dublin(ripe)


def test_days_to_come_are_not_lost_before_they_are_over() -> None:
    waiting = spans("2027-03-01 15:00 >")
    seen = [ripe_at(dublin("2027-03-01 10:00"), 2, waiting, DUBLIN, dublin(f"2027-03-0{day} 12:00")) for day in (1, 2, 3, 4)]
    assert seen == [dublin(f"2027-03-0{day} 09:00") for day in (3, 4, 5)] + [dublin("2027-03-08 09:00")]


# What is due


def test_a_ripe_letter_is_due_and_one_that_is_not_says_when() -> None:
    assert decide(a_stand(), dublin("2027-03-03 09:00")).letter == "course-1"
    early = decide(a_stand(), dublin("2027-03-03 08:59"))
    assert (early.letter, early.until) == ("", dublin("2027-03-03 09:00"))


def test_letters_go_out_in_their_order_whatever_has_gone_out() -> None:
    for gone in range(len(LETTERS)):
        assert decide(a_stand(out=LETTERS[:gone]), dublin("2027-03-09 10:00")).letter == LETTERS[gone]
    assert decide(a_stand(out=["course-2"]), dublin("2027-03-09 10:00")).letter == "course-1"


@pytest.mark.parametrize(("now", "until"), [
    ("2027-03-03 17:30", "2027-03-04 09:00"), ("2027-03-03 23:00", "2027-03-04 09:00"), ("2027-03-04 04:00", "2027-03-04 09:00"),
    ("2027-03-05 20:00", "2027-03-08 09:00"), ("2027-03-17 12:00", "2027-03-18 09:00"),
])  # fmt: skip
def test_nothing_goes_out_at_night_on_a_weekend_or_on_a_holiday(now: str, until: str) -> None:
    due = decide(a_stand(), dublin(now))
    assert (due.letter, due.until) == ("", dublin(until))


@pytest.mark.parametrize("now", ["2027-03-03 09:00", "2027-03-03 12:00", "2027-03-03 22:00"])
def test_a_ripe_letter_waits_for_the_next_working_day_while_the_project_waits(now: str) -> None:
    due = decide(a_stand(waits="the project waits for the client: the logo"), dublin(now))
    assert (due.letter, due.until) == ("", dublin("2027-03-04 09:00"))
    assert "the logo" in due.why


def test_what_rests_is_looked_at_again_in_a_week_and_given_up_a_month_after_the_end() -> None:
    ended = dublin("2027-04-01 12:00")
    resting = a_stand(rests="the client has not asked for its letters", completed_at=ended, is_offered=True)
    soon, late = decide(resting, ended), decide(resting, ended + WINDOW - DAY)
    assert soon.until is not None
    assert timedelta(0) < soon.until - ended <= LOOK_AGAIN + 4 * DAY
    assert late.until == ended + WINDOW
    over = decide(resting, ended + WINDOW)
    assert over.is_over
    assert "has not asked" in over.why


def test_who_says_yes_within_the_month_gets_the_whole_course_however_long_it_takes() -> None:
    stand = a_stand(completed_at=dublin("2027-03-01 12:00"), is_offered=True, out=LETTERS[:2], last_at=dublin("2027-03-30 10:00"))
    assert decide(stand, dublin("2027-04-20 10:00")).letter == "course-3"


def test_a_course_that_stopped_still_waits_for_the_end_of_the_work() -> None:
    stopped = decide(a_stand(stopped="the client has written to us"), dublin("2027-03-09 10:00"))
    assert stopped.until is not None
    assert "has written" in stopped.why
    ended = a_stand(stopped="the client has written to us", completed_at=dublin("2027-03-08 10:00"))
    assert decide(ended, dublin("2027-03-09 10:00")).offer
    assert decide(ended.model_copy(update={"is_offered": True}), dublin("2027-03-09 10:00")).is_over


EVERY = list(product([[], LETTERS[:2], LETTERS], ["", "no consent"], ["", "paused"], ["", "a reply"], ["", "cancelled"], [None, -2, -40], [False, True], ["", "bounced"]))


@pytest.mark.parametrize("now", [dublin("2027-06-01 10:00"), dublin("2027-06-01 22:00"), dublin("2027-06-05 10:00")])
def test_whatever_stands_in_the_way_no_letter_goes_out_and_something_always_comes_next(now: datetime) -> None:
    for out, rests, waits, stopped, ended, completed, offered, holds in EVERY:
        done = now + timedelta(days=completed) if completed else None
        stand = a_stand(out=out, rests=rests, waits=waits, stopped=stopped, ended=ended, completed_at=done, is_offered=offered, holds_offer=holds)
        due = decide(stand, now)
        assert bool(due.letter) + due.offer + bool(due.until) + due.is_over == 1
        assert due.why
        if rests or waits or stopped or ended or out == LETTERS:
            assert not due.letter
        if due.offer:
            assert done
            assert not offered
            assert not ended
            assert not holds or done + WINDOW <= now
        if due.until:
            assert due.until > now
        if due.is_over and not ended:
            assert done
            assert offered


# Over any waiting


@dataclass
class Told:
    """What a course came to: when each letter went out, and how often somebody had to look."""

    at: list[datetime] = field(default_factory=list)
    looks: int = 0


def played(start: datetime, gap: int, waited: list[Span], calendar: WorkCalendar, ends: datetime | None = None) -> Told:
    """A course from its invitation to its last letter, looked at whenever it says."""
    now, told, stand = start, Told(), a_stand(gap=gap, calendar=calendar, last_at=start)
    while True:
        told.looks += 1
        seen = [span if span.answered and span.answered <= now else span._replace(answered=None) for span in waited if span.asked <= now]
        is_ended = ends is not None and now >= ends
        seen = [span._replace(answered=span.answered or max(span.asked, ends)) for span in seen] if is_ended else seen
        waits = "the logo" if any(span.answered is None for span in seen) else ""
        stand = stand.model_copy(update={"spans": seen, "waits": waits, "completed_at": ends if is_ended else None, "is_offered": is_ended})
        due = decide(stand, now)
        if due.letter:
            assert not waits
            told.at.append(now)
            stand = stand.model_copy(update={"out": [*stand.out, due.letter], "last_at": now})
            assert stand.out == LETTERS[: len(stand.out)]
        elif due.until and not (due.why.startswith("Every letter")):
            assert due.until > now
            now = due.until
        else:
            return told


def closes_between(calendar: WorkCalendar, start: datetime, end: datetime, waited: list[Span]) -> int:
    """The closes of working days after `start`, up to `end`, at which nobody was waited for, counted day by day."""
    day, found = start.astimezone(ZoneInfo(calendar.zone)).date() - DAY, 0
    while day <= end.astimezone(ZoneInfo(calendar.zone)).date():
        close = calendar.closes(day)
        is_lost = any(span.asked < close and (span.answered is None or close <= span.answered) for span in waited)
        found += calendar.works(day) and start < close <= end and not is_lost
        day += DAY
    return found


hours = some.integers(0, 24 * 60)
waits = some.lists(some.tuples(hours, some.integers(1, 24 * 15)), max_size=5)
calendars = some.sampled_from([DUBLIN, BUDAPEST, KOLKATA])
starts = some.integers(0, 450 * 24 * 60).map(lambda minutes: datetime(2026, 9, 1, tzinfo=UTC) + minutes * timedelta(minutes=1))


def laid(start: datetime, times: list[tuple[int, int]]) -> list[Span]:
    return [Span(start + after * HOUR, start + (after + length) * HOUR, "the logo") for after, length in times]


@settings(max_examples=60, deadline=None)
@given(starts, some.integers(1, 6), waits, calendars)
def test_two_letters_are_never_closer_than_the_gap_and_none_goes_out_while_somebody_waits(start, gap, times, calendar) -> None:
    waited = laid(start, times)
    told = played(start, gap, waited, calendar)
    assert len(told.at) == len(LETTERS)
    for earlier, later in pairwise([start, *told.at]):
        assert closes_between(calendar, earlier, later, waited) >= gap
    for moment in told.at:
        local = moment.astimezone(ZoneInfo(calendar.zone))
        assert calendar.works(local.date())
        assert HOURS.opens <= local.time() < HOURS.closes
        assert not any(span.asked <= moment < span.answered for span in waited)


@settings(max_examples=60, deadline=None)
@given(starts, some.integers(1, 6), waits, waits, calendars)
def test_waiting_for_the_client_never_brings_a_letter_nearer(start, gap, times, more, calendar) -> None:
    fewer, all_of_it = played(start, gap, laid(start, times), calendar), played(start, gap, laid(start, times + more), calendar)
    assert all(early <= late for early, late in zip(fewer.at, all_of_it.at, strict=True))


@settings(max_examples=40, deadline=None)
@given(starts, some.integers(1, 6), waits, calendars)
def test_few_looks_are_needed_one_a_letter_and_one_a_day_of_waiting(start, gap, times, calendar) -> None:
    waited = laid(start, times)
    told = played(start, gap, waited, calendar)
    days = sum(any(span.asked < calendar.closes(day) <= span.answered for span in waited) for day in _days(start, told.at[-1], calendar))
    assert told.looks <= 3 * len(LETTERS) + 2 * days + 1


@settings(max_examples=40, deadline=None)
@given(starts, some.integers(1, 4), waits, some.integers(0, 60))
def test_a_project_that_ends_early_goes_on_at_the_gap_and_skips_nothing(start, gap, times, days) -> None:
    waited, ends = laid(start, times), start + days * DAY
    told = played(start, gap, waited, DUBLIN, ends)
    assert len(told.at) == len(LETTERS)
    cut = [span._replace(answered=min(span.answered, max(span.asked, ends))) for span in waited if span.asked < ends]
    for earlier, later in pairwise([start, *told.at]):
        assert closes_between(DUBLIN, earlier, later, cut) >= gap


def test_a_pause_of_three_weeks_moves_every_later_letter_by_its_working_days() -> None:
    start = dublin("2027-04-05 10:00")
    plain = played(start, 2, [], DUBLIN)
    rested = played(start, 2, spans("2027-04-08 12:00 > 2027-04-29 08:00"), DUBLIN)
    assert rested.at[:1] == plain.at[:1]
    for before, after in zip(plain.at[1:], rested.at[1:], strict=True):
        assert closes_between(DUBLIN, before, after, []) == 15


def _days(start: datetime, end: datetime, calendar: WorkCalendar) -> list[date]:
    return list(calendar.working(calendar.day_of(start) - DAY, calendar.day_of(end)))
