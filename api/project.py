"""The project, the client's page: seen, and answered where it is their move."""

from contextlib import AbstractContextManager

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from api import project_files, project_forms, project_view
from api.door import Door, Here
from api.links import Opened, ProjectLink, ReadOnly
from api.posted import Form, Posted
from api.project_parts import question
from api.project_view import Asked
from api.proposal import mark
from models import attempts, facts, inbox, project_facts, projects, training, uploads, waiting
from models.after_answers import CourseAnswered, TrainingAnswered
from models.answers import Answer
from models.delivery_answers import MaterialSent
from models.errors import HandedBack, Invalid, Missing, Refused
from models.pages import Form as FormView
from models.stage_state import MaterialStand
from models.tables import Deal

pages = APIRouter(include_in_schema=False)


@pages.get("/j/{token}")
def show(link: ProjectLink, here: Here) -> Response:
    """The project as it stands."""
    return page(here, link, Asked())


@pages.post("/j/{token}/stage")
def stage(link: ProjectLink, here: Here, posted: Form) -> Response:
    """Approve a stage as it was shown, or send one list of changes; another version than the one shown is refused (409)."""
    check_is_client(link)
    said, problems = project_forms.read_stage(posted)
    if said is None:
        return again(here, link, posted, "stage", problems)
    key = f"stage/{said.stage}/v{said.version}/{said.decision}/{mark(said.text)}"
    return answered(here, link, said, key, lost=said.text)


@pages.post("/j/{token}/change")
def change(link: ProjectLink, here: Here, posted: Form) -> Response:
    """Take a change at the total shown, or leave it; what was answered or has changed is refused (409)."""
    check_is_client(link)
    said, problems = project_forms.read_change(posted)
    if said is None:
        return again(here, link, posted, "change", problems)
    return answered(here, link, said, f"stage/{said.stage}/offer/{said.offer}/{said.decision}")


@pages.post("/j/{token}/materials/{slug}")
def material(slug: str, link: ProjectLink, here: Here, posted: Form) -> Response:
    """Send a material, or take one of its files out. What is right is kept even if something else is wrong (422)."""
    check_is_client(link)
    action, probe = posted.one("action"), MaterialSent(item=slug[:60], text="-")
    try:
        with written_down(here, link, probe):
            return remove(here, link, slug, action.removeprefix("remove:")) if action.startswith("remove:") else send(here, link, slug, posted)
    except (Invalid, Missing):
        raise
    except Refused as late:
        return page(here, link, Asked(refused=str(late), lost=posted.one("text")), 409)


@pages.post("/j/{token}/training")
def choose_training(link: ProjectLink, here: Here, posted: Form) -> Response:
    """Book a slot of the training, or say that none is wanted; what is answered is not answered again (409)."""
    check_is_client(link)
    with here.db.reading() as session:
        deal = session.get_one(Deal, link.deal_id)
        said, problems = project_forms.read_training(session, here, deal, posted)
        before = training.answered(session, deal)
    if said is None:
        return again(here, link, posted, "training", problems)
    if before and TrainingAnswered.model_validate(before.payload).slot != said.slot:
        return page(here, link, Asked(is_late=True), 409)
    return answered(here, link, said, f"training/{said.decision}/{said.slot.isoformat() if said.slot else ''}", about="training")


@pages.post("/j/{token}/course")
def course(link: ProjectLink, here: Here, posted: Form) -> Response:
    """Keep whether the client wants the letters; pressing twice is once."""
    check_is_client(link)
    said = project_forms.read_course(posted)
    with here.db.reading() as session:
        told = facts.of_deal(session, link.deal_id, CourseAnswered.kind)
    if told and told[-1].payload["decision"] == said.decision:
        return RedirectResponse(f"/j/{link.token}", 303)
    return answered(here, link, said, f"course/{len(told) + 1}")


