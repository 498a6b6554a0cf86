"""Bank statements from the watched folder, and by an operator's word; the file goes where its fate can be seen."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

from models import facts, statements, upkeep
from models.cash_tables import Statement
from models.errors import Missing, Refused
from models.facts import News
from tasks import folders
from tasks.folders import DONE, REFUSED, printable
from tasks.step import step
from tasks.world import World, world

IMPORTED = "statement.imported"
"""The fact that somebody took a statement in by hand, and why; its row says who as well."""
LONG = timedelta(minutes=10)
"""A whole file that lies in the folder for longer is not taken in, or cannot be put away: the waker looks every few seconds."""
log = logging.getLogger("studioflow.statements")


def take_folder() -> list[str]:
    """Take in every whole file of the watched folder; a sentence about each. A bad one lies in `refused` with the reason beside it."""
    here = world()
    folder = here.settings.statements_folder
    said = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        try:
            if folders.is_whole(path):
                said.append(_take(here, path, came_by="folder", actor="system"))
        except folders.InTheWay as error:
            folders.complain(error)
        except Exception:  # one file that cannot be read keeps no other waiting; it lies there until somebody looks
            log.exception("A statement cannot be taken in: %s", printable(path.name))
    if said:
        here.nudge()
    return said


def refused_files(here: World) -> list[str]:
    """Why each file in `refused` lies there; the sentence names it."""
    return folders.reasons(here.settings.statements_folder)


def left_lying(now: datetime) -> list[str]:
    """Files that lie in the folder for long, a sentence about each with what helps; none is how it should be. `now` is the real clock's."""
    here = world()
    folder = here.settings.statements_folder
    with here.db.reading() as session:
        up = upkeep.schedule(session).up or datetime.min.replace(tzinfo=UTC)  # what came while the studio was down is not late
    late = [path for path in folders.whole(folder) if now - max(datetime.fromtimestamp(path.stat().st_ctime, UTC), up) >= LONG]
    why = f"lies in {folder} and is not put away; the worker's log says why. {folders.ADVICE.format(place=folder.parent)}"
    return [f"The statement {printable(path.name)} {why}" for path in late]


@step
def import_file(name: str, who: str, reason: str = "") -> str:
    """Take in one file of the watched folder or of `refused`, by a person's word; say what became of it. Raises Refused with the reason.

    One that was put away meanwhile, by this run's dead worker or by the studio itself, changes nothing and says the same.
    """
    here = world()
    folder = here.settings.statements_folder
    path = folders.named(folder, name) or folders.put_away(folder, name)
    if path is None:
        raise Missing(f"There is no file {name} in {folder}.")
    said = _take(here, path, came_by="operator", actor=f"staff:{who}", reason=reason)
    here.nudge()
    if said.startswith(REFUSED):
        raise Refused(said)
    return said


def _take(here: World, path: Path, *, came_by: str, actor: str, reason: str = "") -> str:
    """A file taken in and put away; the reason in a sentence where it is not. Taking it again after a crash changes nothing."""
    try:
        statement, matched, suspense = _book(here, path, came_by, actor, reason)
    except Refused as error:
        folders.refuse(path, error)
        return f"{REFUSED}: {error}"
    folders.put(path, DONE)
    return f"{printable(path.name)}: {statement.fresh} of {statement.lines} lines are fresh, {matched} booked on invoices, {suspense} in suspense."


def _book(here: World, path: Path, came_by: str, actor: str, reason: str) -> tuple[Statement, int, int]:
    # One byte more than may be taken says that there is too much, without reading it all.
    with path.open("rb") as file:
        content = file.read(statements.MOST_BYTES + 1)
    name = printable(path.name)
    with here.db.reading() as session:
        known = statements.find_file(session, content)
    parsed = None if known else statements.parse(here.company, content, name)
    with here.db.writing() as session:
        statement, is_new = statements.take(
            session, here.company, content, name, came_by=came_by, actor=actor, now=here.now(), path=statements.place(content), parsed=parsed
        )  # fmt: skip
        if is_new and came_by == "operator":
            payload = {"statement": statement.id, "name": name, "reason": reason}
            news = News(kind=IMPORTED, source="operator", external_id=f"statement/{statement.id}", actor=actor, payload=payload)
            facts.keep(session, news, now=here.now())
        statements.store(here.settings.home, content)
        matched, suspense, _ = statements.counts(session, statement)
    return statement, matched, suspense
