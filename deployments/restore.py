"""A backup put back: files first, the database last, so that it names no file that is not there. All of it, or nothing.

The restored system is another installation than the lost one (`models.installation`): Prefect's runs of that one are not its own.
What may have happened since the backup is settled by `models.restored`. Longer than 200: one act, read from top to bottom.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, MetaData, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel

import models.tables  # noqa: F401 (fills the metadata)
from deployments import archive, running
from deployments.archive import Manifest
from deployments.backup import SECRETS, moment
from models import dump, migrate, restored
from models.clock import Clock
from models.db import Database
from models.errors import BadSetup, Refused
from models.restored import Restore, Told
from models.settings import Settings, make_home

FRESH = ("studio.pid", "logs")
"""What may lie below home without its being anybody's studio."""


@dataclass(frozen=True)
class Wish:
    """How to restore: over what is there; as moved, nothing having happened since; invoices numbered after this number."""

    replace: bool = False
    moved: bool = False
    last_invoice: str = ""


def restore(settings: Settings, place: Path, wish: Wish) -> list[str]:
    """Put a backup back and return what an operator must know, in sentences.

    Raises Refused, nothing changed: a damaged or newer file, a place that is not empty (unless `wish.replace`), a system that runs.
    """
    make_home(settings.home)
    with running.claim(settings) as claim, tempfile.TemporaryDirectory(dir=settings.home, prefix=".restore-") as folder:
        if claim is None:
            raise Refused(f"The system runs on {settings.home}; stop it with ./studio down, then restore.")
        scratch = Path(folder)
        manifest = archive.unpack(place, scratch)
        if not migrate.knows(manifest.revision):
            raise Refused(
                f"{place} was made by version {manifest.version} at revision {manifest.revision}; this version knows revisions up to "
                f"{migrate.head()} only. Restore it with the version that made it, or a later one."
            )
        if not wish.replace:
            _expect_nothing(settings)
        aside = f".before-{Clock(None)():%Y%m%d-%H%M%S}"
        now = _now(settings, scratch)
        with _database(settings, scratch, aside, wish) as connection:
            told = _fill(connection, scratch, manifest, now, wish)
            said = _put_files(settings, scratch, aside)
        said += _put_engine_aside(settings, aside)
    return [*_told(manifest, now, told, wish), *said]


def _expect_nothing(settings: Settings) -> None:
    there = sorted(one.name for one in settings.home.iterdir() if one.name not in FRESH and not one.name.startswith(".restore-"))
    if there:
        raise Refused(f"{settings.home} is not empty ({', '.join(there[:6])}); give another STUDIO_HOME, or --replace to put it aside.")


def _now(settings: Settings, scratch: Path) -> datetime:
    """The studio's time: a rehearsed clock comes with the backup."""
    brought = scratch / "home" / "clock"
    return Clock(brought if brought.is_file() and settings.clock == settings.home / "clock" else settings.clock)()


@contextmanager
def _database(settings: Settings, scratch: Path, aside: str, wish: Wish) -> Generator[Connection]:
    """An empty database to fill; it takes its place at the end of the block, and not at all when anything in it fails."""
    url = settings.database
    in_place = Path(make_url(url).database or "") if make_url(url).get_backend_name() == "sqlite" else None
    db = Database(f"sqlite:///{scratch / 'studio.db'}" if in_place else url)
    try:
        with db.engine.execution_options(studio_begin="IMMEDIATE").begin() as connection:
            if in_place is None:
                _empty(connection, wish)
            yield connection
        if in_place:
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            db.close()
            for suffix in ("-wal", "-shm", ""):
                _put_aside(in_place.with_name(in_place.name + suffix), aside)
            in_place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(scratch / "studio.db", in_place)
    except SQLAlchemyError as error:
        cause = " ".join(str(getattr(error, "orig", None) or error).split())
        raise BadSetup(f"The database {make_url(url).render_as_string()} cannot be restored: {cause}") from error
    finally:
        db.close()


def _empty(connection: Connection, wish: Wish) -> None:
    """Make room in a PostgreSQL database, in the transaction that fills it. Raises Refused when it is not empty and not to be replaced."""
    there = MetaData()
    there.reflect(connection, only=lambda name, _: name in SQLModel.metadata.tables or name == "alembic_version")
    if there.tables and not wish.replace:
        raise Refused(f"The database is not empty ({len(there.tables)} tables of ours); give another STUDIO_DATABASE_URL, or --replace to empty it.")
    there.drop_all(connection)


