"""Hours: what a tracker or a file tells, against what is known of it. The table follows its source; a deleted entry keeps its row.

    told, unknown      ▶ new                 told otherwise ▶ edited (minutes, day, person, note, stage, project)
    known, not told    ▶ gone                told again     ▶ back

A window of days is asked for, so that an entry which moved out of it is told no more and yet is not deleted: whoever asks looks for such
ones in all that there is, and hands those in as well, before anything is called gone.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from models.delivery_tables import Performance, Project, TimeEntry
from models.errors import Invalid
from models.proposal import Record
from models.reading import clean
from models.studio import Staff, Studio
from models.tracking import Entry, place_of, project_key

OWN = "embedded"
"""The source of hours that are kept here alone: by CSV or by the form."""
LOOK_BACK, AHEAD = timedelta(days=45), timedelta(days=366)
BEFORE_WORK = timedelta(days=31)
"""Hours may have been booked before a project was opened here."""
NIGHT = 4
"""The hour, at the studio, in which every project that may still change is read whole. Summer time skips none so late."""
_CHUNK = 500
_Place = tuple[int, int]


class Window(NamedTuple):
    """The days that are asked for, both included."""

    since: date
    until: date


class Told(Record):
    """An entry as its source tells it now, with the deal and round it belongs to (None where that is no project of ours)."""

    external_id: str
    deal_id: int | None = None
    round: int = 1
    stage: str = ""
    person: str
    role: str = ""
    worked_on: date
    minutes: int
    note: str = ""
    changed_at: datetime


class Changes(NamedTuple):
    """What differs: entries to add, to restate (those that come back too), and to call deleted."""

    new: list[Told]
    edited: list[tuple[TimeEntry, Told]]
    gone: list[TimeEntry]

    @property
    def deals(self) -> set[int]:
        """The deals whose hours change."""
        before = [*(row for row, _ in self.edited), *self.gone]
        return {one.deal_id for one in [*self.new, *(told for _, told in self.edited), *before] if one.deal_id}


FIELDS = ("deal_id", "round", "stage", "person", "role", "worked_on", "minutes", "note")


def diff(known: Iterable[TimeEntry], told: Iterable[Told], asked_at: datetime) -> Changes:
    """What changes when `known` becomes `told`. Pure.

    `known` holds the rows of the days asked for and those of the ids told. What was written after `asked_at` is left alone: another
    reading knows better. Of an id told twice (a page turned while somebody was writing) the last counts.
    """
    now_told = {one.external_id: one for one in told}
    rows = {row.external_id: row for row in known}
    fresh = {name for name, row in rows.items() if row.seen_at > asked_at}
    edited = [(rows[name], one) for name, one in now_told.items() if name in rows and name not in fresh and _differs(rows[name], one)]
    gone = [row for name, row in rows.items() if name not in now_told and name not in fresh and row.deleted_at is None]
    return Changes([one for name, one in now_told.items() if name not in rows], edited, gone)


def _differs(row: TimeEntry, told: Told) -> bool:
    return row.deleted_at is not None or any(getattr(row, name) != getattr(told, name) for name in FIELDS)


def applied(source: str, changes: Changes, now: datetime) -> list[TimeEntry]:
    """The rows that say so, new and changed ones. Pure: whoever calls adds them to a session."""
    made = [TimeEntry(source=source, seen_at=now, **one.model_dump()) for one in changes.new]
    for row, one in changes.edited:
        for name in (*FIELDS, "changed_at"):
            setattr(row, name, getattr(one, name))
        row.seen_at, row.deleted_at = now, None
    for row in changes.gone:
        row.seen_at = row.deleted_at = now
    return [*made, *(row for row, _ in changes.edited), *changes.gone]


def window(studio: Studio, now: datetime, begun: Iterable[date], since: date | None = None) -> Window:
    """The days to ask for: the last 45, or from `since` on; at night from the beginning of all projects that may still change (`begun`)."""
    local = now.astimezone(ZoneInfo(studio.zone))
    lately = local.date() - LOOK_BACK
    first = min([lately, *(day - BEFORE_WORK for day in begun)]) if local.hour == NIGHT else lately
    return Window(since or first, local.date() + AHEAD)


def begun(session: Session, source: str, *, closed_since: date | None = None) -> list[date]:
    """The days on which this tracker's projects began; those closed before a day are left out where one is given."""
    mine = select(col(Project.begins_on)).where(Project.tracker == source)
    if closed_since:
        over = select(Performance.deal_id).where(Performance.closed_on < closed_since, Performance.round == Project.round)
        mine = mine.where(col(Project.deal_id).not_in(over))
    return list(session.exec(mine))


