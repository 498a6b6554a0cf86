"""The project manager's word that a payment of the plan has fallen due."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from api.door import Door, Here
from api.links import MilestoneLink, Opened
from api.posted import Form
from api.proposal import number
from api.staff import actor_of
from models import cash, inbox
from models.cash_answers import MilestoneReached
from models.cash_pages import MilestonePage
from models.delivery_facts import last_told, next_due
from models.errors import Refused
from models.pages import Form as FormView
from models.tables import Client, Deal

pages = APIRouter(include_in_schema=False)


@pages.get("/m/{token}")
def show(link: MilestoneLink, here: Here) -> Response:
    """The next payment of the plan, or that none is left."""
    return page(here, link)


@pages.post("/m/{token}")
def post(link: MilestoneLink, here: Here, posted: Form) -> Response:
    """Record that the payment shown is due; one that was recorded already is refused (409)."""
    actor, unnamed = actor_of(here, link, posted)
    text = posted.one("text")
    problems = unnamed | ({"text": "Please keep this under 2,000 characters."} if len(text) > 2000 else {})  # noqa: PLR2004
    if problems:
        return page(here, link, 422, FormView(given=posted.given(), problems=problems))
    try:
        with here.db.writing() as session:
            key = f"deal/{link.deal_id}/r{session.get_one(Deal, link.deal_id).round}/milestone/{posted.one('payment')}"
            said = MilestoneReached(payment=number(posted, "payment"), text=text)
            inbox.tell(session, link.deal_id, said, source="staff", external_id=key, actor=actor, now=here.now())
    except Refused:
        return page(here, link, 409)
    here.nudge()
    return RedirectResponse(f"/m/{link.token}", 303)


def page(here: Door, link: Opened, status: int = 200, form: FormView | None = None) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        deal = session.get_one(Deal, link.deal_id)
        client, body = session.get_one(Client, deal.client_id), cash.agreed(session, deal)
        due = next_due(session, deal)
        last = last_told(session, deal)
        one = body.schedule[(due or last) - 1]
        record = MilestonePage(
            chrome=here.chrome, token=link.token, deal_id=link.deal_id, client_name=client.name, client_company=client.company,
            service_name=here.service(deal.service), payment=one.part, title=one.title, when=one.when, amount=one.gross,
            state=state(due, last), people=[person.name for person in here.company.studio.people], form=form or FormView(),
        )  # fmt: skip
    return here.page("pages/milestone.html", record, status)


def state(due: int, last: int) -> Literal["open", "reached", "closed"]:
    """Whether something is to be said, or was said; the first payment is due without a word."""
    if due:
        return "open"
    return "reached" if last > 1 else "closed"
