"""Ladders: when a wait reminds whom, and when it ends. Computed once, when the wait opens."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from models.proposal import Record
from models.setup import SetUp, Slug
from models.worktime import NINE_TO_SIX, OfficeHours, add_working_days, at, next_office_moment

_SPAN = re.compile(r"^([1-9]\d{0,3}) (hours?|days?|working days?|weeks?)$")


def _span(value: str) -> str:
    if not _SPAN.match(value):
        raise ValueError(f'"{value}" is no span of time; write "4 hours", "3 days", "2 working days" or "6 weeks"')
    return value


Span = Annotated[str, AfterValidator(_span)]


class Rung(SetUp):
    """A reminder: `letter` to whose move it is, another one if they never opened the last, and roles of staff who are told."""

    after: Span
    letter: Slug
    letter_unopened: Slug | None = None
    tell: list[str] = []


class Ladder(SetUp):
    """The reminders of one kind of wait, its deadline and the letter at its end."""

    whose_move: Literal["client", "studio"] = "client"
    rungs: list[Rung] = []
    deadline: Span | None = None
    ends: Slug | None = None
    tell_at_end: list[str] = Field(default=[], description="Roles who learn that it ended.")

    @model_validator(mode="after")
    def _rungs_rise(self) -> Self:
        spans = [shortest(rung.after) for rung in self.rungs] + ([shortest(self.deadline)] if self.deadline else [])
        if any(later <= earlier for earlier, later in pairwise(spans)):
            raise ValueError("each rung must come after the one before it, and the deadline after them all")
        if self.ends and not self.deadline:
            raise ValueError("a letter at the end needs a deadline")
        return self

    @property
    def letters(self) -> list[str]:
        """Every letter the ladder may send."""
        pairs = [(rung.letter, rung.letter_unopened) for rung in self.rungs]
        return [letter for letter in (*(name for pair in pairs for name in pair), self.ends) if letter]


class ScheduledRung(Record):
    """A rung with its moment, in UTC."""

    at: datetime
    letter: str
    letter_unopened: str | None = None
    tell: list[str] = []


class Schedule(Record):
    """A ladder laid out from the moment its wait opened."""

    rungs: list[ScheduledRung]
    deadline: datetime | None
    ends: str | None = None


def open_ladder(
    ladder: Ladder, now: datetime, zone: str, country: str, hours: OfficeHours = NINE_TO_SIX, starts: datetime | None = None
) -> Schedule:
    """The moments of `ladder` from `starts`, else from `now`; every one lies in the studio's office hours, in UTC.

    A rung that office hours push up to the deadline or beyond falls away: the end says more than it would. So does one that lies
    before `now`: a question that is put anew (after a part of the money, say) does not begin with yesterday's reminder. Where none is
    left (money that went back after months) the ladder is climbed once more, from `now`: no question is put that nobody reminds of.
    """
    begins = starts or now
    moments = [(_moment(rung.after, begins, zone, country, hours), rung) for rung in ladder.rungs]
    if moments and moments[-1][0] <= now:
        begins = now
        moments = [(_moment(rung.after, begins, zone, country, hours), rung) for rung in ladder.rungs]
    deadline = _moment(ladder.deadline, begins, zone, country, hours) if ladder.deadline else None
    rungs = [
        ScheduledRung(at=when, letter=rung.letter, letter_unopened=rung.letter_unopened, tell=rung.tell)
        for when, rung in moments
        if when > now and (deadline is None or when < deadline)
    ]
    return Schedule(rungs=rungs, deadline=deadline, ends=ladder.ends)


def latest_due(rungs: Sequence[ScheduledRung], sent_index: int, now: datetime) -> int | None:
    """The index of the one rung to send at `now`: the latest that is due and lies beyond `sent_index` (-1: none sent yet).

    After downtime the earlier ones are passed over, never sent late in a heap.
    """
    due = [index for index, rung in enumerate(rungs) if index > sent_index and rung.at <= now]
    return due[-1] if due else None


def shortest(span: str) -> timedelta:
    """The least time a span can take."""
    number, unit = _parts(span)
    return timedelta(**{"hours" if unit == "hour" else "weeks" if unit == "week" else "days": number})


def _parts(span: str) -> tuple[int, str]:
    number, _, unit = span.partition(" ")
    return int(number), unit.removesuffix("s")


def _moment(span: str, now: datetime, zone: str, country: str, hours: OfficeHours) -> datetime:
    number, unit = _parts(span)
    if unit == "hour":
        return next_office_moment(now.astimezone(UTC) + timedelta(hours=number), zone, country, hours)
    local = now.astimezone(ZoneInfo(zone))
    if unit == "working day":
        day = add_working_days(local.date(), number, country, hours)
    else:
        day = local.date() + timedelta(days=number * (7 if unit == "week" else 1))
    clock = time(local.hour, local.minute, local.second)
    return next_office_moment(at(day, clock, zone), zone, country, hours)
