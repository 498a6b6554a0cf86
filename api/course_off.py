"""The way out of the course: one press, on the page or in a mail program; and the way back into it, beside it."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from api.door import Door, Here
from api.links import CourseOffLink, Opened
from models import course_state, inbox, waiting
from models.after_answers import CourseAnswered
from models.pages import CourseOffPage
from models.tables import Client, Deal

pages = APIRouter(include_in_schema=False)


@pages.get("/x/{token}")
def show(link: CourseOffLink, here: Here) -> Response:
    """The question whether to stop the letters, or that they are stopped."""
    return page(here, link)


@pages.post("/x/{token}")
def stop(link: CourseOffLink, here: Here) -> Response:
    """Stop the letters: from the page, or by one click in a mail program (RFC 8058), which follows no redirect. Pressed again it is once."""
    answer(here, link, "no")
    return page(here, link)


@pages.post("/x/{token}/again")
def take_back(link: CourseOffLink, here: Here) -> Response:
    """The client wants the letters after all. Raises Refused (409) where there is no project any more."""
    answer(here, link, "yes")
    return RedirectResponse(f"/x/{link.token}", 303)


def answer(here: Door, link: Opened, decision: Literal["yes", "no"]) -> None:
    """Tell the client's word, unless it stands already."""
    with here.db.writing() as session:
        deal = waiting.lock(session, link.deal_id)
        is_off = session.get_one(Client, deal.client_id).course_off_at is not None
        if is_off == (decision == "no"):
            return
        key = f"deal/{deal.id}/course/{decision}/{course_state.answers(session, deal) + 1}"
        inbox.tell(session, link.deal_id, CourseAnswered(decision=decision), source="client", external_id=key, actor="client", now=here.now())
    here.nudge()


def page(here: Door, link: Opened) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        client = session.get_one(Client, session.get_one(Deal, link.deal_id).client_id)
    record = CourseOffPage(chrome=here.chrome, action=f"/x/{link.token}", email=client.email, done=client.course_off_at is not None)
    return here.page("pages/course_off.html", record)
