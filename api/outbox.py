"""Sent mail, for whoever sits at this machine, while mail is written to files."""

import ipaddress
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from api.door import Door, Here
from api.intake import address_of
from models import sent_mail
from models.errors import Missing
from models.pages import OutboxLetterPage, OutboxPage, SentLetter

pages = APIRouter(include_in_schema=False)
PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
FRAME_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)


def check(request: Request, here: Here) -> None:
    """Raises Missing unless the request comes from this machine, by its own name, and mail goes to files."""
    is_near = is_loopback(address_of(request)) and not any(name in request.headers for name in PROXIED)
    # A page elsewhere may point a name of its own here (DNS rebinding): its name stands in Host.
    if not is_near or not is_own_name(request.url.hostname or "", here) or here.settings.mail_url:
        raise Missing("There is no such page.")


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_own_name(host: str, here: Door) -> bool:
    """Whether a Host header names this machine."""
    return host in {"localhost", here.settings.host} or is_loopback(host)


Near = Annotated[None, Depends(check)]


@pages.get("/outbox")
def show_all(here: Here, _near: Near) -> Response:
    """All letters, the newest first."""
    letters = [view(letter) for letter in reversed(sent_mail.letters(here.settings.home / "outbox"))]
    return here.page("pages/outbox.html", OutboxPage(chrome=here.chrome, letters=letters))


@pages.get("/outbox/{name}")
def show(name: str, here: Here, _near: Near) -> Response:
    """One letter, with the links in it."""
    folder = here.settings.home / "outbox"
    letter, listed = sent_mail.read(folder, name), sent_mail.letter(folder, name)
    record = OutboxLetterPage(
        chrome=here.chrome, letter=view(listed), text=sent_mail.text_of(letter), links=listed.links,
        frame=f"/outbox/{name}/html" if sent_mail.text_of(letter, "html") else "",
    )  # fmt: skip
    return here.page("pages/outbox_letter.html", record)


@pages.get("/outbox/{name}/html")
def show_html(name: str, here: Here, _near: Near) -> Response:
    """The letter's HTML, in a sandbox without scripts, forms or anything from elsewhere."""
    html = sent_mail.text_of(sent_mail.read(here.settings.home / "outbox", name), "html")
    return HTMLResponse(html.replace("<head>", '<head><base target="_blank">', 1), headers={"Content-Security-Policy": FRAME_CSP})


def view(letter: sent_mail.SentLetter) -> SentLetter:
    """A letter as the list shows it."""
    return SentLetter(id=letter.name, deal_id=letter.deal, key=letter.key, to=letter.to, subject=letter.subject, at=letter.at)