def known(session: Session, source: str, days: Window | None, ids: Sequence[str]) -> list[TimeEntry]:
    """The rows of a source on these days, deleted ones too, and those of these ids wherever they lie."""
    mine = select(TimeEntry).where(TimeEntry.source == source)
    within = mine.where(TimeEntry.worked_on >= days.since, TimeEntry.worked_on <= days.until) if days else None
    rows = {row.external_id: row for row in session.exec(within)} if within is not None else {}
    missing = [one for one in ids if one not in rows]
    for start in range(0, len(missing), _CHUNK):
        found = session.exec(mine.where(col(TimeEntry.external_id).in_(missing[start : start + _CHUNK])))
        rows |= {row.external_id: row for row in found}
    return list(rows.values())


def placed(session: Session, studio: Studio, source: str, entries: Iterable[Entry]) -> list[Told]:
    """A tracker's entries with the deals that they belong to, by its project, else by the key of the issue; roles by the studio's people."""
    rows = list(session.exec(select(Project)))
    refs = {row.tracker_ref: (row.deal_id, row.round) for row in rows if row.tracker == source and row.tracker_ref}
    ours = {(row.deal_id, row.round) for row in rows}
    entries = list(entries)
    people = {name: person(studio, name) for name in {one.person for one in entries}}
    return [_placed(one, people[one.person], refs.get(one.project.id) or _by_key(one.issue_key, ours)) for one in entries]


def _placed(entry: Entry, staff: Staff | None, place: _Place | None) -> Told:
    return Told(
        external_id=entry.external_id, deal_id=place[0] if place else None, round=place[1] if place else 1, stage=entry.stage,
        person=clean(entry.person), role=staff.role if staff else entry.role, worked_on=entry.worked_on, minutes=entry.minutes,
        note=clean(entry.note), changed_at=entry.changed_at,
    )  # fmt: skip


def _by_key(key: str, ours: set[_Place]) -> _Place | None:
    try:
        place = place_of(key)
    except Invalid:
        return None
    return place if place in ours else None


def person(studio: Studio, told: str) -> Staff | None:
    """Whom of the studio a tracker or a file means: by address or by name, however it is spaced and cased."""
    name = same_name(told)
    return next((one for one in studio.people if name in {same_name(one.name), same_name(one.email)}), None) if name else None


def same_name(text: str) -> str:
    """A name as two ways to write it are compared."""
    return " ".join(text.split()).casefold()


def of_deal(session: Session, deal_id: int, round_: int) -> list[TimeEntry]:
    """What was worked on a deal in a round, oldest first; deleted entries are not among it."""
    mine = select(TimeEntry).where(TimeEntry.deal_id == deal_id, TimeEntry.round == round_, col(TimeEntry.deleted_at).is_(None))
    return list(session.exec(mine.order_by(col(TimeEntry.worked_on), col(TimeEntry.id))))


def minutes_of(session: Session, deal_id: int, round_: int) -> int:
    """How many minutes were worked on a deal in a round."""
    mine = select(func.coalesce(func.sum(TimeEntry.minutes), 0)).where(
        TimeEntry.deal_id == deal_id, TimeEntry.round == round_, col(TimeEntry.deleted_at).is_(None)
    )
    return int(session.exec(mine).one())


def keys_of(rows: Iterable[TimeEntry]) -> dict[_Place, str]:
    """The keys, in the tracker, of the projects that these entries belong to."""
    places = sorted({(row.deal_id, row.round) for row in rows if row.deal_id})
    return {place: project_key(*place) for place in places}
