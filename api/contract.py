"""The salesperson's word on the contract: signed, or not going to be."""

from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session

from api.door import Door, Here
from api.links import ContractLink, Opened
from api.posted import Form, Posted
from api.proposal import mark
from api.proposal_view import newest
from api.staff import actor_of
from models import facts, inbox
from models.answers import ContractWord
from models.errors import Refused
from models.money import Money
from models.pages import Choice, ContractWordPage
from models.pages import Form as FormView
from models.proposal import Snapshot
from models.tables import Client, Deal, Document
from models.totals import totals
from models.tracks import CLOSED

pages = APIRouter(include_in_schema=False)
LOST_REASONS = [
    Choice(value="price", label="The price"), Choice(value="silent", label="They went silent"),
    Choice(value="another studio", label="They chose another studio"), Choice(value="postponed", label="Their plans changed"),
    Choice(value="terms", label="The terms of the contract"), Choice(value="other", label="Something else"),
]  # fmt: skip


@pages.get("/k/{token}")
def show(link: ContractLink, here: Here) -> Response:
    """The question, or what was recorded."""
    return page(here, link)


@pages.post("/k/{token}")
def post(link: ContractLink, here: Here, posted: Form) -> Response:
    """Record the salesperson's word; a second one is refused (409)."""
    actor, unnamed = actor_of(here, link, posted)
    word, problems = read(here, posted)
    if word is None or unnamed:
        return page(here, link, 422, FormView(given=posted.given(), problems=problems | unnamed))
    try:
        with here.db.writing() as session:
            round_ = session.get_one(Deal, link.deal_id).round
            key = f"deal/{link.deal_id}/r{round_}/contract/{mark(word.model_dump_json())}"
            inbox.tell(session, link.deal_id, word, source="staff", external_id=key, actor=actor, now=here.now())
    except Refused:
        return page(here, link, 409)
    here.nudge()
    return RedirectResponse(f"/k/{link.token}", 303)


def read(here: Door, posted: Posted) -> tuple[ContractWord | None, dict[str, str]]:
    """The word typed, or the problems by field."""
    outcome, text = posted.one("decision"), posted.one("text")
    label = next((choice.label for choice in LOST_REASONS if choice.value == posted.one("reason")), "")
    if outcome not in {"signed", "lost"}:
        return None, {"decision": "Please choose what happened."}
    if outcome == "lost" and not label:
        return None, {"reason": "Please choose why it will not be signed."}
    signed_on, wrong = read_day(here, posted.one("signed_on")) if outcome == "signed" else (None, "")
    if wrong:
        return None, {"signed_on": wrong}
    reason = ": ".join(filter(None, (label if outcome == "lost" else "", text)))
    try:
        return ContractWord(outcome=outcome, on=signed_on, reason=reason), {}
    except ValidationError:
        return None, {"text": "Please keep this under 4,900 characters."}


def read_day(here: Door, text: str) -> tuple[date | None, str]:
    """The day of signing, not one to come; or what is wrong with it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None, "Please give the day of signing as year-month-day."
    return (None, "That day is still to come.") if day > today(here) else (day, "")


def today(here: Door) -> date:
    """Today, where the studio is."""
    return here.now().astimezone(ZoneInfo(here.company.studio.zone)).date()


def page(here: Door, link: Opened, status: int = 200, form: FormView | None = None) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        deal, document = session.get_one(Deal, link.deal_id), newest(session, link.deal_id)
        client = session.get_one(Client, deal.client_id)
        record = ContractWordPage(
            chrome=here.chrome, token=link.token, deal_id=link.deal_id, client_name=client.name, client_company=client.company,
            service_name=here.service(deal.service), total=agreed(document), lost_reasons=LOST_REASONS, today=today(here),
            people=[person.name for person in here.office], state=state(session, deal), form=form or FormView(),
        )  # fmt: skip
    return here.page("pages/contract_word.html", record, status)


def agreed(document: Document) -> Money:
    """The gross total as accepted; before that, as proposed without options."""
    if document.totals:
        return Money.model_validate(document.totals["gross"])
    return totals(Snapshot.model_validate(document.body), []).gross


def state(session: Session, deal: Deal) -> Literal["open", "signed", "lost"]:
    """What was said about this round's contract."""
    about = facts.subject(deal.id or 0, deal.round, inbox.NOUNS[ContractWord])
    told = [fact for fact in facts.of_deal(session, deal.id or 0, ContractWord.kind) if fact.subject == about]
    if told:
        return "signed" if told[-1].payload["outcome"] == "signed" else "lost"
    return "lost" if deal.sales in CLOSED else "open"
