"""The contract: details given, read, a code asked for, signed, a change asked for, printed."""

import uuid
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, RedirectResponse, Response

from api import contract_view
from api.contract_forms import read_details, signer_problems, stranger, version_of
from api.contract_view import About, Asked
from api.door import Door, Here
from api.intake import address_of
from api.links import ContractLink, Opened, ReadOnly
from api.posted import Form, Posted
from api.proposal import mark
from models import contract_signature, facts, inbox
from models.answers import Answer
from models.cash_answers import CodeAsked, ContractChangeAsked, ContractDetails
from models.contract_signature import Signer
from models.errors import Invalid, Missing, Refused, Unavailable
from models.pages import Form as FormView
from models.signing import TooMany
from models.tables import Deal

pages = APIRouter(include_in_schema=False)
AN_HOUR = 40
"""Codes and tries an hour from one network address; an office of several signers stays below it."""


@pages.get("/c/{token}.pdf")
def pdf(link: ContractLink, here: Here) -> Response:
    """The newest version on paper; once signed, the sealed one. Unavailable while it is being printed."""
    with here.db.reading() as session:
        document = contract_view.there(session, link.deal_id)
    place = here.settings.home / document.pdf_path
    if not document.pdf_path or not place.is_file():
        raise Unavailable("The PDF is being printed. Please reload this page in a moment.")
    name = f"contract-{document.body['number']}.pdf"
    return FileResponse(place, media_type="application/pdf", filename=name, content_disposition_type="inline")


@pages.get("/c/{token}")
def show(link: ContractLink, here: Here) -> Response:
    """The form for the details, or the contract."""
    return page(here, link, Asked())


@pages.post("/c/{token}/details")
def details(link: ContractLink, here: Here, posted: Form) -> Response:
    """Keep who the contracting party is; once the contract is made they are changed by a new version only (409)."""
    check_is_client(link)
    answer, problems = read_details(posted)
    if answer is None:
        return page(here, link, Asked(form=FormView(given=posted.given(), problems=problems)), 422)
    if (told := details_told(here, link)) and told[-1] == answer.model_dump(mode="json"):
        return RedirectResponse(f"/c/{link.token}", 303)
    tell(here, link, answer, f"details/{len(told) + 1}")
    return RedirectResponse(f"/c/{link.token}", 303)


@pages.post("/c/{token}/code")
def code(request: Request, link: ContractLink, here: Here, posted: Form) -> Response:
    """Mail a code to whoever is about to sign; the one before ends. 429 when it is too early for another."""
    check_is_client(link)
    problems = signer_problems(posted) or stranger(here, link.deal_id, posted)
    if problems:
        return again(here, link, posted, "code", problems)
    answer = CodeAsked(version=version_of(posted), email=posted.one("email"), name=posted.one("name"), role=posted.one("role"))
    try:
        check_pace(request, here, "asks for codes")
        tell(here, link, answer, f"v{answer.version}/code/{uuid.uuid4().hex}")
    except TooMany as early:
        return again(here, link, posted, "code", {"wait": str(early)}, 429)
    except Refused as late:
        return gone(here, link, late)
    return RedirectResponse(f"/c/{link.token}#f-code", 303)  # the browser focuses the field that the address names


@pages.post("/c/{token}/sign")
def sign(request: Request, link: ContractLink, here: Here, posted: Form) -> Response:
    """Sign with the code. A wrong one is counted (422); what is signed already, void or changed is refused (409)."""
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
        return gone(here, link, late)
    if said:
        return again(here, link, posted, "sign", {"code": said})
    here.nudge()
    return RedirectResponse(f"/c/{link.token}", 303)


@pages.post("/c/{token}/change")
def change(link: ContractLink, here: Here, posted: Form) -> Response:
    """Ask for a change before signing."""
    check_is_client(link)
    text, name = posted.one("text"), posted.one("name")[:200]
    if not text or len(text) > 5000:  # noqa: PLR2004
        wrong = "Please keep this under 5,000 characters." if text else "Please say what should be different."
        return again(here, link, posted, "change", {"text": wrong})
    answer = ContractChangeAsked(version=version_of(posted), text=text, name=name)
    try:
        tell(here, link, answer, f"v{answer.version}/change/{mark(text)}")
    except Refused as late:
        return gone(here, link, late)
    return RedirectResponse(f"/c/{link.token}", 303)


def try_code(request: Request, here: Door, link: Opened, posted: Posted) -> str:
    """Sign with what was typed, in one transaction; "" when it is signed, else why not."""
    signer = Signer(
        version=version_of(posted), name=posted.one("name"), role=posted.one("role"), email=posted.one("email"),
        address=address_of(request), agent=request.headers.get("user-agent", ""),
    )  # fmt: skip
    with here.db.writing() as session:
        return contract_signature.sign(session, here.secret, link.deal_id, signer, posted.one("code"), now=here.now())


def check_pace(request: Request, here: Door, what: str) -> None:
    """Raises TooMany when one network address asks or tries too often, whichever contracts it does that on."""
    if not here.robots.allows(what, address_of(request), AN_HOUR):
        raise TooMany("That was very often from one address. Please wait an hour, or call us.")


def details_told(here: Door, link: Opened) -> list[dict[str, object]]:
    """The details given before, in order: going back to the first ones is news, pressing twice is not."""
    with here.db.reading() as session:
        return [fact.payload for fact in facts.of_deal(session, link.deal_id, ContractDetails.kind)]


def tell(here: Door, link: Opened, said: Answer, what: str) -> None:
    """Record what a client says on the page; `what` names it within the deal's round."""
    with here.db.writing() as session:
        key = f"deal/{link.deal_id}/r{session.get_one(Deal, link.deal_id).round}/contract/{what}"
        inbox.tell(session, link.deal_id, said, source="client", external_id=key, actor="client", now=here.now())
    here.nudge()


def again(here: Door, link: Opened, posted: Posted, about: About, problems: dict[str, str], status: int = 422) -> Response:
    """The page with the form that has problems. What was typed as a code is not shown again."""
    given = {name: value for name, value in posted.given().items() if name != "code"}
    return page(here, link, Asked(about=about, form=FormView(given=given, problems=problems)), status)


def gone(here: Door, link: Opened, late: Refused) -> Response:
    """The page as things stand, for who answered what is signed, void or changed by now (409)."""
    if isinstance(late, Invalid | Missing):
        raise late
    return page(here, link, Asked(is_late=True), 409)


def page(here: Door, link: Opened, asked: Asked, status: int = 200) -> Response:
    """The page as things stand. While the studio signs by its standing rule it reloads by itself."""
    with here.db.reading() as session:
        document = contract_view.newest(session, link.deal_id)
        if document is None:
            form = contract_view.details_page(session, here, link, asked.form)
            return here.page("pages/contract_details.html", form, status)
        record = contract_view.page(session, here, link, document, asked)
    headers = {"Refresh": "2"} if record.in_a_moment and status == HTTPStatus.OK else {}
    return here.page("pages/contract.html", record, status, headers=headers, locale=record.document.body.locale)


def check_is_client(link: Opened) -> None:
    """Raises ReadOnly behind a staff link."""
    if link.is_staff:
        raise ReadOnly("This is the studio's own view of the contract. Only the client can answer it, by the link in their letter.")
