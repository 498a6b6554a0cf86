"""How fast one address may come: every route but the pages' dress and the probes has a limit. All apis count together where they share a Redis."""

from anyio import to_thread
from limits import RateLimitItemPerMinute
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api import problems
from api.counts import Counts, neighbourhood

FREE = ("/static/", "/health/", "/outbox")
"""What pages are dressed in, what probes ask, and what only this machine is shown."""
MACHINES = ("/api/", "/webhooks/", "/metrics", "/reviews.json")
READING = frozenset({"GET", "HEAD", "OPTIONS"})
FACTORS = {"posts": 1, "pages": 5, "machines": 10}
"""How many times the setting each kind of request may come: what is typed, what is looked at, what machines send."""
SECONDS = 60


class Pace:
    """Answers 429 to an address that comes more often than the setting says. Without a Redis each api process counts for itself."""

    def __init__(self, app: ASGIApp, per_minute: int, counts: Counts) -> None:
        self.app = app
        self._counts = counts
        self._limits = {kind: RateLimitItemPerMinute(per_minute * factor) for kind, factor in FACTORS.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless there were too many."""
        kind = kind_of(scope["method"], scope["path"]) if scope["type"] == "http" else ""
        if not kind or await self._is_allowed(kind, neighbourhood((scope.get("client") or ("",))[0])):
            await self.app(scope, receive, send)
            return
        said = "That was very often within a minute. Please wait a moment and try again."
        await problems.answer(Request(scope), 429, said, headers={"Retry-After": str(SECONDS)})(scope, receive, send)

    async def _is_allowed(self, kind: str, address: str) -> bool:
        asked = (self._limits[kind], f"pace/{kind}", address)
        if self._counts.is_shared:
            return await to_thread.run_sync(self._counts.within, *asked)
        return self._counts.within(*asked)


def kind_of(method: str, path: str) -> str:
    """Which of the limits a request counts for; "" for what has none."""
    if path.startswith(FREE):
        return ""
    if path.startswith(MACHINES):
        return "machines"
    return "pages" if method in READING else "posts"
