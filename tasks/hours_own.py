"""Steps about hours that are kept here: files of a watched folder, pasted lines, what an operator types."""

import hashlib
import logging
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from models import facts, hours_csv, hours_own
from models.errors import Missing, Refused, StudioError
from models.facts import News
from models.hours_csv import HoursLine
from models.money import round_half_up
from models.performance import in_hours
from models.reading import clean
from tasks import folders
from tasks.folders import DONE, printable
from tasks.step import step
from tasks.world import World, world

log = logging.getLogger("studioflow.hours")
_HOUR = 60
_FOUND = ("new", "corrected", "taken back")


def folder(here: World) -> Path:
    """Where files of hours are put to be taken in."""
    return here.settings.home / "hours" / "in"


@step
def take_folder() -> list[str]:
    """Take in every whole file of the watched folder; a sentence about each. A bad one lies in `refused` with every mistake beside it."""
    here, said = world(), []
    for path in folders.whole(folder(here)):
        try:
            said.append(_take_or_refuse(here, path))
        except folders.InTheWay as error:
            folders.complain(error)
        except (OSError, StudioError):  # one file that cannot be read keeps no other waiting; it lies there until somebody looks
            log.exception("Hours cannot be taken in: %s", printable(path.name))
    return said


@step
def import_file(name: str, who: str, key: str) -> str:
    """Take in one file of the watched folder, or of `refused` beside it, by a person's word, once per run of the form; say what became of it.

    Raises Missing for a file that there is not, Invalid with every line that cannot be taken; then none is.
    """
    here = world()
    path = folders.named(folder(here), name)
    if path is None and (said := _said_before(here, key)):
        return said  # this run's dead worker has put the file away
    if path is None:
        raise Missing(f"There is no file {name} in {folder(here)}.")
    return _take_file(here, path, actor=f"staff:{who}", key=key)


@step
def import_text(text: str, who: str, key: str) -> str:
    """Take in pasted lines, by a person's word, once per run of the form; say what became of them. The text is kept beside the files.

    Raises Invalid with every line that cannot be taken; then none is.
    """
    here, content = world(), text.encode()
    said = _take(here, content, "pasted", actor=f"staff:{who}", key=key)
    kept = folder(here).parent / DONE / f"pasted-{hashlib.sha256(content).hexdigest()[:16]}.csv"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content)
    return said


def _take_or_refuse(here: World, path: Path) -> str:
    try:
        return _take_file(here, path, actor="system", key="")
    except folders.InTheWay:
        raise
    except Refused as error:
        folders.refuse(path, error)
        return f"refused: {printable(path.name)}: {str(error).splitlines()[0]}"


def _take_file(here: World, path: Path, *, actor: str, key: str) -> str:
    # One byte more than may be taken says that there is too much, without reading it all.
    with path.open("rb") as file:
        content = file.read(hours_csv.MOST_BYTES + 1)
    said = _take(here, content, printable(path.name), actor=actor, key=key)
    folders.put(path, DONE)
    return said


def _take(here: World, content: bytes, name: str, *, actor: str, key: str) -> str:
    """A file's lines taken in, with the fact of it, in one transaction; the same `key` again changes nothing, whatever corrected them since."""
    if said := _said_before(here, key):
        return said
    studio = here.company.studio
    file = hours_csv.read(content, studio.today(here.now()))
    digest = hashlib.sha256(content).hexdigest()
    with here.db.writing() as session:
        changes = hours_own.take(session, studio, file, here.now())
        found = dict(zip(_FOUND, map(len, (changes.new, changes.edited, changes.gone)), strict=True))
        payload: dict[str, Any] = {"name": name, "sha256": digest, "lines": len(file.lines), **found}
        told = [_said(payload), *hours_own.strangers(studio, [*changes.new, *(one for _, one in changes.edited)])]
        if key or any(found.values()):
            news = News(kind="hours.imported", source="operator" if key else "folder", external_id=key or f"{digest}/{here.now().isoformat()}",
                        actor=actor, payload=payload)  # fmt: skip
            facts.keep(session, news, now=here.now())
    return " ".join(told)


def _said_before(here: World, key: str) -> str:
    """What became of the lines that this run of the form has taken in already; "" where it has not."""
    with here.db.reading() as session:
        fact = facts.find(session, "operator", key) if key else None
    return _said(fact.payload) if fact else ""


def _said(payload: Mapping[str, Any]) -> str:
    lines = payload["lines"]
    same, many = lines - sum(payload[what] for what in _FOUND), "1 line" if lines == 1 else f"{lines} lines"
    return f"{payload['name']}: {many}, {', '.join(f'{payload[what]} {what}' for what in _FOUND)}, {same} as they were."


@step
def record_hours(line: dict[str, Any], hours: str, entry: int, who: str, key: str) -> str:
    """Keep hours that an operator typed, once per run of the form; say which entry they are. `line` holds deal, person, on, stage, note.

    `entry` names an earlier one to put right; 0 hours take it back. Raises Missing or Refused where that cannot be.
    """
    here = world()
    minutes = round_half_up(Decimal(hours) * _HOUR)
    words = {name: clean(value) if isinstance(value, str) else value for name, value in line.items()}
    typed = HoursLine.model_validate({**words, "number": 0, "key": f"form/{key}", "minutes": minutes})
    if typed.on > here.company.studio.today(here.now()):
        raise Refused(f"{typed.on} is still to come.")
    with here.db.writing() as session:
        news = News(
            kind="hours.recorded", source="operator", external_id=key, actor=f"staff:{who}", deal_id=typed.deal,
            payload={**words, "minutes": minutes, "entry": entry},
        )  # fmt: skip
        row = hours_own.record(session, here.company.studio, typed, entry, here.now())
        facts.keep(session, news, now=here.now())
        strangers = hours_own.strangers(here.company.studio, [row])
    took = "taken back" if row.deleted_at else f"{in_hours(row.minutes)} h of {row.person} on deal {row.deal_id}"
    return " ".join([f"Entry {row.id}: {took}, {row.worked_on}.", *strangers])