def send(here: Door, link: Opened, slug: str, posted: Posted) -> Response:
    """Keep the files that are right, and tell what was sent once nothing is wrong. Raises Refused where nobody asks for it any more."""
    words, problems = project_forms.read_words(posted)
    with here.db.reading() as session:
        asked(session, here, session.get_one(Deal, link.deal_id), slug)
        taken = project_files.take(session, here, link.deal_id, question(slug), posted.files.get("files", []))
    with here.db.writing() as session:
        item = asked(session, here, waiting.lock(session, link.deal_id), slug)
        kept = project_files.keep(session, here, link.deal_id, question(slug), taken)
        problems |= project_files.problems(taken, len(kept))
        said = project_forms.material(slug, kept, words) if not problems else None
        if said:
            key = f"material/{slug}/{item.asked}/{mark(*sorted(one.sha256 for one in kept), said.link, said.text)}"
            record(session, here, link, said, key)
        elif not problems:
            problems = {"files": "Please add a file, a link or a few words."}
    if problems:
        return again(here, link, posted, f"material-{slug}", problems)
    here.nudge()
    return RedirectResponse(f"/j/{link.token}", 303)


def remove(here: Door, link: Opened, slug: str, upload_id: str) -> Response:
    """Take a file out of a material that nobody has accepted. Raises Refused for the last thing that was sent."""
    with here.db.writing() as session:
        item = asked(session, here, waiting.lock(session, link.deal_id), slug)
        mine = [one for one in uploads.of_deal(session, link.deal_id) if one.question == question(slug)]
        if any(str(one.id) == upload_id for one in mine):
            if item.place == "sent" and len(mine) == 1:
                raise Refused("This file is all that you sent. Please send the right one first, then take this one out.")
            uploads.remove(session, link.deal_id, upload_id, now=here.now())
    return RedirectResponse(f"/j/{link.token}#m-{slug}", 303)


def asked(session: Session, here: Door, deal: Deal, slug: str) -> MaterialStand:
    """The material, as long as it is asked for. Raises HandedBack, Missing or Refused where it is not."""
    project_facts.check_under_way(session, deal, MaterialSent(item=slug[:60], text="-"), here.now())
    item = projects.stand(session, deal).material(slug)
    if item.is_settled:
        raise Refused(f"We have “{item.plan.title}” already. Please write to us, should it have to change.")
    return item


def answered(here: Door, link: Opened, said: Answer, key: str, *, lost: str = "", about: str = "") -> Response:
    """Tell what the client said, and show the page. What came too late is refused with the page as it stands (409); `lost` is shown on it."""
    try:
        with written_down(here, link, said), here.db.writing() as session:
            record(session, here, link, said, key)
    except HandedBack as back:
        return page(here, link, Asked(refused=str(back)), 409)
    except (Invalid, Missing):
        raise
    except Refused as late:
        if about:
            return page(here, link, Asked(about=about, form=FormView(problems={"slot": str(late)})), 409)
        return page(here, link, Asked(is_late=True, lost=lost), 409)
    here.nudge()
    return RedirectResponse(f"/j/{link.token}", 303)


def record(session: Session, here: Door, link: Opened, said: Answer, what: str) -> None:
    """Tell something under a name within the deal's round, so that pressing twice is once."""
    key = f"deal/{link.deal_id}/r{session.get_one(Deal, link.deal_id).round}/project/{what}"
    inbox.tell(session, link.deal_id, said, source="client", external_id=key, actor="client", now=here.now())


def written_down(here: Door, link: Opened, said: Answer) -> AbstractContextManager[None]:
    """What is tried inside by a client who is support's now is written down, in a transaction of its own."""
    return attempts.written_down(here.db, link.deal_id, attempts.what_of(said), "client", here.now())


def again(here: Door, link: Opened, posted: Posted, about: str, problems: dict[str, str]) -> Response:
    """The page with the form that has problems (422)."""
    return page(here, link, Asked(about=about, form=FormView(given=posted.given(), problems=problems)), 422)


def page(here: Door, link: Opened, asked: Asked, status: int = 200) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        record, locale = project_view.page(session, here, link, asked), session.get_one(Deal, link.deal_id).locale
    return here.page("pages/project.html", record, status, locale=locale)


def check_is_client(link: Opened) -> None:
    """Raises ReadOnly behind a staff link."""
    if link.is_staff:
        raise ReadOnly("This is the studio's own view of the project. Only the client can answer here, by the link in their letter.")
