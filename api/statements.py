"""Bank statements for the books, and the money that nobody could place."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel
from sqlmodel import Session
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.access import MAY_SEE_MONEY, StatementsKey, problems
from api.door import Here
from api.schemas import MOST_ID
from models import keys, statements, suspense
from models.cash_tables import Statement
from models.money import Money
from models.reading import clean
from models.suspense import Waiting

routes = APIRouter(prefix="/api", tags=["money"])
Id = Annotated[int, Path(ge=1, le=MOST_ID)]
Cursor = Annotated[int, Query(ge=0, le=MOST_ID, description="Where the page before ended; taken from `next`.")]
Limit = Annotated[int, Query(ge=1, le=100, description="Payments a page.")]
Name = Annotated[str, Query(max_length=200, description="The file's name, where the body is the file itself.")]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True, "description": "The statement: camt.053 or MT940, as a form's file or as the body itself.",
        "content": {"multipart/form-data": {"schema": _FORM}, "application/xml": _BINARY, "text/plain": _BINARY, "application/octet-stream": _BINARY},
    }
}  # fmt: skip


class StatementOut(BaseModel):
    """A statement: `fresh` of its `lines` were new; of these `matched` were booked on invoices, `suspense` wait for a person."""

    id: int
    name: str
    format: str
    account: str
    from_on: date | None
    to_on: date | None
    opening: Money | None
    closing: Money | None
    lines: int
    fresh: int
    matched: int
    suspense: int
    other: int


class SuspensePage(BaseModel):
    """Money that nobody could place, the oldest first."""

    items: list[Waiting]
    next: str | None


@dataclass(frozen=True)
class SentFile:
    """A file as it was sent."""

    name: str
    content: bytes


async def _sent(request: Request, name: Name = "") -> SentFile:
    """The file of a form, or the body itself. 422 for a form without one."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        return SentFile(clean(name) or "statement", await request.body())
    async with request.form(max_files=1, max_fields=10) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise HTTPException(422, "Send the statement as the form's field “file”.")
        return SentFile(clean(file.filename or "")[:200] or "statement", await file.read())


@routes.post(
    "/statements", status_code=201, summary="Send a bank statement", response_description="Taken in", openapi_extra=BODY,
    responses={200: {"model": StatementOut, "description": "Taken in before; nothing changed"}} | problems(400, 409, 413),
)  # fmt: skip
def send(here: Here, key: StatementsKey, sent: Annotated[SentFile, Depends(_sent)], response: Response) -> StatementOut:
    """Take a statement in: of overlapping ones only what is fresh. 409: it is of another account, or a statement before it is missing."""
    actor, path = keys.actor(key), statements.place(sent.content)
    with here.db.reading() as session:
        known = statements.find_file(session, sent.content)
    parsed = None if known else statements.parse(here.company, sent.content, sent.name)
    with here.db.writing() as session:
        statement, is_new = statements.take(
            session, here.company, sent.content, sent.name, came_by="api", actor=actor, now=here.now(), path=path, parsed=parsed
        )  # fmt: skip
        statements.store(here.settings.home, sent.content)
        told = _told(session, statement)
    here.nudge()
    response.status_code = 201 if is_new else 200
    return told


@routes.get(
    "/statements/{statement_id}", summary="Read a statement", response_description="What became of it", dependencies=[MAY_SEE_MONEY],
    responses=problems(404),
)  # fmt: skip
def read(statement_id: Id, here: Here) -> StatementOut:
    """A statement, and what became of its lines as things stand now."""
    with here.db.reading() as session:
        return _told(session, statements.find(session, statement_id))


@routes.get(
    "/suspense", summary="Find money in suspense", response_description="A page of payments", dependencies=[MAY_SEE_MONEY], responses=problems()
)
def waiting(here: Here, cursor: Cursor = 0, limit: Limit = 50) -> SuspensePage:
    """Money that nobody could place, with the invoices that it may be for. A person matches it by the form `match-suspense`."""
    with here.db.reading() as session:
        items = suspense.everything(session, after=cursor, limit=limit + 1)
    more = f"/api/suspense?limit={limit}&cursor={items[limit - 1].id}" if len(items) > limit else None
    return SuspensePage(items=items[:limit], next=more)


def _told(session: Session, statement: Statement) -> StatementOut:
    matched, in_suspense, other = statements.counts(session, statement)
    opening, closing = (
        None if amount is None else Money(amount=amount, currency=statement.currency) for amount in (statement.opening, statement.closing)
    )
    given = statement.model_dump(include=set(StatementOut.model_fields) - {"opening", "closing"})
    return StatementOut(**given, opening=opening, closing=closing, matched=matched, suspense=in_suspense, other=other)
