"""The act of acceptance: read, a code asked for, signed, faults named, printed."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api import act_view
from api.act_view import About, Asked
from api.contract_forms import version_of
from api.door import Door, Here
from api.links import ActLink, Opened
from api.paper import Version
from api.posted import Form, Posted
from api.proposal import mark
from api.signing_page import SigningPage
from models import act_signature, act_state, attempts
from models.delivery_answers import ActCodeAsked, ActFaults
from models.errors import HandedBack, Invalid, Missing, Refused
from models.pages import Form as FormView

pages = APIRouter(include_in_schema=False)
MOST_WORDS = 10_000


@pages.get("/t/{token}.pdf")
def pdf(link: ActLink, here: Here, version: Version = None) -> Response:
    """The newest version on paper, or for staff another; once accepted, the sealed one. Unavailable while it is being printed."""
    return SIGNING.paper(link, here, version)


@pages.get("/t/{token}")
def show(link: ActLink, here: Here) -> Response:
    """The act, and what has become of it."""
    return page(here, link, Asked())


@pages.post("/t/{token}/code")
def code(request: Request, link: ActLink, here: Here, posted: Form) -> Response:
    """Mail a code to whoever is about to sign; the one before ends. 429 when it is too early for another."""
    return SIGNING.ask_code(request, link, here, posted)


@pages.post("/t/{token}/sign")
def sign(request: Request, link: ActLink, here: Here, posted: Form) -> Response:
    """Sign with the code. A wrong one is counted (422); what is accepted already, void or changed is refused (409)."""
    return SIGNING.sign(request, link, here, posted)


@pages.post("/t/{token}/faults")
def faults(link: ActLink, here: Here, posted: Form) -> Response:
    """Name what is not as agreed, in place of signing."""
    SIGNING.check_is_client(link)
    text, name = posted.one("text"), posted.one("name")[:200]
    if not text or len(text) > MOST_WORDS:
        wrong = f"Please keep this under {MOST_WORDS:,} characters." if text else "Please say what is not as agreed."
        return again(here, link, posted, "faults", {"text": wrong})
    answer = ActFaults(version=version_of(posted, act_state.NOUN), text=text, name=name)
    try:
        SIGNING.tell(here, link, answer, f"v{answer.version}/faults/{mark(text)}")
    except Refused as late:
        return gone(here, link, posted, "faults", late)
    return RedirectResponse(f"/t/{link.token}", 303)


def again(here: Door, link: Opened, posted: Posted, about: About, problems: dict[str, str], status: int = 422) -> Response:
    """The page with the form that has problems."""
    return page(here, link, Asked(about=about, form=FormView(given=kept(posted), problems=problems)), status)


def gone(here: Door, link: Opened, posted: Posted, about: About, late: Refused) -> Response:
    """The page as things stand, with the sentence, for who answered what is accepted, void or changed by now (409).

    Whoever was handed over to support is refused for good, and the attempt written down.
    """
    if isinstance(late, Invalid | Missing):
        raise late
    if isinstance(late, HandedBack):
        with here.db.writing() as session:
            attempts.note(session, link.deal_id, f"act.{about}", "client", here.now())
    return page(here, link, Asked(about=about, form=FormView(given=kept(posted)), refused=str(late)), 409)


def kept(posted: Posted) -> dict[str, str | list[str]]:
    """What was typed, to be shown again; a code is not."""
    return {name: value for name, value in posted.given().items() if name not in {"code", "version"}}


def page(here: Door, link: Opened, asked: Asked, status: int = 200) -> Response:
    """The page as things stand. While the next version is being made it reloads by itself."""
    with here.db.reading() as session:
        record = act_view.page(session, here, link, asked)
    headers = {"Refresh": "2"} if record.state == "mending" and status == HTTPStatus.OK else {}
    return here.page("pages/act.html", record, status, headers=headers, locale=record.document.body.locale)


SIGNING = SigningPage(
    noun=act_state.NOUN, path="t", contact="manager", instead="{contact} can take it on paper.", asked=ActCodeAsked, there=act_view.there,
    sign_by_code=act_signature.sign, again=again, gone=gone,
)  # fmt: skip
