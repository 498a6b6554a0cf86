"""The clocks: golden cases counted by hand, with the calendar beside them, and what must hold for any waiting."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from models.clocks import (
    Span,
    WorkCalendar,
    calendar_days,
    clocks_of,
    is_lost,
    lost_by,
    next_close,
    promise_of,
    promised,
    united,
    waited_for,
    waiting_days,
    working_days,
)
from models.worktime import OfficeHours, add_working_days, at, is_working_day, working_days_between

HOURS = OfficeHours(opens=time(9), closes=time(17, 30))
DUBLIN = WorkCalendar(zone="Europe/Dublin", country="IE", hours=HOURS)
NEW_YORK = WorkCalendar(zone="America/New_York", country="US", hours=HOURS)
KOLKATA = WorkCalendar(zone="Asia/Kolkata", country="IN", hours=HOURS)
BUDAPEST = WorkCalendar(zone="Europe/Budapest", country="HU", hours=HOURS)
OWN_DAYS = WorkCalendar(
    zone="Europe/Dublin", country="IE",
    hours=HOURS.model_copy(update={"worked": [date(2026, 12, 19)], "closed": [date(2026, 12, 28), date(2026, 12, 29)]}),
)  # fmt: skip
LATER = datetime(2028, 1, 1, tzinfo=UTC)


def day(text):
    return date.fromisoformat(text)


def moment(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def asked(calendar, *times):
    """Spans from "asked > answered" in the studio's own time; "" after the arrow: still open."""
    pairs = [pair.split(" > ") for pair in times]
    return [Span(moment(start, calendar.zone), moment(end, calendar.zone) if end else None, f"thing {n}") for n, (start, end) in enumerate(pairs)]


# Golden cases. Each tells the range, what was asked and answered, and the days that were worked and lost.

