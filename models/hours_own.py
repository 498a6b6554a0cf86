"""Hours that are kept here: lines of a file and what an operator types, as entries of deals. All of them, or none with every mistake."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from models import hours
from models.db import serialise
from models.delivery_tables import Project, TimeEntry
from models.errors import Missing, Refused
from models.hours import OWN, Changes, Told
from models.hours_csv import HoursFile, HoursLine, refuse_lines
from models.project_plan import ProjectPlan
from models.proposal import Record
from models.studio import Studio

_HOUR = 60


class Place(Record):
    """A deal's newest project as hours find it: its round, and its stages by every name that people use for them."""

    round: int
    stages: dict[str, str]


def places(session: Session, deals: Iterable[int]) -> dict[int, Place]:
    """The newest project of each of these deals; one whose work never began is not among them."""
    found = session.exec(select(Project).where(col(Project.deal_id).in_(sorted(set(deals)))).order_by(col(Project.round)))
    return {row.deal_id: _place(row) for row in found}


def _place(project: Project) -> Place:
    plan = ProjectPlan.model_validate(project.plan)
    names = {hours.same_name(stage.title): stage.slug for stage in plan.stages} | {stage.slug.casefold(): stage.slug for stage in plan.stages}
    return Place(round=project.round, stages=names)


def why_not(line: HoursLine, where: Mapping[int, Place]) -> str:
    """Why hours cannot be booked there, as the end of a sentence; "" where they can."""
    place = where.get(line.deal)
    if place is None:
        return f"deal {line.deal} has no project: there is no such deal, or its work has not begun."
    if line.stage and hours.same_name(line.stage) not in place.stages:
        return f"deal {line.deal} has no stage “{line.stage}”; it has {', '.join(dict.fromkeys(place.stages.values()))}."
    return ""


def told(studio: Studio, line: HoursLine, place: Place, now: datetime) -> Told:
    """A line as an entry. Somebody of the studio is called by their name, however the line has it."""
    staff = hours.person(studio, line.person)
    return Told(
        external_id=line.key, deal_id=line.deal, round=place.round, stage=place.stages.get(hours.same_name(line.stage), ""),
        person=staff.name if staff else line.person, role=staff.role if staff else "", worked_on=line.on, minutes=line.minutes, note=line.note,
        changed_at=now,
    )  # fmt: skip


def take(session: Session, studio: Studio, file: HoursFile, now: datetime) -> Changes:
    """Take the lines of a file in; what changed by it. Taken in before, they change nothing.

    Raises Invalid with every line that cannot be taken: unreadable, of a deal or stage that there is not, or taking back what never came.
    """
    lines = file.lines
    serialise(session, f"hours/{OWN}")
    where = places(session, {line.deal for line in lines})
    rows = {row.external_id: row for row in hours.known(session, OWN, None, [line.key for line in lines])}
    never = "there is no entry with the id “{}” that could be taken back."
    why = {line.number: why_not(line, where) or ("" if line.minutes or line.key in rows else never.format(line.id)) for line in lines}
    refuse_lines(file.wrong | {number: reason for number, reason in why.items() if reason})
    back = {line.key for line in lines if not line.minutes}
    standing = [row for name, row in rows.items() if name not in back or row.deleted_at is None]
    changes = hours.diff(standing, [told(studio, line, where[line.deal], now) for line in lines if line.minutes], now)
    session.add_all(hours.applied(OWN, changes, now))
    session.flush()
    return changes


def record(session: Session, studio: Studio, line: HoursLine, entry: int, now: datetime) -> TimeEntry:
    """Keep what an operator typed, once for its key, or put entry number `entry` right with it; then 0 minutes take that one back.

    Raises Missing for an entry, a deal or a stage that there is not, Refused for an entry of the tracker's and for 0 minutes of nothing.
    """
    serialise(session, f"hours/{OWN}")
    before = [_own(session, entry)] if entry else hours.known(session, OWN, None, [line.key])
    if not entry and not line.minutes:
        raise Refused("0 hours take an earlier entry back: which one?")
    where = places(session, [line.deal])
    if why := why_not(line, where):
        raise Missing(why[0].upper() + why[1:])
    key = before[0].external_id if before else line.key
    entries = [told(studio, line.model_copy(update={"key": key}), where[line.deal], now)] if line.minutes else []
    rows = hours.applied(OWN, hours.diff(before, entries, now), now)
    session.add_all(rows)
    session.flush()
    return [*rows, *before][0]


def _own(session: Session, number: int) -> TimeEntry:
    row = session.get(TimeEntry, number)
    if row is None:
        raise Missing(f"There is no entry {number}.")
    if row.source != OWN:
        raise Refused(f"Entry {number} is {row.source}'s. Please put it right there; the next reading brings it here.")
    return row


def strangers(studio: Studio, rows: Iterable[TimeEntry | Told]) -> list[str]:
    """Whose hours are counted and cost nothing, since studio.toml does not name them: a sentence each."""
    found: dict[str, int] = {}
    for row in rows:
        found[row.person] = found.get(row.person, 0) + row.minutes
    unknown = [(name, minutes) for name, minutes in sorted(found.items()) if hours.person(studio, name) is None]
    return [f"Nobody here is called “{name}”: {minutes / _HOUR:.2f} h are counted, and cost nothing." for name, minutes in unknown]
