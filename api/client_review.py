"""The client's review: given once, on their own page and by nobody else; the permission to publish is theirs to take back."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session

from api.door import Door, Here
from api.links import ClientReviewLink, Opened
from api.posted import Form, Posted
from api.proposal import mark
from models import inbox, links, reviews, wanted
from models.after_answers import ReviewGiven, ReviewWithdrawn
from models.errors import Refused
from models.pages import Form as FormView
from models.proposal import Person
from models.review_pages import GivenReview, ReviewGivePage
from models.reviews import REFER, Review
from models.stages import Stage
from models.tables import Client, Deal

pages = APIRouter(include_in_schema=False)
_LONGEST = {"text": 5000, "name": 200, "company": 200}


@pages.get("/v/{token}")
def show(link: ClientReviewLink, here: Here) -> Response:
    """The form, or what was given."""
    return page(here, link)


@pages.post("/v/{token}")
def give(link: ClientReviewLink, here: Here, posted: Form) -> Response:
    """Keep the review. Sent twice it is one; another one is refused (409)."""
    said, problems = read(posted)
    if said is None:
        return page(here, link, 422, FormView(given=posted.given(), problems=problems))
    return record(here, link, said, f"given/{mark(said.model_dump_json())}")


@pages.post("/v/{token}/withdraw")
def withdraw(link: ClientReviewLink, here: Here) -> Response:
    """Take the permission to publish back; from then on the review is nowhere to be read."""
    return record(here, link, ReviewWithdrawn(), "withdrawn")


def record(here: Door, link: Opened, said: ReviewGiven | ReviewWithdrawn, what: str) -> Response:
    """Keep what the client says, and give out the link that they may pass on; refused, the page says how things stand (409)."""
    try:
        with here.db.writing() as session:
            key = f"deal/{link.deal_id}/r{session.get_one(Deal, link.deal_id).round}/review/{what}"
            inbox.tell(session, link.deal_id, said, source="client", external_id=key, actor="client", now=here.now())
            links.hand_out(session, here.secret, REFER, link.deal_id, now=here.now())
    except Refused:
        return page(here, link, 409)
    here.nudge()
    return RedirectResponse(f"/v/{link.token}", 303)


def read(posted: Posted) -> tuple[ReviewGiven | None, dict[str, str]]:
    """The review typed, or the problems by field."""
    stars = posted.one("stars")
    problems = {} if stars in {str(count) for count in reviews.STARS} else {"stars": "Please choose how many stars you give."}
    problems |= {name: f"Please keep this under {most:,} characters." for name, most in _LONGEST.items() if len(posted.one(name)) > most}
    if problems:
        return None, problems
    typed = {name: posted.one(name) for name in _LONGEST}
    try:
        return ReviewGiven(stars=int(stars), publish=posted.one("publish") == "yes", **typed), {}
    except ValidationError:
        return None, {"text": "This cannot be read. Please type it again."}


def page(here: Door, link: Opened, status: int = 200, form: FormView | None = None) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        deal = session.get_one(Deal, link.deal_id)
        client, review = session.get_one(Client, deal.client_id), reviews.of_deal(session, deal)
        refer = links.given(session, here.secret, REFER, link.deal_id)
        known = FormView(given={"name": client.name, "company": client.company})
        record = ReviewGivePage(
            chrome=here.chrome, token=link.token, client_name=client.name, service_name=here.service(deal.service), director=director(here, deal),
            state=state(session, deal, review), given=given(review) if review else None, referral=here.address + refer if refer else "",
            form=form or known,
        )  # fmt: skip
    return here.page("pages/review_give.html", record, status, locale=deal.locale)


def state(session: Session, deal: Deal, review: Review | None) -> Literal["early", "open", "given", "withdrawn"]:
    """How far the review is."""
    if review:
        return "withdrawn" if review.is_withdrawn else "given"
    return "open" if wanted.was_wanted(session, Stage.REVIEW, deal) else "early"


def given(review: Review) -> GivenReview:
    """The review as its writer sees it."""
    said = review.said
    return GivenReview(stars=said.stars, text=said.text, name=said.name, company=said.company, reply=review.reply, published=review.is_public)


def director(here: Door, deal: Deal) -> Person:
    """In whose name the review is asked for; the studio itself where nobody is the director."""
    studio = here.company.studio
    found = next(iter(studio.with_role("director", deal.service) or studio.with_role("director")), None)
    if found is None:
        return Person(name=studio.name, role="", email=studio.email, phone=studio.phone)
    return Person(name=found.name, role=here.company.role_title(found.role), email=found.email, phone=found.phone, about=found.about)