LOGO_OF_MARCH = "2027-03-15 10:00 > 2027-03-18 10:00"
REFUSED_ONCE = ["2027-03-01 10:00 > 2027-03-02 10:00", "2027-03-04 10:00 > 2027-03-08 10:00"]
GOLDEN = {
    # 1 March 2027 is a Monday; that week has no holiday.
    "a day on which it is asked and answered is not lost": (DUBLIN, "2027-03-01", "2027-03-05", ["2027-03-01 09:05 > 2027-03-01 17:29"], 5, 0),
    "asked on Monday, answered on Tuesday loses Monday": (DUBLIN, "2027-03-01", "2027-03-05", ["2027-03-01 10:00 > 2027-03-02 10:00"], 4, 1),
    "an answer after hours comes on the next day": (DUBLIN, "2027-03-01", "2027-03-05", ["2027-03-01 10:00 > 2027-03-01 20:00"], 4, 1),
    "an answer at the very close is too late": (DUBLIN, "2027-03-01", "2027-03-05", ["2027-03-01 10:00 > 2027-03-01 17:30"], 4, 1),
    "asked at the very close does not lose that day": (DUBLIN, "2027-03-01", "2027-03-05", ["2027-03-01 17:30 > 2027-03-02 12:00"], 5, 0),
    "asked a minute before the close loses it": (DUBLIN, "2027-03-01", "2027-03-05", ["2027-03-01 17:29 > 2027-03-02 12:00"], 4, 1),
    "asked after hours, answered the day after next": (DUBLIN, "2027-03-01", "2027-03-05", ["2027-03-01 18:00 > 2027-03-03 08:00"], 4, 1),
    # 6 and 7 March are a weekend.
    "asked and answered on a weekend loses nothing": (DUBLIN, "2027-03-01", "2027-03-12", ["2027-03-06 11:00 > 2027-03-07 22:00"], 10, 0),
    "asked on Saturday, answered on Monday morning": (DUBLIN, "2027-03-01", "2027-03-12", ["2027-03-06 11:00 > 2027-03-08 09:00"], 10, 0),
    "asked on Saturday, answered on Tuesday loses Monday": (DUBLIN, "2027-03-01", "2027-03-12", ["2027-03-06 11:00 > 2027-03-09 09:00"], 9, 1),
    "asked on Friday, answered on Monday loses Friday": (DUBLIN, "2027-03-01", "2027-03-12", ["2027-03-05 11:00 > 2027-03-08 09:00"], 9, 1),
    # Saint Patrick's Day, 17 March 2027, is a Wednesday: Monday to Friday are four days.
    "a holiday is neither worked nor lost": (DUBLIN, "2027-03-15", "2027-03-19", ["2027-03-16 10:00 > 2027-03-18 10:00"], 3, 1),
    # Good Friday (26 March) is worked in Ireland, Easter Monday (29 March) is not; clocks go forward on the 28th. Lost: Thursday, Friday.
    "over Easter": (DUBLIN, "2027-03-22", "2027-04-02", ["2027-03-25 10:00 > 2027-03-30 12:00"], 7, 2),
    # 23 December 2026 is a Wednesday. Off: Friday 25, Saturday 26, Friday 1 January. Lost: 23, 24, 28, 29, 30, 31.
    "over Christmas": (DUBLIN, "2026-12-21", "2027-01-08", ["2026-12-23 10:00 > 2027-01-04 12:00"], 7, 6),
    # Closed by the studio's own word on 28 and 29 December, open on Saturday the 19th. Lost: 18, 19, 21, 22, 23, 24, 30, 31.
    "the studio's own days": (OWN_DAYS, "2026-12-14", "2027-01-08", ["2026-12-18 10:00 > 2027-01-04 12:00"], 9, 8),
    # October has 22 weekdays in 2026 less the bank holiday on Monday 26; then 2 to 13 November. It came on Monday the 16th.
    "a pause of weeks": (DUBLIN, "2026-10-01", "2026-11-30", ["2026-10-01 10:00 > 2026-11-16 10:00"], 11, 31),
    # Logo Monday to Thursday, texts Tuesday to Friday, Wednesday is Saint Patrick's: Monday, Tuesday, Thursday.
    "overlapping asks count once": (DUBLIN, "2027-03-15", "2027-03-19", [LOGO_OF_MARCH, "2027-03-16 10:00 > 2027-03-19 10:00"], 1, 3),
    # Given on Tuesday, refused on Thursday, given again on Monday: Monday; Thursday, Friday.
    "a reopened ask": (DUBLIN, "2027-03-01", "2027-03-12", REFUSED_ONCE, 7, 3),
    "one answered before it was asked counts nothing": (DUBLIN, "2027-03-01", "2027-03-05", ["2027-03-04 10:00 > 2027-03-02 10:00"], 5, 0),
    "what was waited for outside the range counts nothing": (DUBLIN, "2027-03-03", "2027-03-04", ["2027-02-22 10:00 > 2027-03-03 10:00"], 2, 0),
    # Hungary works on Saturday 8 August 2026 for Friday the 21st, after the holiday on Thursday the 20th. Lost: Friday 7, Saturday 8.
    "a Saturday that the country works": (BUDAPEST, "2026-08-03", "2026-08-23", ["2026-08-07 10:00 > 2026-08-10 10:00"], 12, 2),
    "nothing lies in a range that ends before it begins": (DUBLIN, "2027-03-05", "2027-03-01", ["2027-03-01 10:00 > 2027-03-08 10:00"], 0, 0),
}


@pytest.mark.parametrize(("calendar", "start", "end", "times", "worked", "lost"), GOLDEN.values(), ids=GOLDEN.keys())
def test_days_worked_and_lost(calendar, start, end, times, worked, lost):
    spans = asked(calendar, *times)
    assert working_days(day(start), day(end), spans, calendar, LATER) == worked
    assert waiting_days(day(start), day(end), spans, calendar, LATER) == lost


# The office closes at 17:30 of its own time, whatever UTC says.
CLOSES = [
    # Dublin's clocks go back on Sunday 25 October 2026; Monday is a bank holiday.
    (DUBLIN, "2026-10-23", "2026-10-23 16:30"),
    (DUBLIN, "2026-10-27", "2026-10-27 17:30"),
    # ... and forward on Sunday 28 March 2027.
    (DUBLIN, "2027-03-26", "2027-03-26 17:30"),
    (DUBLIN, "2027-03-30", "2027-03-30 16:30"),
    # New York's go forward on Sunday 14 March 2027, two weeks before Europe's.
    (NEW_YORK, "2027-03-12", "2027-03-12 22:30"),
    (NEW_YORK, "2027-03-15", "2027-03-15 21:30"),
    # India is five and a half hours ahead all year.
    (KOLKATA, "2026-08-17", "2026-08-17 12:00"),
    (KOLKATA, "2026-12-14", "2026-12-14 12:00"),
]


