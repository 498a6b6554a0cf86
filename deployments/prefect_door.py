"""Who may speak to a Prefect server that asks for no login: programs of this machine, and the pages of its own UI.

Every page that a browser shows may send requests to 127.0.0.1, and may make a name of its own mean 127.0.0.1. Of both the browser tells, in
Origin and Host. Where a login is asked for neither is looked at: no other page has the header in which the UI sends it.

A page that shows the UI in a frame, and lets an operator click on what they do not see, is told by neither: the frame's requests are the UI's
own. So every answer, with a login or without, says that no other page may frame it.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deployments.prefect_pages import LOOPBACK, own_origins

ANY = "*"
NAMES = ("PREFECT_API_URL", "PREFECT_UI_API_URL", "PREFECT_SERVER_UI_API_URL")
WHY = (
    "Refused: this is no page of the Prefect UI of this machine. Open it as http://127.0.0.1 with its port; "
    "another address of it is named in PREFECT_UI_API_URL, another page in PREFECT_SERVER_CORS_ALLOWED_ORIGINS."
)
FORBIDDEN, POLICY = 403, 1008
CAREFUL = {"X-Frame-Options": "SAMEORIGIN", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
NO_FRAMES = "frame-ancestors 'self'"


class Unframed:
    """An app whose every answer tells browsers that only its own pages may frame it, to guess no types, and to tell other sites nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with these headers; a policy of its own stays beside ours."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(CAREFUL)
                headers.append("Content-Security-Policy", NO_FRAMES)
            await send(message)

        await self._app(scope, receive, dressed if scope["type"] == "http" else send)


class Door:
    """Prefect's app, closed to requests of a page from elsewhere than `origins`, and to those for a host that is none of `hosts`."""

    def __init__(self, app: ASGIApp, origins: Iterable[str], hosts: Iterable[str]) -> None:
        self._app = app
        self._origins = {one.encode() for one in origins}
        self._hosts = {one.encode() for one in hosts}
        self._is_open = ANY.encode() in self._origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as Prefect does, or 403 with a sentence."""
        if scope["type"] == "lifespan" or self._may_enter(scope["headers"]):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY, "reason": ""})
        else:
            await send({"type": "http.response.start", "status": FORBIDDEN, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
            await send({"type": "http.response.body", "body": WHY.encode()})

    def _may_enter(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        is_ours = False
        for name, value in headers:
            if name == b"host":
                is_ours = _name(value) in self._hosts
            elif name == b"origin" and not self._is_open and value not in self._origins:
                return False
        return is_ours


def guarded(app: ASGIApp, environment: Mapping[str, str], port: int) -> ASGIApp:
    """Prefect's app on this port, in no other page's frame, and behind a door unless it asks for a login itself.

    Who may enter is as Prefect's settings say, and with names of `environment`.
    """
    from prefect.settings import get_current_settings

    api = get_current_settings().server.api
    if api.auth_string and api.auth_string.get_secret_value():
        return Unframed(app)
    named = [environment[name] for name in NAMES if environment.get(name)]
    told = (one.strip() for one in api.cors_allowed_origins.split(","))
    hosts = (urlsplit(address).hostname or "" for address in named)
    return Unframed(Door(app, {*own_origins(port, named), *told} - {""}, {*LOOPBACK, *hosts} - {""}))


def _name(host: bytes) -> bytes:
    """A Host header without its port."""
    name, _, port = host.rpartition(b":")
    return (name if name and port.isdigit() else host).strip(b"[]").lower()
