"""Who may call the API: a key, sent as `Authorization: Bearer KEY`, with the scope that a route asks for."""

from typing import Annotated, Any

from fastapi import Depends, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.door import Here
from api.problems import Problem
from models import keys
from models.keys import NoKey
from models.tables import ApiKey

scheme = HTTPBearer(auto_error=False, scheme_name="key", description="A key made by `./studio keys add NAME --scope SCOPE`.")
Sent = Annotated[HTTPAuthorizationCredentials | None, Security(scheme)]


def asking(scope: str) -> Any:
    """The dependency of a route that needs `scope`: the key that was sent. NoKey or NoScope otherwise."""

    def key(here: Here, sent: Sent) -> ApiKey:
        if sent is None:
            raise NoKey("Send a key as Authorization: Bearer KEY.")
        with here.db.reading() as session:
            known = keys.find(session, sent.credentials, scope, here.now())
        if keys.is_news(known, here.now()):
            with here.db.writing() as session:
                keys.note_use(session, known.id or 0, here.now())
        return known

    return Depends(key)


ApplicationsKey = Annotated[ApiKey, asking("applications:write")]
MAY_SEND = asking("applications:write")
MAY_READ = asking("deals:read")
FactsKey = Annotated[ApiKey, asking("facts:write")]
StatementsKey = Annotated[ApiKey, asking("statements:write")]
MAY_SEE_MONEY = asking("money:read")
MAY_SEE_REPORTS = asking("reports:read")
MAY_SEE_METRICS = asking("metrics:read")


def problems(*more: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route for the OpenAPI document: those of every route with a key, and `more`."""
    return open_problems(401, 403, *more)


def open_problems(*more: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route that needs no key, and `more`."""
    said = {
        400: "The body cannot be read", 401: "No key, or none of ours", 403: "The key lacks the scope", 404: "There is no such thing",
        409: "A rule says no, as things stand", 413: "Too much at once", 422: "The input is not as it should be",
        429: "Too often within a minute", 503: "Something is away; try again",
    }  # fmt: skip
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": said[status], "content": content} for status in sorted({422, 429, 503, *more})}


__all__ = [
    "MAY_READ", "MAY_SEE_METRICS", "MAY_SEE_MONEY", "MAY_SEE_REPORTS", "MAY_SEND", "ApplicationsKey", "FactsKey", "Problem", "StatementsKey",
    "open_problems", "problems",
]  # fmt: skip