@pytest.mark.parametrize(("calendar", "when", "close"), CLOSES)
def test_a_day_is_lost_by_the_clock_on_the_office_wall(calendar, when, close):
    closes = moment(close)
    minute, answer = timedelta(minutes=1), closes + timedelta(hours=2)
    assert calendar.closes(day(when)) == closes
    assert is_lost(day(when), [Span(closes - minute, answer, "logo")], calendar, LATER)
    assert not is_lost(day(when), [Span(closes, answer, "logo")], calendar, LATER)
    assert is_lost(day(when), [Span(closes - minute, closes, "logo")], calendar, LATER)
    assert not is_lost(day(when), [Span(closes - 2 * minute, closes - minute, "logo")], calendar, LATER)


def test_the_day_is_the_one_at_the_studio():
    # 02:00 UTC on Tuesday is still Monday in New York, and half past seven on Tuesday in Kolkata.
    assert NEW_YORK.day_of(moment("2027-03-16 02:00")) == day("2027-03-15")
    assert KOLKATA.day_of(moment("2027-03-16 02:00")) == day("2027-03-16")


def test_an_hour_that_comes_twice_is_an_hour():
    # The clocks go back at 02:00: from 01:50 to 01:10 are twenty minutes, though the wall says otherwise.
    first, second = moment("2026-10-25 01:50", DUBLIN.zone), moment("2026-10-25 01:10", DUBLIN.zone).replace(fold=1)
    assert united([Span(first, second, "logo")], LATER) == [(moment("2026-10-25 00:50"), moment("2026-10-25 01:10"))]
    assert waited_for([Span(first, None, "logo")], second) == [Span(first, None, "logo")]


def test_all_days_from_the_payment_to_closing_are_calendar_days():
    assert calendar_days(day("2027-03-01"), day("2027-03-01")) == 1
    assert calendar_days(day("2026-12-28"), day("2027-01-03")) == 7
    assert calendar_days(day("2027-03-02"), day("2027-03-01")) == 0


# Ten working days from Monday 1 March 2027 end on Friday 12 March. Asked on Wednesday 3 March at ten. Wednesday 17 March is Saint Patrick's.
PROMISES = [
    ("2027-03-03 09:00", "2027-03-12"),
    ("2027-03-03 12:00", "2027-03-12"),
    ("2027-03-03 17:29", "2027-03-12"),
    ("2027-03-03 17:30", "2027-03-15"),
    ("2027-03-04 09:00", "2027-03-15"),
    ("2027-03-04 18:00", "2027-03-16"),
    ("2027-03-05 18:00", "2027-03-18"),
    ("2027-03-07 12:00", "2027-03-18"),
    ("2027-03-08 17:00", "2027-03-18"),
    ("2027-03-08 18:00", "2027-03-19"),
]


@pytest.mark.parametrize(("now", "ends"), PROMISES)
def test_each_day_that_they_do_not_answer_moves_the_promised_day(now, ends):
    open_ = asked(DUBLIN, "2027-03-03 10:00 > ")
    assert promised(day("2027-03-01"), 10, open_, DUBLIN, moment(now)) == day(ends)


def test_an_answer_holds_the_promised_day():
    answered = asked(DUBLIN, "2027-03-03 10:00 > 2027-03-08 10:00")
    assert promised(day("2027-03-01"), 10, answered, DUBLIN, moment("2027-03-08 10:00")) == day("2027-03-18")
    assert promised(day("2027-03-01"), 10, answered, DUBLIN, LATER) == day("2027-03-18")


def test_the_first_day_counts_if_it_is_worked():
    assert promised(day("2027-03-01"), 1, [], DUBLIN, LATER) == day("2027-03-01")
    assert promised(day("2027-03-06"), 1, [], DUBLIN, LATER) == day("2027-03-08")
    assert promised(day("2027-03-17"), 2, [], DUBLIN, LATER) == day("2027-03-19")
    # A stage of no days is there on its first.
    assert promised(day("2027-03-06"), 0, [], DUBLIN, LATER) == promised(day("2027-03-06"), 1, [], DUBLIN, LATER)
    # Hungary's working Saturday: four days from Wednesday 5 August 2026 end on it.
    assert promised(day("2026-08-05"), 4, [], BUDAPEST, LATER) == day("2026-08-08")


