"""The question about our minimum: shown, answered."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.door import Door, Here
from api.links import Opened, QualifyLink
from api.posted import Form
from models import facts, inbox
from models.answers import QualifyAnswer
from models.errors import Invalid, Refused
from models.pages import QualifyPage
from models.tables import Client, Deal
from models.tracks import CLOSED

pages = APIRouter(include_in_schema=False)


@pages.get("/q/{token}")
def show(link: QualifyLink, here: Here) -> Response:
    """The question, or what was answered."""
    return page(here, link)


@pages.post("/q/{token}/answer")
def answer(link: QualifyLink, here: Here, posted: Form) -> Response:
    """Record the client's word; a second, different one is refused (409)."""
    decision = posted.one("decision")
    if decision not in {"talk", "out"}:
        raise Invalid("Please press one of the two buttons.")
    try:
        with here.db.writing() as session:
            key = f"deal/{link.deal_id}/r{session.get_one(Deal, link.deal_id).round}/qualification/{decision}"
            said = QualifyAnswer.model_validate({"decision": decision})
            inbox.tell(session, link.deal_id, said, source="client", external_id=key, actor="client", now=here.now())
    except Refused:
        return page(here, link, 409)
    here.nudge()
    return RedirectResponse(f"/q/{link.token}", 303)


def page(here: Door, link: Opened, status: int = 200) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        deal = session.get_one(Deal, link.deal_id)
        small = here.company.studio.small_budgets
        where = f"{small.cheaper_name} ({small.cheaper_url})" if small.cheaper_url else small.cheaper_name
        record = QualifyPage(
            chrome=here.chrome, token=link.token, client_name=session.get_one(Client, deal.client_id).name,
            service_name=here.service(deal.service), minimum=here.minimum,
            advice=[line.replace("{cheaper}", where) for line in small.advice], state=state(session, deal),
        )  # fmt: skip
    return here.page("pages/qualify.html", record, status)


def state(session: Session, deal: Deal) -> Literal["open", "out", "talk", "closed"]:
    """What became of the question in this round."""
    about = facts.subject(deal.id or 0, deal.round, inbox.NOUNS[QualifyAnswer])
    told = [fact for fact in facts.of_deal(session, deal.id or 0, QualifyAnswer.kind) if fact.subject == about]
    if told:
        return "talk" if told[-1].payload["decision"] == "talk" else "out"
    return "closed" if deal.sales in CLOSED or deal.round > 1 else "open"
