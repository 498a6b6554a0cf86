"""What surrounds every request: how much may be sent, what browsers are told, what is never logged."""

import logging
import re
from collections.abc import Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.links import PATHS
from models.statement_lines import MOST_BYTES

MEGABYTE = 1024 * 1024
SMALL = 256 * 1024
DRAFT = 2 * MEGABYTE
STATEMENT = MOST_BYTES + MEGABYTE
"""A bank statement, and what a form puts around it."""
TOKENS = re.compile(rf"(?<!/api)/([{''.join(sorted(set(PATHS.values())))}]|reports)/[^/\s?.]+")
CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-src 'self'; frame-ancestors 'none'"
)


class TooLarge(HTTPException):
    """More was sent than this address takes (413)."""

    def __init__(self, limit: int) -> None:
        size = f"{limit // MEGABYTE} MB" if limit >= MEGABYTE else f"{limit // 1024} kB"
        super().__init__(413, f"That is too much at once: at most {size} can be sent here.")


class BodyLimit:
    """Stops reading a body that is longer than its address takes, at once if the sender says so, else at the byte."""

    def __init__(self, app: ASGIApp, limit: Callable[[str], int]) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, counted."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit(scope["path"])
        named = dict(scope["headers"]).get(b"content-length", b"")
        announced = int(named) if named.isdigit() else 0
        got = 0

        async def counted() -> Message:
            nonlocal got
            if announced > limit:
                raise TooLarge(limit)
            message = await receive()
            got += len(message.get("body", b""))
            if got > limit:
                raise TooLarge(limit)
            return message

        await self.app(scope, counted, send)


def limits(deal_mb: int) -> Callable[[str], int]:
    """How many bytes a path takes: files for a brief or of a material, a scan of a contract, bank statements, little elsewhere."""
    files = re.compile(r"/[bk]/[^/]+/?|/j/[^/]+/materials/[^/]+/?")

    def limit(path: str) -> int:
        if files.fullmatch(path):
            return (deal_mb + 1) * MEGABYTE
        if path.rstrip("/") == "/api/statements":
            return STATEMENT
        return DRAFT if path.startswith("/b/") else SMALL

    return limit


class Headers:
    """Adds what keeps browsers careful: a strict policy, no sniffing, no referrer, no framing, no copies of personal pages."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.https = https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; headers that a route set itself stay as they are."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                dress(MutableHeaders(scope=message), https=self.https)
            await send(message)

        await self.app(scope, receive, dressed if scope["type"] == "http" else send)


def dress(headers: MutableHeaders, *, https: bool) -> None:
    """Add to an answer what keeps browsers careful; what a route set itself stays."""
    # A browser's own PDF viewer is a page with scripts and styles: the policy would blank it.
    is_pdf = headers.get("content-type", "").startswith("application/pdf")
    headers.setdefault("content-security-policy", "frame-ancestors 'none'" if is_pdf else CSP)
    headers.setdefault("x-content-type-options", "nosniff")
    headers.setdefault("referrer-policy", "no-referrer")
    headers.setdefault("cache-control", "no-store")
    headers.setdefault("cross-origin-opener-policy", "same-origin")
    if https:
        headers.setdefault("strict-transport-security", "max-age=31536000; includeSubDomains")


class Redacted(logging.Filter):
    """Takes the tokens of links out of the lines of an access log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: the line stays, the token goes."""
        if isinstance(record.args, tuple):
            record.args = tuple(redact(arg) for arg in record.args)
        return True


def redact(value: Any) -> Any:
    """A path without the token in it; anything else as it is."""
    return TOKENS.sub(r"/\1/…", value) if isinstance(value, str) else value
