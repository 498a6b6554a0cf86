"""Hours of a size: ten thousand entries of a tracker read, read again, and restated; and the report of a month over them."""

import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from benchmarks.books import timed
from benchmarks.databases import a_database
from benchmarks.figures import Figure, median
from benchmarks.house import House
from models import monthly, performances
from models import projects as work
from models.db import Database
from models.errors import StudioError
from models.tables import Deal
from models.tracking import Entry, ProjectOrder, ProjectRef, issue_key, project_key
from tasks import hours as steps
from tasks import world as the_world
from tests.fakes import MONDAY, ManualClock, RecordingTracker
from tests.performing import a_finished_project
from tests.studio import the_company
from tests.worlds import inhabited

ENTRIES, PROJECTS, RESTATED = 10_000, 20, 100
PEOPLE = [person.name for person in the_company().studio.people]
TODAY = MONDAY.date()


def hours(beside: House, *, quick: bool) -> list[Figure]:  # noqa: ARG001 (its size is what it is about)
    """On a database of its own, with a tracker that answers at once. Raises StudioError when an entry is lost or counted twice."""
    new_home = tempfile.TemporaryDirectory(prefix="studio-bench-")
    with new_home as home, a_database(beside.profile) as db, inhabited(db, Path(home), ManualClock()) as here:
        tracker = RecordingTracker()
        the_world.use(replace(here, tracker=tracker))
        deals = projects(db, tracker)
        tracker.worked = entries(deals)
        return figures(db, tracker, deals)


def projects(db: Database, tracker: RecordingTracker) -> list[int]:
    """So many finished projects that the tracker knows."""
    with db.writing() as session:
        made = [a_finished_project(session).id or 0 for _ in range(PROJECTS)]
        for deal in made:
            ref = tracker.open_project(ProjectOrder(key=project_key(deal, 1), name=f"Acme {deal}"))
            project = work.of(session, session.get_one(Deal, deal))
            project.tracker, project.tracker_ref = tracker.name, ref.id
    return made


def entries(deals: list[int], many: int = ENTRIES) -> list[Entry]:
    """So many entries of everybody, spread over projects and the last weeks."""
    return [entry(number, deals[number % len(deals)], 15 + number % 465, TODAY - timedelta(days=number % 45)) for number in range(many)]


def entry(number: int, deal: int, minutes: int, day: date) -> Entry:
    """An entry on a project's design."""
    return Entry(
        external_id=str(number), project=ProjectRef(id="0"), issue_key=issue_key(deal, 1, "design"), stage="design",
        person=PEOPLE[number % len(PEOPLE)], worked_on=day, minutes=minutes, note=f"Work {number}", changed_at=MONDAY,
    )  # fmt: skip


def figures(db: Database, tracker: RecordingTracker, deals: list[int]) -> list[Figure]:
    """What each reading and the report take."""
    first = timed(lambda: check((ENTRIES, 0, 0)))
    same = [timed(lambda: check((0, 0, 0))) for _ in range(3)]
    tracker.worked = [one.model_copy(update={"minutes": 1}) for one in tracker.worked[:RESTATED]] + tracker.worked[2 * RESTATED :]
    restated = timed(lambda: check((0, RESTATED, RESTATED)))
    with db.writing() as session:
        for deal in deals:
            performances.keep(session, the_company(), session.get_one(Deal, deal), MONDAY + timedelta(days=30))
    with db.reading() as session:
        month = [timed(lambda: monthly.report(session, the_company(), "2026-03", MONDAY + timedelta(days=30))) for _ in range(3)]
    of = f"{ENTRIES:,} entries on {PROJECTS} projects, a tracker that answers at once"
    return [
        Figure("hours", "hours read for the first time", first, "s", of),
        Figure("hours", "the same hours read again", median(same), "s", "median of 3; changes nothing"),
        Figure("hours", "hours restated", restated, "s", f"{RESTATED} edited, {RESTATED} deleted; asked twice, since some are gone"),
        Figure("hours", "a month's report", median(month), "s", f"median of 3; {PROJECTS} closed projects counted anew"),
    ]


def check(wanted: tuple[int, int, int]) -> None:
    """Read the tracker. Raises StudioError when it is not so many new, restated and gone."""
    read = steps.read_tracker.fn()
    found = (read["new"], read["edited"], read["gone"])
    if found != wanted:
        raise StudioError(f"New, restated and gone are {found}, not {wanted}.")