def test_a_lost_day_is_laid_to_what_was_asked_first():
    spans = [
        Span(moment("2027-03-02 10:00"), moment("2027-03-08 10:00"), "the texts"),
        Span(moment("2027-03-01 10:00"), moment("2027-03-04 10:00"), "the logo"),
        Span(moment("2027-03-01 11:00"), moment("2027-03-01 12:00"), "the address"),
        Span(moment("2027-03-10 10:00"), moment("2027-03-11 10:00"), "the logo"),
    ]
    # The logo: 1, 2, 3 and again the 10th. The texts: 4 and 5. The address was answered in an hour.
    assert lost_by(day("2027-03-01"), spans, DUBLIN, LATER) == [("the logo", 4), ("the texts", 2)]
    assert lost_by(day("2027-03-03"), spans, DUBLIN, LATER) == [("the logo", 2), ("the texts", 2)]
    assert lost_by(day("2027-03-01"), spans, DUBLIN, moment("2027-03-03 12:00")) == [("the logo", 2)]


def test_of_things_asked_at_once_the_days_are_laid_to_the_one_that_came_first():
    spans = [Span(moment("2027-03-01 10:00"), moment(f"2027-03-{last} 10:00"), about) for last, about in (("05", "texts"), ("03", "logo"))]
    assert lost_by(day("2027-03-01"), spans, DUBLIN, LATER) == [("logo", 2), ("texts", 2)]


def test_days_are_laid_to_their_reasons_by_the_same_close():
    spans = asked(DUBLIN, "2027-03-01 17:30 > 2027-03-02 17:30", "2027-03-03 10:00 > 2027-03-03 17:29")
    assert lost_by(day("2027-03-01"), spans, DUBLIN, LATER) == [("thing 0", 1)]


def test_the_client_is_told_what_moved_the_day_and_until_when_it_holds():
    spans = asked(DUBLIN, "2027-03-01 10:00 > 2027-03-03 10:00", "2027-03-05 10:00 > ")
    told = promise_of(day("2027-03-01"), 10, spans, DUBLIN, moment("2027-03-06 12:00"))
    # Lost: 1, 2 and Friday 5. It is Saturday: an answer until Monday's close costs no more.
    assert (told.planned, told.day, told.moved, told.late) == (day("2027-03-12"), day("2027-03-18"), 3, 0)
    assert told.because == [("thing 0", 2), ("thing 1", 1)]
    assert (told.waits_for, told.answer_by) == (["thing 1"], moment("2027-03-08 17:30"))


def test_what_is_late_by_the_studio_is_not_laid_to_the_client():
    # Three days from Monday 1 March, promised for Wednesday; something is asked only on Friday, when it is late already.
    spans = asked(DUBLIN, "2027-03-05 10:00 > ")
    told = promise_of(day("2027-03-01"), 3, spans, DUBLIN, moment("2027-03-09 10:00"))
    assert (told.day, told.moved, told.because) == (day("2027-03-03"), 0, [])
    # Thursday and today, Tuesday; Friday and Monday the client was waited for.
    assert (told.late, told.waits_for, told.answer_by) == (2, ["thing 0"], None)
    assert promise_of(day("2027-03-01"), 3, [], DUBLIN, moment("2027-03-03 23:00")).late == 0


def test_a_project_is_counted_by_its_two_clocks():
    # Signed Monday 1 March, paid the Friday before, completed Friday 19 March, closed on the 31st. Saint Patrick's is off; 3 days were lost.
    spans = asked(DUBLIN, *REFUSED_ONCE, "2027-03-22 10:00 > 2027-03-30 10:00")
    told = clocks_of(day("2027-03-01"), day("2027-03-19"), day("2027-02-26"), day("2027-03-31"), spans, DUBLIN, LATER)
    assert (told.working, told.waiting, told.calendar) == (11, 3, 34)


# What must hold whatever was asked and answered, from October to January: a change of clocks, bank holidays, worked Saturdays.