def _fill(connection: Connection, scratch: Path, manifest: Manifest, now: datetime, wish: Wish) -> Told:
    migrate.upgrade_to(connection, manifest.revision)
    known = dump.tables(connection)
    for table in reversed(known):  # what migrations put in is in the backup as well
        connection.execute(table.delete())
    for table in known:
        if table.name in manifest.rows:
            with (scratch / "tables" / f"{table.name}.jsonl").open() as lines:
                dump.load(connection, table, lines)
    dump.count_on(connection, known)
    migrate.upgrade_to(connection, "head")
    numbers = dump.count_on(connection, dump.tables(connection))
    with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
        told = restored.settle(session, Restore(id=uuid4().hex, made_at=manifest.made_at, now=now, numbers=numbers), moved=wish.moved)
        if wish.last_invoice:
            restored.skip_invoices(session, wish.last_invoice)
        session.commit()
    return told


def _put_files(settings: Settings, scratch: Path, aside: str) -> list[str]:
    """Move every file to its place. An owner's own company/ is not written over."""
    said = []
    if (settings.home / SECRETS).exists() and (scratch / "home" / SECRETS).exists():
        _put_aside(settings.home / SECRETS, aside)
    for source in sorted((scratch / "home").rglob("*")) if (scratch / "home").is_dir() else []:
        if source.is_file():
            target = settings.home / source.relative_to(scratch / "home")
            target.parent.mkdir(parents=True, exist_ok=True)
            source.chmod(0o600)
            source.replace(target)
    company = scratch / "company"
    if not _same(company, settings.company):
        target = settings.home / "company"
        is_empty = not settings.company.exists() or not any(settings.company.iterdir())
        if is_empty:
            target = settings.company
            with suppress(FileNotFoundError):
                target.rmdir()
        else:
            _put_aside(target, aside)
        shutil.copytree(company, target)
        if not is_empty:
            said.append(f"{settings.company} is not as the studio had it then, and was left as it is; what it had lies in {target}: compare them.")
    return said


def _same(one: Path, other: Path) -> bool:
    def all_of(folder: Path) -> dict[str, bytes]:
        places = [place for place in folder.rglob("*") if place.is_file() and "__pycache__" not in place.parts]
        return {place.relative_to(folder).as_posix(): place.read_bytes() for place in places}

    return other.is_dir() and all_of(one) == all_of(other)


def _put_engine_aside(settings: Settings, aside: str) -> list[str]:
    """Prefect's own database knows runs of the lost installation."""
    if os.environ.get("PREFECT_API_URL"):
        return ["Prefect is elsewhere (PREFECT_API_URL): let it forget the runs of before with ./studio reconcile --forget."]
    if _put_aside(settings.home / "prefect", aside):
        return [f"Prefect's database was put aside (prefect{aside}); the next start makes the runs anew."]
    return []


def _put_aside(place: Path, aside: str) -> bool:
    if place.exists():
        place.rename(place.with_name(place.name + aside))
        return True
    return False


def _told(manifest: Manifest, now: datetime, told: Told, wish: Wish) -> list[str]:
    what = f"{sum(manifest.rows.values()):,} rows, {len(manifest.members) - len(manifest.rows):,} files, {told.open} open deals"
    said = [f"Restored as of {moment(manifest.made_at)}: {what}."]
    if not manifest.secrets:
        said.append("The backup holds no secrets: give the same STUDIO_SECRET and STUDIO_SEAL_KEY as before, or every link in letters is dead.")
    if manifest.missing:
        said.append(f"These files were missing already when it was made: {', '.join(manifest.missing)}")
    if wish.moved:
        return said
    if now > manifest.made_at:
        said.append(f"Reminders and deadlines rest for the time that was lost: each comes {_span(now, manifest.made_at)} later.")
    said.append("What clients, providers and the bank said since is not in it: take statements in again; money-proof tells what else differs.")
    if told.unknown:
        said.append(f"Whether these letters went out since is not known; settle-effect decides each: {', '.join(told.unknown)}")
    if told.moving:
        deals = ", ".join(str(one) for one in told.moving)
        said.append(f"These deals were moving; what they do next becomes unknown instead of being done twice: {deals}")
    if told.last_invoice and not wish.last_invoice:
        again = "restore again with --replace --last-invoice NUMBER before you start, or a number is given twice"
        said.append(f"The last invoice in it is {told.last_invoice}. If later ones were issued, {again}.")
    return said


def _span(now: datetime, then: datetime) -> str:
    minutes = round((now - then).total_seconds() / 60)
    return f"{minutes // 1440} days" if minutes >= 2 * 1440 else f"{minutes // 60} h {minutes % 60:02} min"


