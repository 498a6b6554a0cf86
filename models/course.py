"""The course on what happens after the launch, and the offer that follows the work: what is due when. Pure.

    invited ──gap──▶ letter 1 ──gap──▶ letter 2 … ──▶ all are out
       │ rests: no consent, the project waits for the client, letters come back          stops: a reply, a letter left out
       └──────────── completed ──▶ the next step is offered, once ──────────▶ over

The gap is counted in working days that were not spent waiting for the client; a day counts when it is over.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from models import clocks
from models.clocks import DAY, Span, WorkCalendar
from models.proposal import Record
from models.worktime import at, next_office_moment

WINDOW = timedelta(days=30)
"""How long after completion a course that rests may still be taken up."""
LOOK_AGAIN = timedelta(days=7)
"""Whoever says something wakes the stage; this is for what nobody says."""
TWO_BEFORE_THE_END = -2


class CourseStand(Record):
    """A course as it stands: `letters` in their order, `out` those that went out, `last_at` when the newest did (or the invitation).

    `spans` are the times in which the project waited for the client. `rests` says why no letter may go out until somebody says something,
    `waits` why none may while the project waits, `stopped` why none ever will, `ended` why nothing at all will; "" where that is not so.
    `holds_offer` says why the offer of the next step is put off.
    """

    letters: list[str]
    gap: int
    calendar: WorkCalendar
    out: list[str]
    last_at: datetime
    spans: list[Span] = []
    rests: str = ""
    waits: str = ""
    stopped: str = ""
    ended: str = ""
    completed_at: datetime | None = None
    is_offered: bool = False
    holds_offer: str = ""

    @property
    def next_letter(self) -> str:
        """The first letter that is not out; "" when all are."""
        return next((letter for letter in self.letters if letter not in self.out), "")

    @property
    def closes_at(self) -> datetime | None:
        """When a course that rests is given up; None before the work is completed."""
        return self.completed_at + WINDOW if self.completed_at else None


class Due(Record):
    """What is due: a letter, the offer, or nothing before `until`; where it is none of them all is done. `why` is a sentence for operators.

    `looked_at` is the moment it was decided at, so that another look is another call.
    """

    why: str
    letter: str = ""
    offer: bool = False
    until: datetime | None = None
    looked_at: str = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing will ever be due again."""
        return not (self.letter or self.offer or self.until)


def begins_at(stages: Sequence[str]) -> str:
    """The stage with which the course begins: two delivery stages before the end, the launch counted; the first where there are fewer."""
    return stages[max(TWO_BEFORE_THE_END, -len(stages))]


def decide(stand: CourseStand, now: datetime) -> Due:
    """What is due at `now`: the offer as soon as the work is completed, else the course's next letter once it is ripe."""
    return _decide(stand, now).model_copy(update={"looked_at": now.isoformat()})


def ripe_at(last: datetime, gap: int, spans: Sequence[Span], calendar: WorkCalendar, now: datetime) -> datetime:
    """When the office opens after `gap` working days since `last` that were not lost to waiting, in UTC.

    A day is lost where the client is waited for at its close. Days to come are not lost: the moment holds, or moves back.
    """
    first = calendar.day_of(clocks.next_close(calendar, last))
    return _opening_after(clocks.promised(first, gap, spans, calendar, now), calendar)


def _decide(stand: CourseStand, now: datetime) -> Due:
    if stand.ended:
        return Due(why=stand.ended)
    if _offers(stand, now):
        return Due(why="The work is completed: what comes next is offered.", offer=True)
    found = _course(stand, now)
    if not found.is_over or (stand.completed_at and stand.is_offered):
        return found
    return Due(why=f"{found.why} The offer comes with the end of the work.", until=_later(stand, now))


def _offers(stand: CourseStand, now: datetime) -> bool:
    closes = stand.closes_at
    return closes is not None and not stand.is_offered and (not stand.holds_offer or now >= closes)


def _course(stand: CourseStand, now: datetime) -> Due:
    """What the course alone wants."""
    letter, calendar = stand.next_letter, stand.calendar
    if stand.stopped or not letter:
        return Due(why=f"The course stopped: {stand.stopped}." if stand.stopped else "Every letter of the course is out.")
    if stand.rests:
        is_late = stand.closes_at is not None and now >= stand.closes_at
        return Due(why=f"The course {'ends' if is_late else 'rests'}: {stand.rests}.", until=None if is_late else _later(stand, now))
    ripe = ripe_at(stand.last_at, stand.gap, stand.spans, calendar, now)
    if now < ripe:
        return Due(why=f"{letter} comes {stand.gap} working days after the last letter.", until=ripe)
    if stand.waits:
        return Due(why=f"{letter} waits: {stand.waits}.", until=_opening_after(calendar.day_of(now), calendar))
    opens = next_office_moment(now, calendar.zone, calendar.country, calendar.hours)
    if now < opens:
        return Due(why=f"{letter} goes out in office hours.", until=opens)
    return Due(why=f"{letter} is due.", letter=letter)


def _later(stand: CourseStand, now: datetime) -> datetime:
    """A working morning in a week; the end of the window where that comes first."""
    week = _opening_after(stand.calendar.day_of(now + LOOK_AGAIN) - DAY, stand.calendar)
    return min(week, stand.closes_at) if stand.closes_at and stand.closes_at > now else week


def _opening_after(day: date, calendar: WorkCalendar) -> datetime:
    day += DAY
    while not calendar.works(day):
        day += DAY
    return at(day, calendar.hours.opens, calendar.zone)
