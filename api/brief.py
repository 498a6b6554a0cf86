"""The brief: shown, saved while it is typed, saved or sent by its buttons, with files."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api import brief_view, project_files
from api.brief_view import READ
from api.door import Door, Here
from api.links import BriefLink, Opened, ReadOnly
from api.posted import Form, Posted
from api.project_files import Taken
from api.staff import actor_of
from models import briefs, inbox, questionnaire, uploads
from models.answers import BriefSent
from models.pages import Form as FormView
from models.setup import chosen
from models.tables import Brief, Deal

pages = APIRouter(include_in_schema=False)


@pages.get("/b/{token}")
def show(link: BriefLink, here: Here) -> Response:
    """The brief as far as it is filled in."""
    with here.db.reading() as session:
        record = brief_view.page(session, here, link)
    return here.page("pages/brief.html", record)


@pages.get("/b/{token}/done")
def done(link: BriefLink, here: Here) -> Response:
    """What is said after saving or sending."""
    with here.db.reading() as session:
        record = brief_view.done(session, here, link)
    return here.page("pages/brief_done.html", record)


@pages.post("/b/{token}/draft")
def draft(link: BriefLink, here: Here, posted: Form) -> Response:
    """Keep what is typed so far; files come with the buttons."""
    check_may_write(link)
    with here.db.writing() as session:
        save(session, here, link, posted, partial=True)
    return Response(status_code=204)


@pages.post("/b/{token}")
def post(link: BriefLink, here: Here, posted: Form) -> Response:
    """Save or send the brief, or take a file out of it. What is right is kept even if something else is wrong (422)."""
    check_may_write(link)
    action = posted.one("action")
    taken = store(here, link, posted)
    actor, unnamed = actor_of(here, link, posted)
    problems = unnamed if action in {"save", "send"} else {}
    with here.db.writing() as session:
        if action.startswith("remove:"):
            uploads.remove(session, link.deal_id, action.removeprefix("remove:"), now=here.now())
        problems = keep(session, here, link, taken) | save(session, here, link, posted, partial=action != "send") | problems
        if action == "send" and not problems:
            send(session, here, link, actor)
    if problems and action in {"save", "send"}:
        return wrong(here, link, posted, problems)
    here.nudge()
    return RedirectResponse(f"/b/{link.token}{'' if action.startswith('remove:') else '/done'}", 303)


def check_may_write(link: Opened) -> None:
    """Raises ReadOnly behind the link of those who only read the brief."""
    if link.kind == READ:
        raise ReadOnly("This is the studio's own view of the answers. The client fills them in, or whoever the application was assigned to.")


def store(here: Door, link: Opened, posted: Posted) -> dict[str, Taken]:
    """What became of the files posted for questions that take files, by question. Raises Refused when the brief is closed."""
    taken: dict[str, Taken] = {}
    with here.db.reading() as session:
        deal = session.get_one(Deal, link.deal_id)
        briefs.check_open(session, deal)
        for question in here.company.briefs[deal.service].questions:
            files = posted.files.get(f"q_{question.slug}", []) if question.type == "file" else []
            if files:
                beside = sum(one.size for other in taken.values() for one in other.stored)
                taken[question.slug] = project_files.take(session, here, link.deal_id, question.slug, files, beside=beside)
    return taken


def keep(session: Session, here: Door, link: Opened, taken: dict[str, Taken]) -> dict[str, str]:
    """Write down the files that are on disk; what was refused, or does not fit any more, comes back as problems."""
    problems = {}
    for question, mine in taken.items():
        kept = project_files.keep(session, here, link.deal_id, question, mine)
        problems |= {f"q_{question}": said for said in project_files.problems(mine, len(kept)).values()}
    return problems


def save(session: Session, here: Door, link: Opened, posted: Posted, *, partial: bool) -> dict[str, str]:
    """Keep every answer that can be read; an answer with a problem leaves the one before in place. The problems by field."""
    deal = session.get_one(Deal, link.deal_id, with_for_update=True)
    briefs.check_open(session, deal)
    asked, files = here.company.briefs[deal.service], uploads.of_deal(session, link.deal_id)
    before = session.get(Brief, deal.id)
    raw = {question.slug: posted.all(f"q_{question.slug}") for question in asked.questions}
    if before and not any(name.startswith("q_") for name in posted.fields):  # only a button was sent: the answers are those there are
        raw = {question.slug: chosen(before.answers.get(question.slug)) for question in asked.questions}
    raw |= {question.slug: uploads.names(files, question.slug) for question in asked.questions if question.type == "file"}
    answers, problems = questionnaire.read(asked, raw, partial)
    kept: dict[str, Any] = {slug: before.answers[slug] for slug in problems if before and raw[slug] and slug in before.answers}
    briefs.save(session, deal, kept | answers, now=here.now())
    return {f"q_{slug}": problem for slug, problem in problems.items()}


def send(session: Session, here: Door, link: Opened, actor: str) -> None:
    """Record that the brief was sent as it is saved now."""
    session.flush()
    key = briefs.sending(session.get_one(Deal, link.deal_id), session.get_one(Brief, link.deal_id))
    source = "staff" if link.is_staff else "client"
    inbox.tell(session, link.deal_id, BriefSent(), source=source, external_id=key, actor=actor, now=here.now())


def wrong(here: Door, link: Opened, posted: Posted, problems: dict[str, str]) -> Response:
    """The brief again, with what was typed and what is wrong with it, in the order of its questions."""
    with here.db.reading() as session:
        asked = here.company.briefs[session.get_one(Deal, link.deal_id).service].questions
        order = [name for name in ("who", *(f"q_{question.slug}" for question in asked)) if name in problems]
        form = FormView(given=posted.given(), problems={name: problems[name] for name in [*order, *(set(problems) - set(order))]})
        record = brief_view.page(session, here, link, form)
    return here.page("pages/brief.html", record, 422)
