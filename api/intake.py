"""The intake form: shown, sent, thanked for."""

import hashlib
import json
import uuid
from urllib.parse import quote, unquote

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

import templates
from api.apply_form import read, services, source_of
from api.door import Door, Here
from api.posted import Form, Posted
from models import inbox, reviews
from models.pages import ApplyPage, Source, ThanksPage
from models.pages import Form as FormView

pages = APIRouter(include_in_schema=False)
# The form may be fetched by the studio's own site, which shows it there; it holds nothing of anybody's.
OF_A_ROBOT = {"service": 100, "name": 200, "email": 320, "phone": 50, "company": 200, "budget": 50, "message": 2000, "website": 200}
"""What is kept of a robot's form that is no application, and how many characters of each field."""
FOR_ALL = {"Access-Control-Allow-Origin": "*"}


@pages.get("/")
def home() -> Response:
    """The way to the form."""
    return RedirectResponse("/apply", 303)


@pages.get("/apply")
def show_form(request: Request, here: Here) -> Response:
    """The intake form, with where its reader came from."""
    known = {name: value[:500] for name, value in request.query_params.items()}
    if not known.get("referrer"):
        known["referrer"] = request.headers.get("referer", "")[:500]
    return here.page("pages/apply.html", form_page(here, Posted({name: [value] for name, value in known.items()})), headers=FOR_ALL)


@pages.post("/apply")
def send_form(request: Request, here: Here, posted: Form) -> Response:
    """Keep an application; its sender is thanked, robot or not. Of one house's robots as many are kept an hour as may apply in one."""
    application, problems = read(posted, here.company)
    trap, started = posted.one("website"), posted.one("started")
    if not trap and here.robots.is_stale(started, here.now()):
        problems["started"] = "This form has been open for more than a day. Please send it once more: what you typed is still here."
        return here.page("pages/apply.html", form_page(here, posted, problems), 422)
    suspect = here.robots.suspicion(trap=trap, started=started, address=address_of(request), now=here.now())
    if application is None and not suspect:
        return here.page("pages/apply.html", form_page(here, posted, problems), 422)
    if application:
        application.source |= referred(here, posted)
    if suspect and not here.robots.allows("suspected", address_of(request), here.settings.apply_per_hour):
        return thanked(posted.one("email"))
    payload = application.model_dump() if application else {name: posted.one(name)[:most] for name, most in OF_A_ROBOT.items() if posted.one(name)}
    with here.db.writing() as session:
        told = external_id(here, posted, payload)
        inbox.apply(session, payload, source="form", external_id=told, actor="client", now=here.now(), suspect=suspect)
    here.nudge()
    return thanked(posted.one("email"))


@pages.get("/thanks")
def thanks(request: Request, here: Here) -> Response:
    """The same thanks for everybody; the address is the one this browser sent a minute ago."""
    return here.page("pages/thanks.html", ThanksPage(chrome=here.chrome, email=unquote(request.cookies.get("sent_from", ""))[:320]))


@pages.get("/embed.js")
def embed() -> Response:
    """The form for the studio's own site."""
    return FileResponse(templates.STATIC / "embed.js", media_type="text/javascript", headers={**FOR_ALL, "Cache-Control": "public, max-age=300"})


def form_page(here: Door, posted: Posted, problems: dict[str, str] | None = None) -> ApplyPage:
    """The form as it is shown, or comes back. A form that comes back goes on with its own time and nonce, unless that is too old."""
    known = posted.one("started")
    started = known if here.robots.nonce(known) else here.robots.started(here.now())
    started = here.robots.again(here.now()) if here.robots.is_stale(started, here.now()) else started
    referral = posted.one("referral") if referred(here, posted) else ""
    source = {name: value for name, value in source_of(posted).items() if name in Source.model_fields}
    return ApplyPage(
        chrome=here.chrome, services=services(here.company), started=started,
        currency=here.company.studio.currency, minimum=here.minimum if here.minimum.amount else None, source=Source(**source),
        referral=referral, form=FormView(given=posted.given(), problems=problems or {}),
    )  # fmt: skip


def referred(here: Door, posted: Posted) -> dict[str, str]:
    """Which client passed us on, as the application's source says it; {} when nobody did."""
    if not posted.one("referral"):
        return {}
    with here.db.reading() as session:
        return reviews.source_of(session, posted.one("referral"))


def external_id(here: Door, posted: Posted, payload: dict) -> str:
    """What makes a form that is sent twice one application: its nonce and what it says. A corrected one is another."""
    nonce = here.robots.nonce(posted.one("started"))
    said = hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:16]
    return f"{nonce}/{said}" if nonce else str(uuid.uuid4())


def address_of(request: Request) -> str:
    """The network address a request came from."""
    return request.client.host if request.client else ""


def thanked(email: str) -> Response:
    """On to the thanks; the address goes along in this browser for a minute, so that a slip in it is seen."""
    answer = RedirectResponse("/thanks", 303)
    if email:
        answer.set_cookie("sent_from", quote(email[:320]), max_age=60, path="/thanks", httponly=True, samesite="lax")
    return answer


def warm_up(here: Door) -> None:
    """Go through showing and reading the form once, so that the first visitor does not wait for what is loaded at first use."""
    here.page("pages/apply.html", form_page(here, Posted()))
    read(Posted({"email": ["first@visitor.example"], "budget": ["1"]}), here.company)
    here.robots.allows("warm-up", "", 1)
