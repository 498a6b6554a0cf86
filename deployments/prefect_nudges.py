"""Prefect's server tells our worker what somebody does there: a run that is started, resumed, retried or cancelled in the UI begins at once.

Without it the worker would have to poll every second or two. What the worker asks itself is left out: it knows.
"""

import re

from anyio import to_thread
from starlette.types import ASGIApp, Receive, Scope, Send

from models.db import Database
from models.nudges import TOUCHED, nudge

_RUN = re.compile(r"/api/flow_runs/([0-9a-f-]{36})(/resume|/set_state)?")
_MAKES_WORK = re.compile(r"/api/deployments/[0-9a-f-]{36}/create_flow_run|/api/flow_runs/(bulk_set_state)?")
OURS = b"x-prefect-worker-name"


class Nudging:
    """Prefect's app, with a nudge to UDP port `port`, or through `db`, after each request of somebody else's that may mean work."""

    def __init__(self, app: ASGIApp, port: int, db: Database | None = None) -> None:
        self._app = app
        self._port = port
        self._db = db

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as Prefect does, then nudge."""
        await self._app(scope, receive, send)
        if scope["type"] == "http" and not any(name == OURS for name, _ in scope["headers"]):
            told = means_work(scope["method"], scope["path"])
            if told is not None:
                await to_thread.run_sync(nudge, self._port, self._db, f"{TOUCHED} {told}".strip())  # PostgreSQL may let it wait a moment


def means_work(method: str, path: str) -> str | None:
    """The flow run that a request changes, "" for one that makes or changes runs without naming one in its path, None for all others."""
    run = _RUN.fullmatch(path)
    if run and (method == "DELETE" or (method == "POST" and run[2])):
        return run[1]
    return "" if method == "POST" and _MAKES_WORK.fullmatch(path) else None
