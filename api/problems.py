"""Errors as answers: problem+json (RFC 9457) under /api, /health and /webhooks and for .json, a page with a sentence elsewhere."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from api.door import Door
from api.guards import dress, redact
from api.links import LinkOutdated, LinkUnknown, ReadOnly
from models.errors import Invalid, Missing, Refused, StudioError, Unavailable
from models.keys import NoKey, NoScope
from models.pages import LinkUnknownPage, SentencePage
from models.provider_event import Unreadable

log = logging.getLogger("studioflow.api")
STATUS: dict[type[StudioError], int] = {
    LinkOutdated: 410, NoKey: 401, NoScope: 403, ReadOnly: 403, Unreadable: 400, Missing: 404, Invalid: 422, Refused: 409, Unavailable: 503,
}  # fmt: skip
_SENTENCES = {
    400: "What was sent cannot be read.",
    404: "There is no such page.",
    405: "This address cannot be used that way.",
}


class FieldProblem(BaseModel):
    """What is wrong with one field; `field` is a path like `payload.version`."""

    field: str
    message: str


class Problem(BaseModel):
    """An error (RFC 9457): `detail` is a sentence for a person."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


def status_of(error: StudioError) -> int:
    """The HTTP status that an error of ours means."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def install(app: FastAPI) -> None:
    """Make every error of the app an answer."""
    app.add_exception_handler(StudioError, _on_ours)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_input)
    app.add_exception_handler(OperationalError, _on_away)
    app.add_exception_handler(PoolTimeout, _on_away)
    app.add_exception_handler(Exception, _on_crash)


def answer(request: Request, status: int, detail: str, errors: Sequence[FieldProblem] = (), headers: dict[str, str] | None = None) -> Response:
    """An error as this request's sender can read it."""
    if request.url.path.startswith(("/api/", "/health/", "/metrics", "/webhooks/")) or request.url.path.endswith(".json"):
        problem = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(errors))
        return JSONResponse(problem.model_dump(), status, headers, media_type="application/problem+json")
    here: Door = request.app.state.door
    name = "pages/error.html" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "pages/refused.html"
    return here.page(name, SentencePage(chrome=here.chrome, sentence=detail), status, headers)


def _on_ours(request: Request, error: Any) -> Response:
    status = status_of(error)
    if isinstance(error, LinkUnknown):
        here: Door = request.app.state.door
        return here.page("pages/link_unknown.html", LinkUnknownPage(chrome=here.chrome), status)
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "5"}}.get(status)
    return answer(request, status, str(error), headers=headers)


def _on_http(request: Request, error: Any) -> Response:
    is_plain = error.detail == HTTPStatus(error.status_code).phrase or not isinstance(error.detail, str)
    detail = _SENTENCES.get(error.status_code, "This did not work.") if is_plain else error.detail
    return answer(request, error.status_code, detail, headers=dict(error.headers or {}))


def _on_input(request: Request, error: Any) -> Response:
    errors = [FieldProblem(field=_field(one["loc"]), message=one["msg"].removeprefix("Value error, ")) for one in error.errors()]
    first = f"{errors[0].field}: {errors[0].message}" if errors else "The input cannot be read."
    return answer(request, 422, first, errors)


def _field(loc: Sequence[Any]) -> str:
    return ".".join(str(part) for part in loc if part != "body")[:200] or "body"


def _on_away(request: Request, error: Any) -> Response:
    log.error("The database does not answer: %s", type(error).__name__)
    return answer(request, 503, "Our database is busy. Please try again in a moment.", headers={"Retry-After": "5"})


def _on_crash(request: Request, error: Any) -> Response:
    log.error("%s %s broke.", request.method, redact(request.url.path), exc_info=error)
    told = answer(request, 500, "We could not finish what you asked for. It has been noted.")
    here: Door = request.app.state.door
    dress(told.headers, https=here.address.startswith("https://"))  # it is sent from outside of what dresses all others
    return told
