"""The act of acceptance: read, a code asked for, signed, faults named, printed."""

import uuid
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from api import act_view
from api.act_view import About, Asked
from api.contract import check_pace
from api.contract_forms import signer_problems
from api.door import Door, Here
from api.intake import address_of
from api.links import ActLink, Opened, ReadOnly
from api.posted import Form, Posted
from api.proposal import mark, number
from models import act_signature, attempts, contract_facts, inbox
from models.answer import Answer
from models.contract_signature import Signer
from models.delivery_answers import ActCodeAsked, ActFaults
from models.errors import HandedBack, Invalid, Missing, Refused, Unavailable
from models.field_types import normal_email
from models.pages import Form as FormView
from models.signing import TooMany
from models.tables import Client, Deal

pages = APIRouter(include_in_schema=False)
MOST_WORDS = 10_000


@pages.get("/t/{token}.pdf")
def pdf(link: ActLink, here: Here) -> Response:
    """The newest version on paper; once accepted, the sealed one. Unavailable while it is being printed."""
    with here.db.reading() as session:
        document = act_view.there(session, link.deal_id)
    place = here.settings.home / document.pdf_path
    if not document.pdf_path or not place.is_file():
        raise Unavailable("The PDF is being printed. Please reload this page in a moment.")
    name = f"act-{document.body['number']}.pdf"
    return FileResponse(place, media_type="application/pdf", filename=name, content_disposition_type="inline")


@pages.get("/t/{token}")
def show(link: ActLink, here: Here) -> Response:
    """The act, and what has become of it."""
    return page(here, link, Asked())


@pages.post("/t/{token}/code")
def code(request: Request, link: ActLink, here: Here, posted: Form) -> Response:
    """Mail a code to whoever is about to sign; the one before ends. 429 when it is too early for another."""
    check_is_client(link)
    problems = signer_problems(posted) or stranger(here, link.deal_id, posted)
    if problems:
        return again(here, link, posted, "code", problems)
    answer = ActCodeAsked(version=version_of(posted), email=posted.one("email"), name=posted.one("name"), role=posted.one("role"))
    try:
        check_pace(request, here, "asks for codes")
        tell(here, link, answer, f"v{answer.version}/code/{uuid.uuid4().hex}")
    except TooMany as early:
        return again(here, link, posted, "code", {"wait": str(early)}, 429)
    except Refused as late:
        return gone(here, link, posted, "code", late)
    return RedirectResponse(f"/t/{link.token}#f-code", 303)  # the browser focuses the field that the address names


@pages.post("/t/{token}/sign")
def sign(request: Request, link: ActLink, here: Here, posted: Form) -> Response:
    """Sign with the code. A wrong one is counted (422); what is accepted already, void or changed is refused (409)."""
    check_is_client(link)
    problems = signer_problems(posted) | ({} if posted.one("consent") else {"consent": "Please tick this to sign."})
    if problems:
        return again(here, link, posted, "sign", problems)
    try:
        check_pace(request, here, "tries codes")
        said = try_code(request, here, link, posted)
    except TooMany as early:
        return again(here, link, posted, "sign", {"wait": str(early)}, 429)
    except Refused as late:
        return gone(here, link, posted, "sign", late)
    if said:
        return again(here, link, posted, "sign", {"code": said})
    here.nudge()
    return RedirectResponse(f"/t/{link.token}", 303)


@pages.post("/t/{token}/faults")
def faults(link: ActLink, here: Here, posted: Form) -> Response:
    """Name what is not as agreed, in place of signing."""
    check_is_client(link)
    text, name = posted.one("text"), posted.one("name")[:200]
    if not text or len(text) > MOST_WORDS:
        wrong = f"Please keep this under {MOST_WORDS:,} characters." if text else "Please say what is not as agreed."
        return again(here, link, posted, "faults", {"text": wrong})
    answer = ActFaults(version=version_of(posted), text=text, name=name)
    try:
        tell(here, link, answer, f"v{answer.version}/faults/{mark(text)}")
    except Refused as late:
        return gone(here, link, posted, "faults", late)
    return RedirectResponse(f"/t/{link.token}", 303)


def version_of(posted: Posted) -> int:
    """The version that the reader saw. Raises Invalid for what no form of ours posts."""
    version = number(posted, "version")
    if not version:
        raise Invalid("The form was not complete. Please go back to the act and try again.")
    return version


def stranger(here: Door, deal_id: int, posted: Posted) -> dict[str, str]:
    """The problem of an address that no code goes to: neither the client's, nor a colleague's, nor the signer's of the contract."""
    with here.db.reading() as session:
        document = act_view.there(session, deal_id)
        client = session.get_one(Client, session.get_one(Deal, deal_id).client_id)
    if contract_facts.may_sign(client, document, normal_email(posted.one("email"))):
        return {}
    contact = document.body["manager"]["name"]
    somebody = f"Does somebody else sign? {contact} can take it on paper."
    return {"email": f"The code goes to your own address or to a colleague’s at the same firm. {somebody}"}


def try_code(request: Request, here: Door, link: Opened, posted: Posted) -> str:
    """Sign with what was typed, in one transaction; "" when it is signed, else why not."""
    signer = Signer(
        version=version_of(posted), name=posted.one("name"), role=posted.one("role"), email=posted.one("email"),
        address=address_of(request), agent=request.headers.get("user-agent", ""),
    )  # fmt: skip
    with here.db.writing() as session:
        return act_signature.sign(session, here.secret, link.deal_id, signer, posted.one("code"), now=here.now())


def tell(here: Door, link: Opened, said: Answer, what: str) -> None:
    """Record what a client says on the page; `what` names it within the deal's round."""
    with here.db.writing() as session:
        key = f"deal/{link.deal_id}/r{session.get_one(Deal, link.deal_id).round}/act/{what}"
        inbox.tell(session, link.deal_id, said, source="client", external_id=key, actor="client", now=here.now())
    here.nudge()


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


def check_is_client(link: Opened) -> None:
    """Raises ReadOnly behind a staff link."""
    if link.is_staff:
        raise ReadOnly("This is the studio's own view of the act. Only the client can answer it, by the link in their letter.")
