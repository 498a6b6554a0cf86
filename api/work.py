"""The project, the manager's page: where it stands, and a form for exactly what is theirs now."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse, Response
from sqlmodel import Session

from api import project_forms, project_view, work_forms, work_view
from api.door import Door, Here
from api.links import Opened, WorkLink
from api.posted import Form, Posted
from api.project_parts import question
from api.project_view import Asked
from api.proposal import mark
from api.staff import actor_of
from models import attempts, facts, inbox, waiting
from models.answers import Answer
from models.errors import HandedBack, Invalid, Missing, Refused
from models.pages import Form as FormView
from models.projects import Stand
from models.tables import Upload

pages = APIRouter(include_in_schema=False)
ALONE = "default-src 'none'; sandbox; frame-ancestors 'none'"
"""The policy of what strangers made: should a browser open it all the same, it runs nothing and is nobody's page."""


@dataclass(frozen=True)
class Word:
    """Something that is said by a form: which one, its name within the deal's round, how it is read, whether it still fits where things stand."""

    about: str
    name: str
    read: Callable[[Posted, Stand], work_forms.Read]
    fits: Callable[[Stand], bool] = lambda _: True


@pages.get("/w/{token}/files/{file_id}")
def file(file_id: int, link: WorkLink, here: Here) -> Response:
    """A file that the client sent for a material, to be saved: it is never shown as a page."""
    with here.db.reading() as session:
        upload = session.get(Upload, file_id) if file_id < 2**31 else None
        items = {question(item.slug) for item in project_view.there(session, link.deal_id).materials}
    if upload is None or upload.deal_id != link.deal_id or upload.question not in items or upload.removed_at:
        raise Missing("There is no such file.")
    place, alone = here.settings.home / upload.path, {"Content-Security-Policy": ALONE}
    return FileResponse(place, media_type=upload.media_type, filename=upload.name, headers=alone)


@pages.get("/w/{token}")
def show(link: WorkLink, here: Here) -> Response:
    """The project as it stands."""
    return page(here, link, Asked())


@pages.post("/w/{token}/materials/{slug}")
def review(slug: str, link: WorkLink, here: Here, posted: Form) -> Response:
    """Accept or send back one material, or do without it; another than the one looked at is refused (409)."""
    seen, decision = project_forms.number(posted, "fact"), posted.one("decision")
    name = f"material/{slug}/{seen}/{decision}/{mark(posted.one('reason'))}"

    def is_seen(stand: Stand) -> bool:
        return decision == "waive" or stand.material(slug).sent_fact == seen

    return say(here, link, posted, Word(f"material-{slug}", name, lambda form, _: work_forms.read_review(slug, form), is_seen))


@pages.post("/w/{token}/stage")
def ready(link: WorkLink, here: Here, posted: Form) -> Response:
    """Show the current stage, or its next version; where another was shown meanwhile it is refused (409)."""
    seen, slug = project_forms.number(posted, "version"), posted.one("stage")
    name = f"stage/{slug}/v{seen + 1}/{mark(posted.one('url'), posted.one('note'))}"
    return say(here, link, posted, Word("stage", name, lambda form, _: work_forms.read_ready(form), lambda stand: stand.stage(slug).version == seen))


@pages.post("/w/{token}/change")
def price(link: WorkLink, here: Here, posted: Form) -> Response:
    """Put a price on the changes that the client asked for."""
    name = f"stage/{posted.one('stage')}/offer/{project_forms.number(posted, 'number') + 1}"
    return say(here, link, posted, Word("change", name, lambda form, _: work_forms.read_offer(form)))


@pages.post("/w/{token}/launch")
def launch(link: WorkLink, here: Here, posted: Form) -> Response:
    """The launch checklist, every item ticked."""
    return say(here, link, posted, Word("launch", "launch", lambda form, stand: work_forms.read_launch(form, stand.plan.checklist)))


@pages.post("/w/{token}/mended")
def mended(link: WorkLink, here: Here, posted: Form) -> Response:
    """The faults that the client named are put right."""
    number = project_forms.number(posted, "number")
    return say(here, link, posted, Word("mended", f"mended/{number}", lambda form, _: work_forms.read_mended(form), work_view.has_faults))


@pages.post("/w/{token}/access")
def access(link: WorkLink, here: Here, posted: Form) -> Response:
    """The inventory of accesses; told again it takes the place of the one before."""
    told = mark(*(posted.one(f"{name}_{row}") for row in range(work_forms.ROWS) for name in ("what", "where", "held_by")))
    return say(here, link, posted, Word("access", f"access/{told}", lambda form, stand: work_forms.read_access(form, stand.plan.access)))


@pages.post("/w/{token}/date")
def move_date(link: WorkLink, here: Here, posted: Form) -> Response:
    """The studio needs longer than it promised."""
    return say(here, link, posted, Word("date", f"date/{project_forms.number(posted, 'number') + 1}", lambda form, _: work_forms.read_move(form)))


def say(here: Door, link: Opened, posted: Posted, word: Word) -> Response:
    """Record what somebody of the studio says, once; with problems the form comes back (422), what makes no sense now is refused (409)."""
    actor, unnamed = actor_of(here, link, posted)
    with here.db.reading() as session:
        stand = project_view.there(session, link.deal_id)
    said, problems = word.read(posted, stand)
    if said is None or unnamed:
        return page(here, link, Asked(about=word.about, form=FormView(given=posted.given(), problems=problems | unnamed)), 422)
    try:
        refused = attempts.written_down(here.db, link.deal_id, attempts.what_of(said), actor, here.now())
        with refused, here.db.writing() as session:
            record(session, here, link, word, said, actor)
    except HandedBack as back:
        return page(here, link, Asked(refused=str(back)), 409)
    except (Invalid, Missing):
        raise
    except Refused as late:
        lost = posted.one("note") or posted.one("text") or posted.one("reason")
        return page(here, link, Asked(is_late=True, refused=str(late), lost=lost), 409)
    here.nudge()
    return RedirectResponse(f"/w/{link.token}", 303)


def record(session: Session, here: Door, link: Opened, word: Word, said: Answer, actor: str) -> None:
    """Tell it under its name; what was told under that before is not told again. Raises Refused where the form was about something else."""
    deal = waiting.lock(session, link.deal_id)
    name = f"deal/{link.deal_id}/r{deal.round}/work/{word.name}"
    if not facts.find(session, "staff", name) and not word.fits(project_view.there(session, link.deal_id)):
        raise Refused("This changed while you were reading.")
    inbox.tell(session, link.deal_id, said, source="staff", external_id=name, actor=actor, now=here.now())


def page(here: Door, link: Opened, asked: Asked, status: int = 200) -> Response:
    """The page as things stand."""
    with here.db.reading() as session:
        record = work_view.page(session, here, link, asked)
    return here.page("pages/work.html", record, status)
