"""The contract: details given, read, a code asked for, signed, a change asked for, printed."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api import contract_view
from api.contract_forms import read_details, version_of
from api.contract_view import About, Asked
from api.door import Door, Here
from api.links import ContractLink, Opened
from api.paper import Version
from api.posted import Form, Posted
from api.proposal import mark
from api.signing_page import SigningPage
from models import contract_signature, contracts, facts
from models.cash_answers import CodeAsked, ContractChangeAsked, ContractDetails
from models.errors import Invalid, Missing, Refused
from models.pages import Form as FormView

pages = APIRouter(include_in_schema=False)


@pages.get("/c/{token}.pdf")
def pdf(link: ContractLink, here: Here, version: Version = None) -> Response:
    """The newest version on paper, or for staff another; once signed, the sealed one. Unavailable while it is being printed."""
    return SIGNING.paper(link, here, version)


@pages.get("/c/{token}")
def show(link: ContractLink, here: Here) -> Response:
    """The form for the details, or the contract."""
    return page(here, link, Asked())


@pages.post("/c/{token}/details")
def details(link: ContractLink, here: Here, posted: Form) -> Response:
    """Keep who the contracting party is; once the contract is made they are changed by a new version only (409)."""
    SIGNING.check_is_client(link)
    answer, problems = read_details(posted)
    if answer is None:
        return page(here, link, Asked(form=FormView(given=posted.given(), problems=problems)), 422)
    if (told := details_told(here, link)) and told[-1] == answer.model_dump(mode="json"):
        return RedirectResponse(f"/c/{link.token}", 303)
    SIGNING.tell(here, link, answer, f"details/{len(told) + 1}")
    return RedirectResponse(f"/c/{link.token}", 303)


@pages.post("/c/{token}/code")
def code(request: Request, link: ContractLink, here: Here, posted: Form) -> Response:
    """Mail a code to whoever is about to sign; the one before ends. 429 when it is too early for another."""
    return SIGNING.ask_code(request, link, here, posted)


@pages.post("/c/{token}/sign")
def sign(request: Request, link: ContractLink, here: Here, posted: Form) -> Response:
    """Sign with the code. A wrong one is counted (422); what is signed already, void or changed is refused (409)."""
    return SIGNING.sign(request, link, here, posted)


@pages.post("/c/{token}/change")
def change(link: ContractLink, here: Here, posted: Form) -> Response:
    """Ask for a change before signing."""
    SIGNING.check_is_client(link)
    text, name = posted.one("text"), posted.one("name")[:200]
    if not text or len(text) > 5000:  # noqa: PLR2004
        wrong = "Please keep this under 5,000 characters." if text else "Please say what should be different."
        return again(here, link, posted, "change", {"text": wrong})
    answer = ContractChangeAsked(version=version_of(posted), text=text, name=name)
    try:
        SIGNING.tell(here, link, answer, f"v{answer.version}/change/{mark(text)}")
    except Refused as late:
        return gone(here, link, posted, "change", late)
    return RedirectResponse(f"/c/{link.token}", 303)


def details_told(here: Door, link: Opened) -> list[dict[str, object]]:
    """The details given before, in order: going back to the first ones is news, pressing twice is not."""
    with here.db.reading() as session:
        return [fact.payload for fact in facts.of_deal(session, link.deal_id, ContractDetails.kind)]


def again(here: Door, link: Opened, posted: Posted, about: About, problems: dict[str, str], status: int = 422) -> Response:
    """The page with the form that has problems. What was typed as a code is not shown again."""
    given = {name: value for name, value in posted.given().items() if name != "code"}
    return page(here, link, Asked(about=about, form=FormView(given=given, problems=problems)), status)


def gone(here: Door, link: Opened, posted: Posted, about: About, late: Refused) -> Response:  # noqa: ARG001 (as signing pages say it)
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


SIGNING = SigningPage(
    noun=contracts.NOUN, path="c", contact="salesperson", instead="{contact} can name them.", asked=CodeAsked, there=contract_view.there,
    sign_by_code=contract_signature.sign, again=again, gone=gone,
)  # fmt: skip
