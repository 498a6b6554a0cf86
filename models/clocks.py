"""The clocks of a project: working days, days lost to waiting for the client, the promised day. All is counted, nothing is typed.

    Monday           Tuesday          Wednesday
    asked ── close ────────── close ── answered ── close       Monday and Tuesday are lost, Wednesday is worked

Moments are aware, days are those of the studio's zone. Nothing is known beyond `now`: what was asked or answered later has not happened.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.proposal import Record
from models.worktime import NINE_TO_SIX, OfficeHours, at, is_working_day

DAY = timedelta(days=1)


class Span(NamedTuple):
    """A time in which the client was waited for; `about` is what they were asked for ("the logo"), `answered` None while it is open."""

    asked: datetime
    answered: datetime | None
    about: str


class WorkCalendar(Record):
    """When the studio works: its zone (IANA), the country's holidays ("IE", "DE-BY"), its office hours."""

    zone: str
    country: str
    hours: OfficeHours = NINE_TO_SIX

    def day_of(self, moment: datetime) -> date:
        """The day that it is at the studio at `moment`."""
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def works(self, day: date) -> bool:
        """Whether the studio works on `day`."""
        return is_working_day(day, self.country, self.hours)

    def closes(self, day: date) -> datetime:
        """The moment at which the office closes on `day`, in UTC."""
        return at(day, self.hours.closes, self.zone)

    def working(self, start: date, end: date) -> Iterator[date]:
        """The working days from `start` to `end`, both included."""
        every = (start + DAY * n for n in range((end - start).days + 1))
        return (day for day in every if self.works(day))


class PromisedDay(Record):
    """What the client is told of the end, as it stands now.

    `planned` is the day without any waiting, `day` the one that holds "if you answer today"; they lie `moved` working days apart, and
    `because` says by what (they sum to `moved`). `waits_for` is what is asked for now. `answer_by` is the moment (UTC) at which `day` moves on
    unless they have answered; None where it does not move. `late` counts working days beyond `day`, today with them, that the client did not cost.
    """

    planned: date
    day: date
    moved: int
    because: list[tuple[str, int]]
    waits_for: list[str]
    answer_by: datetime | None
    late: int


class Clocks(Record):
    """The days of a project. `working` and `waiting` run from the contract's start to completion, `calendar` from the payment to closing."""

    working: int
    waiting: int
    calendar: int


def united(spans: Iterable[Span], now: datetime) -> list[tuple[datetime, datetime]]:
    """The times of waiting up to `now`, in UTC, in order; overlapping and touching ones are one. An open span runs to `now`."""
    joined: list[tuple[datetime, datetime]] = []
    for asked, answered, _ in _known(spans, now):
        if joined and asked <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], answered))
        else:
            joined.append((asked, answered))
    return joined


def waited_for(spans: Iterable[Span], now: datetime) -> list[Span]:
    """What the client is asked for at `now`, in the order asked."""
    now = now.astimezone(UTC)
    waits = (span for span in spans if span.asked.astimezone(UTC) <= now and (span.answered is None or span.answered.astimezone(UTC) > now))
    return sorted(waits, key=lambda span: (span.asked.astimezone(UTC), span.about))


def is_lost(day: date, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> bool:
    """Whether `day` is a working day at whose close somebody was waited for: asked before it, not answered before it."""
    return calendar.works(day) and _is_waiting(calendar.closes(day), united(spans, now))


def waiting_days(start: date, end: date, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> int:
    """How many working days from `start` to `end`, both included, were lost to waiting."""
    waits = united(spans, now)
    return sum(_is_waiting(calendar.closes(day), waits) for day in calendar.working(start, end))


def working_days(start: date, end: date, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> int:
    """How many working days from `start` to `end`, both included, were not lost to waiting; days to come count."""
    waits = united(spans, now)
    return sum(not _is_waiting(calendar.closes(day), waits) for day in calendar.working(start, end))


def calendar_days(first: date, last: date) -> int:
    """All days from `first` to `last`, both included; none when `last` lies before."""
    return max(0, (last - first).days + 1)


def promised(begins: date, days: int, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> date:
    """The day of the `days`-th working day that is not lost, counted from `begins`, which counts itself; no days are kept on the first.

    Days to come are not lost: it holds if everything is answered before the office closes next.
    """
    waits = united(spans, now)
    left, day = max(days, 1), begins - DAY
    while left:
        day += DAY
        left -= calendar.works(day) and not _is_waiting(calendar.closes(day), waits)
    return day


def lost_by(begins: date, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> list[tuple[str, int]]:
    """The working days lost from `begins` to `now` by what was asked for, in the order asked; what cost none is left out.

    A day on which several things were waited for goes to the one asked first, of those asked at once to the one answered first: the
    numbers sum to the days lost. What was asked for again is one with the first time.
    """
    known = _known(spans, now)
    lost = dict.fromkeys((span.about for span in known), 0)
    for day in calendar.working(begins, calendar.day_of(now)):
        close = calendar.closes(day)
        blamed = next((about for asked, answered, about in known if asked < close <= answered), None)
        if blamed is not None:
            lost[blamed] += 1
    return [(about, days) for about, days in lost.items() if days]


def next_close(calendar: WorkCalendar, now: datetime) -> datetime:
    """The moment at which the office closes next after `now`, in UTC: an answer before it costs no further day."""
    day = calendar.day_of(now)
    while not (calendar.works(day) and calendar.closes(day) > now):
        day += DAY
    return calendar.closes(day)


def promise_of(begins: date, days: int, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> PromisedDay:
    """What the client is told at `now` of work of `days` working days from `begins`; for finished work `now` is when it was finished."""
    spans = list(spans)
    planned, day = promised(begins, days, [], calendar, now), promised(begins, days, spans, calendar, now)
    # What was waited for after the promised day did not move it.
    because = lost_by(begins, spans, calendar, min(now, calendar.closes(day)))
    waits_for, close = waited_for(spans, now), next_close(calendar, now)
    return PromisedDay(
        planned=planned,
        day=day,
        moved=sum(lost for _, lost in because),
        because=because,
        waits_for=[span.about for span in waits_for],
        answer_by=close if waits_for and calendar.closes(begins) <= close <= calendar.closes(day) else None,
        late=working_days(day + DAY, calendar.day_of(now), spans, calendar, now),
    )


def clocks_of(begins: date, completed: date, paid: date, closed: date, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> Clocks:
    """The days of a project for its performance row: in work from `begins` to `completed`, on the calendar from `paid` to `closed`."""
    spans = list(spans)
    return Clocks(
        working=working_days(begins, completed, spans, calendar, now),
        waiting=waiting_days(begins, completed, spans, calendar, now),
        calendar=calendar_days(paid, closed),
    )


class _Wait(NamedTuple):
    asked: datetime
    answered: datetime
    about: str


def _known(spans: Iterable[Span], now: datetime) -> list[_Wait]:
    """What is known of `spans` at `now`, ended there at the latest, in the order asked."""
    # In UTC: Python compares moments of one zone by their wall clocks, which the end of summer time turns back.
    now = now.astimezone(UTC)
    waits = (_Wait(asked.astimezone(UTC), min((answered or now).astimezone(UTC), now), about) for asked, answered, about in spans)
    return sorted(wait for wait in waits if wait.asked < wait.answered)


def _is_waiting(close: datetime, waits: Iterable[tuple[datetime, datetime]]) -> bool:
    return any(asked < close <= answered for asked, answered in waits)
