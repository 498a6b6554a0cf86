"""How the system is: alive, and ready for work."""

import ctypes
from typing import Any

from alembic.util.exc import CommandError
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy import literal
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from api.door import Door, Here
from models import migrate
from models.clock import real_now
from models.tables import Lease

routes = APIRouter(prefix="/health", tags=["health"])
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
def ready(here: Here) -> Response:
    """Database, migrations, engine and worker must be well (503 otherwise). Without PDF libraries proposals wait to be printed."""
    asked = {"database": _database(here), "migrations": _migrations(here), "engine": here.engine.trouble(), "worker": _worker(here)}
    parts = {name: Part(well=not trouble, says=trouble or "well") for name, trouble in asked.items()}
    parts["pdf"] = Part(well=not (missing := _pdf()), says=missing or "well", needed=False)
    broken = [part.says for part in parts.values() if part.needed and not part.well]
    told = Readiness(ready=not broken, detail=" ".join(broken) or "Everything needed is well.", parts=parts)
    return JSONResponse(told.model_dump(), 503 if broken else 200)


def _database(here: Door) -> str:
    try:
        with here.db.reading() as session:
            session.exec(select(literal(1))).one()
    except SQLAlchemyError as error:
        return f"The database does not answer ({type(error).__name__})."
    return ""


def _migrations(here: Door) -> str:
    try:
        behind: Any = migrate.pending(here.db)
    except (SQLAlchemyError, CommandError) as error:
        return f"The database's version cannot be read ({type(error).__name__})."
    return "The database is behind the code: run ./studio migrate." if behind else ""


def _worker(here: Door) -> str:
    alive = select(Lease).where(col(Lease.name).startswith("worker/"), Lease.until > real_now())
    try:
        with here.db.reading() as session:
            return "" if session.exec(alive).first() else "No worker is at work."
    except SQLAlchemyError:
        return "Whether a worker is at work cannot be read."


def _pdf() -> str:
    for library in PDF_LIBRARIES:
        try:
            ctypes.CDLL(library)
        except OSError:
            return f"{library} is missing: proposals are pages only until it is there."
    return ""
