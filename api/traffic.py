"""The requests of this process: counted and timed by route, each a line of the log without what a link or a query says."""

import logging
import time

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models import logs

log = logging.getLogger("studioflow.requests")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET = ("/health/", "/metrics", "/static")
"""What machines and pages ask all the time is counted, and makes no line."""


class Requests:
    """The requests that this process has answered, by method, route as it is declared, and status."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "studio_http_request_seconds", "Requests answered by this process, by route.", ("method", "route", "status"),
            registry=self.registry, buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )  # fmt: skip

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one."""
        self._seconds.labels(method, route, str(status)).observe(seconds)


class Watched:
    """Counts every request under the route it met, and writes a line of it."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self.app = app
        self.requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, watched; one that broke counts as 500."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with logs.about():
            try:
                await self.app(scope, receive, heard)
            finally:
                took, route = time.monotonic() - began, template(scope)
                self.requests.answered(scope["method"] if scope["method"] in METHODS else "OTHER", route, status, took)
                if not scope["path"].startswith(QUIET):
                    log.info("%s %s %d, %.0f ms", scope["method"][:10], route, status, took * 1000)


def template(scope: Scope) -> str:
    """The path as its route is declared, `/p/{token}`: no token, no number of anything, and no more values than there are routes."""
    route = scope.get("route")
    if route is not None:
        return route.path
    if "endpoint" in scope and not scope.get("path_params"):
        return scope["path"]
    return "/static" if scope["path"].startswith("/static/") else "none"
