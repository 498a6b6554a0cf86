"""The way back: a client whose deal was closed opens it again by one press. And the way out: no more reminders."""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api.door import Door, Here
from api.intake import address_of
from api.links import ComebackLink, Opened, UnsubscribeLink
from api.posted import Form
from models import facts, inbox
from models.answers import LinkAsked, RemindersStopped, Reopened
from models.intake import normal_email
from models.pages import ComebackPage, LinkSentPage, LinkUnknownPage, UnsubscribePage
from models.pages import Form as FormView
from models.tables import Client, Deal
from models.tracks import CLOSED, Sales

pages = APIRouter(include_in_schema=False)
LINKS_AN_HOUR = 20
DEALS_AT_ONCE = 3


@pages.get("/r/{token}")
def show(link: ComebackLink, here: Here) -> Response:
    """The button, or that it was pressed."""
    with here.db.reading() as session:
        deal = session.get_one(Deal, link.deal_id)
        record = ComebackPage(
            chrome=here.chrome, token=link.token, client_name=session.get_one(Client, deal.client_id).name,
            service_name=here.service(deal.service), state=state(session, deal),
        )  # fmt: skip
    return here.page("pages/comeback.html", record)


@pages.post("/r/{token}")
def come_back(link: ComebackLink, here: Here) -> Response:
    """Open the deal's next round. Pressed again, it stays with the first time."""
    with here.db.writing() as session:
        deal = session.get_one(Deal, link.deal_id)
        if deal.sales in CLOSED:
            key = f"deal/{deal.id}/r{deal.round}/reopened"
            answer = Reopened(reason="the client came back")
            inbox.tell(session, link.deal_id, answer, source="client", external_id=key, actor="client", now=here.now())
    here.nudge()
    return RedirectResponse(f"/r/{link.token}", 303)


def state(session: Session, deal: Deal) -> Literal["open", "done", "closed"]:
    """Whether the deal may be opened again, was just opened by its client, or is open anyway."""
    if deal.sales in CLOSED:
        return "open"
    is_back = any(fact.actor == "client" for fact in facts.of_deal(session, deal.id or 0, Reopened.kind))
    return "done" if is_back and deal.sales == Sales.BRIEFING else "closed"


@pages.get("/u/{token}")
def show_unsubscribe(link: UnsubscribeLink, here: Here) -> Response:
    """The question whether to stop the reminders."""
    return unsubscribe_page(here, link)


@pages.post("/u/{token}")
def unsubscribe(link: UnsubscribeLink, here: Here) -> Response:
    """Stop the reminders: from the page, or by one click in a mail program (RFC 8058)."""
    with here.db.writing() as session:
        key = f"deal/{link.deal_id}/reminders-stopped"
        inbox.tell(session, link.deal_id, RemindersStopped(), source="client", external_id=key, actor="client", now=here.now())
    return unsubscribe_page(here, link)


def unsubscribe_page(here: Door, link: Opened) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        client = session.get_one(Client, session.get_one(Deal, link.deal_id).client_id)
    record = UnsubscribePage(chrome=here.chrome, action=f"/u/{link.token}", email=client.email, done=client.reminders_off_at is not None)
    return here.page("pages/unsubscribe.html", record)


@pages.post("/links")
def ask_for_links(request: Request, here: Here, posted: Form) -> Response:
    """Mail fresh links to an address if it is a client's; the answer is the same if it is not."""
    email = normal_email(posted.one("email"))
    if not email:
        wrong = FormView(given=posted.given(), problems={"email": "Please give us the e-mail address that we write to."})
        return here.page("pages/link_unknown.html", LinkUnknownPage(chrome=here.chrome, form=wrong), 422)
    if here.robots.allows("links", address_of(request), LINKS_AN_HOUR):
        mail_links(here, email)
    return here.page("pages/link_sent.html", LinkSentPage(chrome=here.chrome, email=posted.one("email")[:320]))


def mail_links(here: Door, email: str) -> None:
    """Ask for a new link of each of a client's newest deals, at most once an hour: the open ones, or the last."""
    now = here.now()
    with here.db.writing() as session:
        deals = inbox.deals_by_mail(session, email)
        for deal in [deal for deal in deals if deal.sales not in CLOSED][:DEALS_AT_ONCE] or deals[:1]:
            key = f"deal/{deal.id}/link-asked/{now:%Y-%m-%dT%H}"
            inbox.tell(session, deal.id or 0, LinkAsked(), source="client", external_id=key, actor="client", now=now)
    here.nudge()
