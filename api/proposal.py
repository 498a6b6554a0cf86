"""The proposal: shown with its options, answered once, passed on, counted, printed."""

import hashlib
import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError

from api import proposal_view
from api.door import Door, Here
from api.intake import address_of
from api.links import Opened, ProposalLink, ReadOnly
from api.paper import Version, older, printed
from api.posted import Form, Posted
from api.proposal_view import About, Asked, Decision
from models import inbox
from models.answers import Answer, ProposalAnswer, ProposalForwarded, ProposalViewed
from models.errors import Invalid, Refused
from models.intake import normal_email
from models.pages import Form as FormView
from models.tables import Deal

pages = APIRouter(include_in_schema=False)
NUMBER_LONGEST = 15


@pages.get("/p/{token}.pdf")
def pdf(link: ProposalLink, here: Here, version: Version = None) -> Response:
    """The newest version on paper, or for staff another. Unavailable while it is being printed."""
    with here.db.reading() as session:
        document = older(session, link, "proposal", version) if version else proposal_view.newest(session, link.deal_id)
    return printed(here, document.pdf_path, f"proposal-{document.body['number']}.pdf")


@pages.get("/p/{token}")
def show(link: ProposalLink, here: Here, option: Annotated[list[str] | None, Query()] = None) -> Response:
    """The newest version, counted with the ticked options."""
    return page(here, link, Asked(option or []))


@pages.post("/p/{token}/accept")
def accept(link: ProposalLink, here: Here, posted: Form) -> Response:
    """Accept version, options and total as shown; anything else than what stands there now is refused (409)."""
    typed = {"selection": posted.all("option"), "total": number(posted, "total"), "name": posted.one("name")[:200]}
    if not typed["name"] and not link.is_staff:
        return again(here, link, posted, "accept", {"name": "Please type your full name."})
    return answer(here, link, posted, "accept", typed)


@pages.post("/p/{token}/change")
def change(link: ProposalLink, here: Here, posted: Form) -> Response:
    """Ask for a change."""
    text = posted.one("text")
    if (not text or len(text) > 5000) and not link.is_staff:  # noqa: PLR2004
        wrong = "Please keep this under 5,000 characters." if text else "Please say what should be different."
        return again(here, link, posted, "change", {"text": wrong})
    return answer(here, link, posted, "change", {"text": text})


@pages.post("/p/{token}/decline")
def decline(link: ProposalLink, here: Here, posted: Form) -> Response:
    """Decline, with a reason."""
    reason, text = posted.one("reason"), posted.one("comment")
    if reason not in {choice.value for choice in proposal_view.DECLINE_REASONS} and not link.is_staff:
        return again(here, link, posted, "decline", {"reason": "Please choose a reason."})
    if len(text) > 5000:  # noqa: PLR2004
        return again(here, link, posted, "decline", {"comment": "Please keep this under 5,000 characters."})
    return answer(here, link, posted, "decline", {"reason": reason, "text": text})


@pages.post("/p/{token}/forward")
def forward(link: ProposalLink, here: Here, posted: Form) -> Response:
    """Mail the link to a colleague; the same once more is not mailed again."""
    check_is_client(link)
    email, note = normal_email(posted.one("email")), posted.one("note")
    if not email:
        return again(here, link, posted, "forward", {"email": "This does not look like an e-mail address."})
    if len(note) > 2000:  # noqa: PLR2004
        return again(here, link, posted, "forward", {"note": "Please keep this under 2,000 characters."})
    tell(here, link, ProposalForwarded(email=email, note=note), f"forwarded/{mark(email, note)}")
    return page(here, link, Asked(notice=f"We sent the proposal to {email}."))


@pages.post("/p/{token}/views")
def viewed(request: Request, link: ProposalLink, here: Here, posted: Form) -> Response:
    """Count a reader, once a day; of who it was only a hash is kept. Staff are not counted."""
    if not link.is_staff:
        seen = f"{address_of(request)}/{request.headers.get('user-agent', '')}"
        visitor = hmac.new(here.secret.encode(), seen.encode(), hashlib.sha256).hexdigest()
        version = number(posted, "version")
        what = f"proposal/v{version}/viewed/{visitor[:16]}/{here.now():%Y-%m-%d}"
        tell(here, link, ProposalViewed(version=version, visitor=visitor), what)
    return Response(status_code=204)


def answer(here: Door, link: Opened, posted: Posted, decision: Decision, typed: dict) -> Response:
    """Record the client's answer. Sent twice it is one; another answer to what is settled or changed is refused (409)."""
    check_is_client(link)
    try:
        said = ProposalAnswer(decision=decision, version=number(posted, "version"), **typed)
    except ValidationError as error:
        raise Invalid("The form was not complete. Please go back to the proposal and try again.") from error
    try:
        tell(here, link, said, f"proposal/v{said.version}/{decision}/{mark(*map(str, typed.values()))}")
    except Invalid:
        raise
    except Refused:
        return page(here, link, Asked(posted.all("option"), is_late=True), 409)
    return RedirectResponse(f"/p/{link.token}", 303)


def tell(here: Door, link: Opened, said: Answer, what: str) -> None:
    """Record what a client says on the page; `what` names it within the deal's round."""
    with here.db.writing() as session:
        key = f"deal/{link.deal_id}/r{session.get_one(Deal, link.deal_id).round}/{what}"
        inbox.tell(session, link.deal_id, said, source="client", external_id=key, actor="client", now=here.now())
    here.nudge()


def again(here: Door, link: Opened, posted: Posted, about: About, problems: dict[str, str]) -> Response:
    """The page with the form that has problems (422)."""
    return page(here, link, Asked(posted.all("option"), about=about, form=FormView(given=posted.given(), problems=problems)), 422)


def page(here: Door, link: Opened, asked: Asked, status: int = 200) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        record = proposal_view.page(session, here, link, asked)
    return here.page("documents/proposal/page.html", record, status, locale=record.document.snapshot.locale)


def check_is_client(link: Opened) -> None:
    """Raises ReadOnly behind a staff link."""
    if link.is_staff:
        raise ReadOnly("This is the studio's own view of the proposal. Only the client can answer it, by the link in their letter.")


def number(posted: Posted, name: str) -> int:
    """A posted whole number. Raises Invalid for anything else."""
    text = posted.one(name)
    if not text.isascii() or not text.isdecimal() or len(text) > NUMBER_LONGEST:
        raise Invalid("The form was not complete. Please go back to the proposal and try again.")
    return int(text)


def mark(*parts: str) -> str:
    """A short name for what was said, so that saying it twice is one fact, and saying something else is another."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
