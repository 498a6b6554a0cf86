"""Steps about hours: the tracker's re-read and diffed by id, managers warned while it still helps."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, select

from models import hours, hours_own, hours_warning, letters, project_clock, projects
from models.db import serialise
from models.delivery_tables import Project, TimeEntry
from models.errors import Refused
from models.hours import OWN, Changes, Told, Window
from models.letters import LetterOrder
from models.tables import Deal, Effect
from models.tracks import Work
from tasks.step import step
from tasks.world import World, world

UNDER_WAY = frozenset({Work.MATERIALS, Work.PRODUCTION, Work.LAUNCH, Work.PAUSED})
"""Where something can still be done about hours."""


@dataclass
class Reading:
    """What a reading of the tracker brought: entries that are new, restated or gone, and sentences for whoever looks at the run."""

    new: int = 0
    edited: int = 0
    gone: int = 0
    said: list[str] = field(default_factory=list)


@step
def read_tracker(since: str = "") -> dict[str, Any]:
    """Make our hours agree with the tracker's on the last 45 days, or from a day (ISO) on; at night in every project that may still change.

    Returns {new, edited, gone, said}. Read again it changes nothing. Raises Unavailable while the tracker is away (retried); nothing of a
    reading that broke off is taken.
    """
    here = world()
    if here.tracker.name == OWN:
        return vars(Reading(said=["Hours are kept here: there is no tracker to read them from."]))
    with here.db.reading() as session:
        may_change = hours.begun(session, here.tracker.name, closed_since=here.company.studio.today(here.now()) - hours.LOOK_BACK)
    first = date.fromisoformat(since) if since else None
    return vars(_read(here, hours.window(here.company.studio, here.now(), may_change, first)))


@step
def read_project(deal_id: int) -> dict[str, Any]:
    """Make our hours agree with the tracker's from the beginning of a project on, before it is counted; return as `read_tracker` does.

    Raises Unavailable while the tracker is away (retried).
    """
    here = world()
    with here.db.reading() as session:
        project = projects.of(session, session.get_one(Deal, deal_id))
    if project.tracker != here.tracker.name or here.tracker.name == OWN:
        return vars(Reading())
    today = here.company.studio.today(here.now())
    return vars(_read(here, Window(project.begins_on - hours.BEFORE_WORK, today + hours.AHEAD)))


def _read(here: World, days: Window) -> Reading:
    """Ask, look twice at what seems to be gone, write it all in one transaction."""
    source, asked_at = here.tracker.name, here.now()
    told, changes = _asked(here, days, asked_at)
    hidden = _hidden(here, changes.gone)
    if _shown(changes, hidden).gone:
        # It may only have moved to a day that was not asked for: all days of our projects are, before anything is called deleted.
        with here.db.reading() as session:
            first = min([days.since, *(day - hours.BEFORE_WORK for day in hours.begun(session, source))])
        days = Window(first, days.until)
        told, changes = _asked(here, days, asked_at)
        hidden |= _hidden(here, changes.gone)
    changes = _shown(changes, hidden)
    if any(changes):  # nothing new, as most of the time, keeps nobody else from writing
        with here.db.writing() as session:
            serialise(session, f"hours/{source}")
            known = hours.known(session, source, days, [one.external_id for one in told])
            changes = _shown(hours.diff(known, told, asked_at), hidden)
            session.add_all(hours.applied(source, changes, here.now()))
    return _reading(here, told, changes, hidden)


def _asked(here: World, days: Window, asked_at: datetime) -> tuple[list[Told], Changes]:
    entries = here.tracker.entries(days.since, days.until)
    source = here.tracker.name
    with here.db.reading() as session:
        told = hours.placed(session, here.company.studio, source, entries)
        return told, hours.diff(hours.known(session, source, days, [one.external_id for one in told]), told, asked_at)


def _hidden(here: World, gone: Iterable[TimeEntry]) -> dict[tuple[int, int], str]:
    """The projects that the tracker does not show (archived, deleted, taken from us), each with a reason: their hours were worked all the same."""
    found = {}
    for place, key in hours.keys_of(gone).items():
        try:
            why = "" if here.tracker.find(key) else f"{here.tracker.name} has no project {key}."
        except Refused as error:
            why = str(error)
        if why:
            found[place] = why
    return found


def _shown(changes: Changes, hidden: dict[tuple[int, int], str]) -> Changes:
    gone = [row for row in changes.gone if (row.deal_id or 0, row.round) not in hidden]
    return changes._replace(gone=gone)


def _reading(here: World, told: list[Told], changes: Changes, hidden: dict[tuple[int, int], str]) -> Reading:
    said = [f"The hours of deal {deal} stay as they were. {why}" for (deal, _), why in hidden.items()]
    stray = [one for one in told if one.deal_id is None]
    if stray:
        said.append(f"{sum(one.minutes for one in stray) / 60:.2f} h are booked on projects of the tracker that belong to no deal here.")
    said += hours_own.strangers(here.company.studio, [one for one in told if one.deal_id])
    return Reading(len(changes.new), len(changes.edited), len(changes.gone), said)


@step
def warn_managers() -> list[str]:
    """Warn each manager whose project takes more hours than the done part of its plan may cost; return the letters' keys that are new.

    One letter a project and stage. Who is warned already is not warned again.
    """
    here, planned = world(), []
    with here.db.reading() as session:
        mine = select(Deal.id).join(Project, (col(Project.deal_id) == Deal.id) & (col(Project.round) == Deal.round))
        deals = list(session.exec(mine.where(col(Deal.work).in_(UNDER_WAY)).order_by(col(Deal.id))))
    for deal_id in deals:
        planned += [key for key in [_warn(here, deal_id or 0)] if key]
    return planned


@step
def warn_if_over(deal_id: int, heard: int = 0) -> str:  # noqa: ARG001 (each word of a stage is another call)
    """Warn the manager of one project, if its hours run ahead of its plan; return the letter's key, "" where there is nothing new to say."""
    return _warn(world(), deal_id)


def _warn(here: World, deal_id: int) -> str:
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        if Work(deal.work) not in UNDER_WAY:
            return ""
        found = _warning(here, session, deal)
        key = f"deal/{deal_id}/r{deal.round}/hours/{found.stage}" if found else ""
        if found is None or session.get(Effect, key):
            return ""
        words = {
            "hours_worked": f"{found.worked:.1f} h", "hours_planned": f"{found.planned:.1f} h",
            "done_percent": f"{found.done_percent} %", "over_percent": f"{found.over_percent} %",
        }  # fmt: skip
        letters.plan(session, key, LetterOrder(name="hours-warning", deal_id=deal_id, to="project_manager", facts=words), now=here.now())
    here.nudge()
    return key


def _warning(here: World, session: Session, deal: Deal) -> hours_warning.HoursWarning | None:
    stand, now = projects.stand(session, deal), here.now()
    spans, calendar = project_clock.spans(session, deal, now), project_clock.calendar(here.company)
    minutes = hours.minutes_of(session, deal.id or 0, deal.round)
    return hours_warning.of_project(stand, minutes, spans, calendar, here.company.delivery.hours, now)