FIRST, CALENDARS = date(2026, 10, 1), [DUBLIN, NEW_YORK, KOLKATA, BUDAPEST, OWN_DAYS]
BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
# Half past five in Budapest, Dublin and New York, in summer and in winter, and in Kolkata: minutes of the day in UTC.
CLOSING = [15 * 60 + 30, 16 * 60 + 30, 17 * 60 + 30, 21 * 60 + 30, 22 * 60 + 30, 12 * 60]
MINUTES = some.one_of(
    some.integers(0, 100 * 24 * 60),
    some.builds(lambda day, close, off: day * 24 * 60 + close + off, some.integers(0, 99), some.sampled_from(CLOSING), some.integers(-1, 1)),
)
MOMENTS = some.builds(lambda minutes: BEGIN + timedelta(minutes=minutes), MINUTES)
DAYS = some.dates(FIRST, FIRST + timedelta(days=100))
SPANS = some.builds(Span, MOMENTS, some.none() | MOMENTS, some.sampled_from(["logo", "texts", "prototype", "design"]))
LISTS = some.lists(SPANS, max_size=6)
EACH = some.sampled_from(CALENDARS)
LENGTHS = some.integers(0, 40)
whatever_happens = settings(max_examples=120, deadline=None)


@whatever_happens
@given(DAYS, some.integers(0, 60), LISTS, EACH, MOMENTS)
def test_worked_and_lost_days_are_all_working_days(start, length, spans, calendar, now):
    end = start + timedelta(days=length)
    every = [one for n in range(length + 1) if is_working_day(one := start + timedelta(days=n), calendar.country, calendar.hours)]
    lost = [
        one for one in every
        if any(span.asked < calendar.closes(one) <= min(span.answered or now, now) for span in spans)
    ]  # fmt: skip
    assert working_days(start, end, spans, calendar, now) + waiting_days(start, end, spans, calendar, now) == len(every)
    assert [one for one in every if is_lost(one, spans, calendar, now)] == lost
    assert waiting_days(start, end, spans, calendar, now) == len(lost)
    assert all(calendar.closes(one) <= now for one in lost)


@whatever_happens
@given(LISTS, MOMENTS)
def test_united_waiting_is_no_longer_than_the_sum_and_no_shorter_than_the_longest(spans, now):
    lengths = [max(min(span.answered or now, now) - span.asked, timedelta()) for span in spans]
    joined = united(spans, now)
    total = sum((end - start for start, end in joined), timedelta())
    assert max(lengths, default=timedelta()) <= total <= sum(lengths, timedelta())
    assert all(start < end <= now for start, end in joined)
    assert all(end < following for (_, end), (following, _) in pairwise(joined))
    assert united([Span(start, end, "") for start, end in joined], now) == joined


@whatever_happens
@given(DAYS, LENGTHS, LISTS, SPANS, EACH, MOMENTS)
def test_one_more_wait_never_brings_the_day_forward(begins, days, spans, another, calendar, now):
    assert promised(begins, days, [*spans, another], calendar, now) >= promised(begins, days, spans, calendar, now)


@whatever_happens
@given(DAYS, LENGTHS, LISTS, EACH, MOMENTS, MOMENTS)
def test_time_never_brings_the_day_forward(begins, days, spans, calendar, now, later):
    now, later = sorted((now, later))
    assert promised(begins, days, spans, calendar, now) <= promised(begins, days, spans, calendar, later)


@whatever_happens
@given(DAYS, some.integers(1, 60), EACH, MOMENTS)
def test_without_waiting_the_days_are_just_counted(begins, days, calendar, now):
    expected = add_working_days(begins - timedelta(days=1), days, calendar.country, calendar.hours)
    assert promised(begins, days, [], calendar, now) == expected


@whatever_happens
@given(LISTS.flatmap(lambda spans: some.tuples(some.just(spans), some.permutations(spans))), DAYS, LENGTHS, EACH, MOMENTS)
def test_the_order_in_which_facts_are_read_does_not_matter(both, begins, days, calendar, now):
    spans, shuffled = both
    assert united(spans, now) == united(shuffled, now)
    assert promise_of(begins, days, spans, calendar, now) == promise_of(begins, days, shuffled, calendar, now)


@whatever_happens
@given(LISTS, some.tuples(MOMENTS, MOMENTS, MOMENTS), some.booleans(), DAYS, LENGTHS, EACH, MOMENTS)
def test_a_wait_cut_in_two_is_the_same_wait(spans, times, is_open, begins, days, calendar, now):
    start, cut, end = sorted(times)
    whole = Span(start, None if is_open else end, "logo")
    halves = [whole._replace(answered=cut), whole._replace(asked=cut)]
    assert united([*spans, *halves], now) == united([*spans, whole], now)
    assert promised(begins, days, [*spans, *halves], calendar, now) == promised(begins, days, [*spans, whole], calendar, now)


