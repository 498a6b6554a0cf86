"""How the system is: alive, and ready for work."""

import ctypes
from datetime import timedelta
from typing import Any

from alembic.util.exc import CommandError
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy import literal
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from api.door import Door, Here
from models import leases, migrate, upkeep, vitals
from models.clock import real_now
from models.errors import StudioError

routes = APIRouter(prefix="/health", tags=["health"])
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATE = 10 * MINUTE
"""A wait due for longer has been overlooked: the waker looks each minute. A run that has not begun by then has nobody to take it."""
UNREADABLE = (SQLAlchemyError, StudioError)
"""What is raised where the database is away, busy, or not what the code expects."""
PDF_LIBRARIES = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0", "libharfbuzz-subset.so.0")


class Part(BaseModel):
    """One part: whether it is well, and if not, why. `needed`: without it the system is not ready."""

    well: bool
    says: str = "well"
    needed: bool = True


class Readiness(BaseModel):
    """Whether the system is ready; `detail` names what is missing."""

    ready: bool
    detail: str
    parts: dict[str, Part]


class Alive(BaseModel):
    """This process answers."""

    alive: bool = True


NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "Not ready"}}


@routes.get("/live", summary="Is this process alive?", response_description="It is")
def live() -> Alive:
    """Answers as long as the process does; asks nobody else."""
    return Alive()


@routes.get("/ready", summary="Is the system ready for work?", response_description="Ready", response_model=Readiness, responses=NOT_READY)
async def ready(here: Here) -> Response:
    """Database, migrations, engine and worker must be well (503 otherwise). The rest is told: somebody should look, nobody should restart.

    `waits`: how long the oldest has been due, or a run has not begun; `letters`: when the last one was handed over, and what waits for a mail
    server; `schedule`: when reconcile last ran. Without PDF libraries proposals wait to be printed.
    It looks twice a second at most, however many ask.
    """
    told = await here.readiness.ask(lambda: look(here))
    return JSONResponse(told.model_dump(), 200 if told.ready else 503)


def look(here: Door) -> Readiness:
    """How each part is now."""
    asked = {"database": _database(here), "migrations": _migrations(here), "engine": here.engine.trouble()}
    parts = {name: Part(well=not trouble, says=trouble or "well") for name, trouble in asked.items()}
    parts |= {"worker": _worker(here), "waits": _waits(here), "letters": _letters(here), "schedule": _schedule(here)}
    parts["pdf"] = Part(well=not (missing := _pdf()), says=missing or "well", needed=False)
    broken = [part.says for part in parts.values() if part.needed and not part.well]
    return Readiness(ready=not broken, detail=" ".join(broken) or "Everything needed is well.", parts=parts)


def _database(here: Door) -> str:
    try:
        with here.db.reading() as session:
            session.exec(select(literal(1))).one()
    except UNREADABLE as error:
        return f"The database does not answer ({type(error).__name__})."
    return ""


def _migrations(here: Door) -> str:
    try:
        return migrate.trouble(here.db)
    except (*UNREADABLE, CommandError) as error:
        return f"The database's version cannot be read ({type(error).__name__})."


def _worker(here: Door) -> Part:
    try:
        with here.db.reading() as session:
            beats = leases.heartbeats(session, now=real_now())
    except UNREADABLE:
        return Part(well=False, says="Whether a worker is at work cannot be read.")
    if not beats:
        return Part(well=False, says="No worker is at work.")
    many = f"{len(beats)} are at work, the latest" if len(beats) > 1 else "well,"
    return Part(well=True, says=f"{many} heard of {min(beats.values()).seconds} s ago")


def _waits(here: Door) -> Part:
    try:
        with here.db.reading() as session:
            late, unbegun = vitals.overdue(session, here.now()), vitals.unbegun(session, here.now())
    except UNREADABLE:
        return Part(well=False, says="Whether waits are due cannot be read.", needed=False)
    is_late = late >= LATE
    said = [f"The oldest has been due for {_long(late)}{'; a run should have gone on' if is_late else ''}." if late else "None is due."]
    said += [f"A run has not begun for {_long(unbegun)}: nobody takes runs, or too few do."] if unbegun >= LATE else []
    return Part(well=not is_late and unbegun < LATE, says=" ".join(said), needed=False)


def _letters(here: Door) -> Part:
    try:
        with here.db.reading() as session:
            found = vitals.letters(session)
    except UNREADABLE:
        return Part(well=False, says="Whether letters go out cannot be read.", needed=False)
    now = here.now()
    since = now - found.oldest if found.oldest else timedelta()
    ago = f"{_long(now - found.last)} ago, at {found.last:%Y-%m-%d %H:%M} UTC" if found.last else ""
    said = [f"The last one was handed over {ago}" if ago else "none has been handed over yet"]
    said += [f"{found.waiting} not handed over yet, the oldest for {_long(since)}: is the mail server away?"] if since >= LATE else []
    said += [f"{found.failed} refused for good"] if found.failed else []
    said += [f"{found.unknown} of unknown fate, for settle-effect"] if found.unknown else []
    return Part(well=not found.unknown and since < DAY, says="; ".join(said), needed=False)


def _schedule(here: Door) -> Part:
    now = real_now()
    try:
        with here.db.reading() as session:
            found = upkeep.schedule(session)
    except UNREADABLE:
        return Part(well=False, says="Whether the schedule turns cannot be read.", needed=False)
    is_well = found.silence(now) < upkeep.PATIENCE
    said = f"reconcile last ran {_long(now - found.ran)} ago" if found.ran else "reconcile has not run yet"
    return Part(well=is_well, says=said if is_well else f"{said}: look at the services of Prefect's server, and at its runs.", needed=False)


def _long(span: timedelta) -> str:
    """A length of time as a person says it; one that lies ahead (the clock was moved) is none."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if span >= 2 * unit:
            return f"{span // unit} {name}s"
    return f"{max(span, timedelta()) // timedelta(seconds=1)} s"


def _pdf() -> str:
    for library in PDF_LIBRARIES:
        try:
            ctypes.CDLL(library)
        except OSError:
            return f"{library} is missing: proposals are pages only until it is there."
    return ""
