"""A backup of a studio, made while it runs: the database at one moment first, then every file it names, which can only be more than it names.

Files lie under the hash of their bytes and are never changed, so those that came after that moment do no harm, and none is half written.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from deployments import archive
from deployments.archive import Manifest, Writer
from models import dump, migrate
from models.clock import Clock
from models.db import Database
from models.errors import Refused
from models.settings import Settings

NAMED = re.compile(r"(documents|uploads|statements/kept|mail-in)/([\w-]+/)*[0-9a-f]{64}(\.\w+)?")
"""Where files lie below home that rows name: under the hash of their bytes."""
SECRETS = "secrets.env"


def backup(settings: Settings, place: Path) -> Manifest:
    """Write a backup to `place` and return what is in it.

    Raises Refused when there is nothing to back up or `place` is taken.
    """
    url = settings.database
    if url.startswith("sqlite:///") and not Path(url.removeprefix("sqlite:///")).exists():
        raise Refused(f"There is no database at {url.removeprefix('sqlite:///')}; nothing to back up.")
    db = Database(url)
    try:
        with archive.writing(place) as writer:
            manifest, named = _tables(db, settings, writer)
            _files(settings, writer, named, manifest)
            manifest.members = writer.members
            writer.close(manifest)
    except SQLAlchemyError as error:
        raise Refused(f"The database cannot be read: {' '.join(str(getattr(error, 'orig', None) or error).split())}") from error
    finally:
        db.close()
    return manifest


def _tables(db: Database, settings: Settings, writer: Writer) -> tuple[Manifest, list[str]]:
    with dump.snapshot(db) as connection:
        revision = migrate.revision(connection)  # the first look: from here on the moment stands
        manifest = Manifest(
            made_at=Clock(settings.clock)(), version=version("studioflow"), revision=revision, database=db.engine.dialect.name,
        )  # fmt: skip
        if not revision:
            raise Refused("The database is empty; nothing to back up.")
        named: set[str] = set()
        for table in dump.tables(connection):
            manifest.rows[table.name] = writer.lines(f"tables/{table.name}.jsonl", _noting(dump.lines(connection, table), named)) - 1
    return manifest, sorted(named)


def _noting(lines: Iterator[str], named: set[str]) -> Iterator[str]:
    """The lines, with every file that they name put into `named`."""
    for line in lines:
        if NAMED.search(line):
            named.update(_paths(json.loads(line)))
        yield line


def _paths(value: object) -> Iterator[str]:
    """Every text of ours in a row that is the place of a file below home."""
    if isinstance(value, str):
        if NAMED.fullmatch(value):
            yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _paths(one)


def _files(settings: Settings, writer: Writer, named: list[str], manifest: Manifest) -> None:
    for path in named:
        if (settings.home / path).is_file():
            writer.file(f"home/{path}", settings.home / path)
        else:
            manifest.missing.append(path)
    clock = settings.clock
    if clock and clock.is_file() and clock == settings.home / "clock":
        writer.file("home/clock", clock)
    if (settings.home / SECRETS).is_file():
        writer.file(f"home/{SECRETS}", settings.home / SECRETS)
        manifest.secrets = True
    for place in sorted(settings.company.rglob("*")):
        if place.is_file() and "__pycache__" not in place.parts:
            writer.file(f"company/{place.relative_to(settings.company).as_posix()}", place)


def told(manifest: Manifest, place: Path, settings: Settings) -> list[str]:
    """What is said of a backup, in sentences."""
    rows, files = sum(manifest.rows.values()), sum(name.startswith("home/") for name in manifest.members)
    what = f"{rows:,} rows in {len(manifest.rows)} tables, {files:,} files, company/, {place.stat().st_size:,} bytes"
    said = [f"{place}: {what}; as of {moment(manifest.made_at)}."]
    if manifest.secrets:
        said.append("The secrets of this installation are in it (links, seal): keep it like a key. Only you may read it (mode 0600).")
    else:
        said.append(f"{settings.home / SECRETS} is not there: the secrets come from the environment and are not in it. Keep them elsewhere.")
    if manifest.missing:
        said.append(f"Not in it, because missing below {settings.home}: {', '.join(manifest.missing)}")
    return said


def moment(text: datetime) -> str:
    """A moment as operators read it."""
    return f"{text.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