@whatever_happens
@given(DAYS, LISTS, EACH, MOMENTS)
def test_the_lost_days_are_laid_to_something_each(begins, spans, calendar, now):
    reasons = lost_by(begins, spans, calendar, now)
    assert sum(days for _, days in reasons) == waiting_days(begins, calendar.day_of(now), spans, calendar, now)
    assert len(dict(reasons)) == len(reasons)
    assert all(days > 0 for _, days in reasons)


@whatever_happens
@given(some.integers(0, 40), some.integers(1, 20), LISTS, some.tuples(MOMENTS, MOMENTS), EACH)
def test_while_they_do_not_answer_each_close_of_the_office_moves_the_day_by_one(ago, left, spans, times, calendar):
    since, now = sorted(times)
    spans = [*spans, Span(since, None, "logo")]
    close = next_close(calendar, now)
    begins = calendar.day_of(close) - timedelta(days=ago)
    # Long enough to be under way when the office closes.
    days = working_days_between(begins, calendar.day_of(close), calendar.country, calendar.hours) + left
    at_first = promised(begins, days, spans, calendar, now)
    assert promised(begins, days, spans, calendar, close - timedelta(minutes=1)) == at_first
    assert promised(begins, days, spans, calendar, close) == add_working_days(at_first, 1, calendar.country, calendar.hours)


@whatever_happens
@given(DAYS, some.integers(1, 40), LISTS, MOMENTS, EACH, some.times())
def test_a_working_day_later_the_promised_day_is_a_working_day_later(today, days, spans, since, calendar, clock):
    today = add_working_days(today, 0, calendar.country, calendar.hours)
    tomorrow = add_working_days(today, 1, calendar.country, calendar.hours)
    now, later = at(today, clock, calendar.zone), at(tomorrow, clock, calendar.zone)
    spans = [*spans, Span(min(since, now), None, "logo")]
    at_first = promised(today, days + 1, spans, calendar, now)
    assert promised(today, days + 1, spans, calendar, later) == add_working_days(at_first, 1, calendar.country, calendar.hours)


@whatever_happens
@given(DAYS, LENGTHS, LISTS, EACH, MOMENTS)
def test_what_the_client_is_told_agrees_with_itself(begins, days, spans, calendar, now):
    told = promise_of(begins, days, spans, calendar, now)
    assert told.planned <= told.day
    assert not is_lost(told.day, spans, calendar, now)
    assert told.moved == sum(lost for _, lost in told.because) == waiting_days(begins, told.day, spans, calendar, now)
    assert told.moved == working_days_between(told.planned, told.day, calendar.country, calendar.hours)
    assert working_days(begins, told.day, spans, calendar, now) == max(days, 1)
    assert not (told.answer_by and told.late)


@whatever_happens
@given(DAYS, LENGTHS, LISTS, EACH, MOMENTS)
def test_the_day_moves_when_they_were_told_it_would_and_not_before(begins, days, spans, calendar, now):
    # As things are known now: nothing is asked anew, nothing is answered.
    known = [span._replace(answered=None if span.answered and span.answered > now else span.answered) for span in spans if span.asked <= now]
    told = promise_of(begins, days, known, calendar, now)
    close = next_close(calendar, now)
    assert told.answer_by in {None, close}
    assert (promised(begins, days, known, calendar, close) > told.day) == bool(told.answer_by)


@whatever_happens
@given(LISTS, EACH, DAYS, LENGTHS, MOMENTS)
def test_the_zone_in_which_a_moment_is_written_changes_nothing(spans, calendar, begins, days, now):
    def local(one):
        return one.astimezone(ZoneInfo(calendar.zone)) if one else None

    rewritten = [Span(local(span.asked), local(span.answered), span.about) for span in spans]
    assert united(rewritten, local(now)) == united(spans, now)
    assert [span.about for span in waited_for(rewritten, local(now))] == [span.about for span in waited_for(spans, now)]
    assert promise_of(begins, days, rewritten, calendar, local(now)) == promise_of(begins, days, spans, calendar, now)
