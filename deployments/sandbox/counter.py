"""What every route of the sandbox is given, built once at start."""

import re
import tomllib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

import templates
from deployments.sandbox.post import Postman
from models.clock import Clock
from models.db import Database
from models.settings import Settings

CSP = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


@dataclass(frozen=True)
class Counter:
    """The sandbox's parts. `payee` is the studio's name, `address` where a browser finds the pages, without a slash at the end."""

    settings: Settings
    secret: str
    db: Database
    postman: Postman
    now: Callable[[], datetime]
    payee: str
    locale: str
    zone: str
    address: str

    def page(self, name: str, status: int = 200, *, back: str = "", **shown: Any) -> HTMLResponse:
        """Template `sandbox/<name>.html`. `back` is where its forms may lead in the end: browsers hold redirects to the policy too."""
        context = {"payee": self.payee, "zone": self.zone, "back": back, **shown}
        html = templates.render(f"sandbox/{name}.html", context, company=self.settings.company, locale=self.locale)
        return HTMLResponse(html, status, {"content-security-policy": f"{CSP} {origin(back)}".strip()})


def build(settings: Settings, db: Database, postman: Postman, secret: str) -> Counter:
    """The counter of these settings. Of the studio's set-up it needs three words, so it reads no more than the one file."""
    studio: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        studio = tomllib.loads((settings.company / "studio.toml").read_text("utf-8"))
    public = urlsplit(settings.public_url or studio.get("public_address", ""))
    host = public.hostname if public.scheme == "http" and public.hostname else settings.host
    return Counter(
        settings=settings, secret=secret, db=db, postman=postman, now=Clock(settings.clock), payee=studio.get("name", "the studio"),
        locale=studio.get("locale", "en_GB"), zone=studio.get("zone", "UTC"), address=f"http://{host}:{settings.sandbox}",
    )  # fmt: skip


def origin(url: str) -> str:
    """Scheme, host and port of an address, for a policy; "" for one that has none."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if re.fullmatch(r"[\w.:\[\]-]+", parts.netloc, re.ASCII) else ""


async def _counter(request: Request) -> Counter:
    return request.app.state.counter


async def _form(request: Request) -> dict[str, str]:
    async with request.form(max_files=0, max_fields=20) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


Here = Annotated[Counter, Depends(_counter)]
Form = Annotated[dict[str, str], Depends(_form)]
