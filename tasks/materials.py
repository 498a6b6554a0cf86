"""Steps of the checklist: what is still asked for, who is told, what everything that is there sets going."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from models import inbox, project_facts, projects, waiting, wanted
from models.answer import Answer
from models.delivery_answers import MaterialReviewed, MaterialsComplete, MaterialSent, WorkPaused
from models.errors import Refused
from models.letters import LetterOrder
from models.projects import START, Stand
from models.stage_state import MaterialStand
from models.stages import Stage
from models.tables import Deal, Fact, Wait
from models.tracks import Work, move
from tasks import deals, letters, runs
from tasks.step import step
from tasks.world import World, world

KINDS: tuple[type[Answer], ...] = (MaterialReviewed, MaterialSent)
"""Both may come whoever's move it is; the first is the form that an operator sees."""


@step
def look(deal_id: int, heard: int) -> dict[str, Any]:  # noqa: ARG001 (each look is another call)
    """What is still asked for: {asks: [{key, whose, what, ladder, item}]}. What is complete by now is told, and lets production begin."""
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id, with_for_update=True)
        runs.keep(session)  # of work that was cancelled meanwhile nothing begins
        stand = projects.stand(session, deal)
        for before in sorted({item.plan.before for item in stand.materials}):
            if all(item.is_settled for item in stand.needed_for(before)):
                _complete(session, here, stand, before)
        asks = [_ask(deal, item) for item in stand.materials if not item.is_settled]
    here.nudge()
    return {"asks": asks}


def _ask(deal: Deal, item: MaterialStand) -> dict[str, str]:
    """A paused project reminds nobody: the client was told, and is waited for."""
    is_client = item.place == "missing"
    ladder = "" if deal.work == Work.PAUSED else "materials" if is_client else "material-review"
    what = f"{item.plan.title}" if is_client else f"a word on “{item.plan.title}”"
    return {"key": f"material-{item.slug}", "whose": "client" if is_client else "studio", "what": what[:300], "ladder": ladder, "item": item.slug}


def _complete(session: Session, here: World, stand: Stand, before: str) -> None:
    """Tell once that everything is there for a stage; what the beginning needs lets production begin, paused or not."""
    deal, name = stand.deal, before or START
    key = f"deal/{deal.id}/r{deal.round}/materials/{name}"
    fact, is_new = inbox.tell(
        session, deal.id or 0, MaterialsComplete(item=name), source="system", external_id=key, actor="system", now=here.now()
    )
    if is_new and not before:
        begin_production(session, deal, fact, here.now())
    elif is_new and stand.current and stand.current.slug == before:
        project_facts.come_back(session, deal, MaterialsComplete(item=name), fact, here.now())  # a waiver ends a pause, too


def begin_production(session: Session, deal: Deal, fact: Fact, now: datetime) -> None:
    """Move the work on from its materials, and want the production, where that has not happened."""
    if deal.work in {Work.MATERIALS, Work.PAUSED}:
        move(session, deal, Work.PRODUCTION, why="everything is there to begin", fact=fact, now=now)
    if not wanted.was_wanted(session, Stage.PRODUCTION, deal):
        wanted.want(session, Stage.PRODUCTION, deal=deal, fact=fact, now=now)


@step
def pause(deal_id: int, place: str) -> str:
    """Pause the project over a material that nobody sent, once per silence; return where the work stands.

    Before production it is paused as the contract says; later the stage that needs the material pauses it, and here the manager is told.
    """
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id, with_for_update=True)
        what = _what(session, deal, place)
        key = f"deal/{deal_id}/r{deal.round}/materials/silent/{place.replace('#', '-')}"
        if deal.work == Work.MATERIALS and projects.contract_of(session, deal).terms.silence_pauses:
            inbox.tell(session, deal_id, WorkPaused(what=what), source="clock", external_id=key, actor="system", now=here.now())
        work = deal.work
    order = LetterOrder(name="client-silent", deal_id=deal_id, to="project_manager", facts={"what": what})
    letters.send(key, order)
    here.nudge()
    return work


def _what(session: Session, deal: Deal, place: str) -> str:
    spot = waiting.Spot(deal.id or 0, Stage.MATERIALS, deal.round, place, "")
    wait: Wait | None = waiting.find(session, spot)
    return wait.what if wait else "the materials"


@step
def tell_manager(deal_id: int, heard: int) -> list[str]:  # noqa: ARG001 (as above)
    """Tell the project manager of each material that came and nobody has looked at; return the effects' states."""
    with world().db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        sent = [item for item in projects.stand(session, deal).materials if item.place == "sent"]
    states = []
    for item in sent:
        words = {"item": item.slug, "item_title": item.plan.title, "fact": str(item.sent_fact)}
        order = LetterOrder(name="materials-sent", deal_id=deal_id, to="project_manager", facts=words)
        states.append(letters.send(f"deal/{deal_id}/r{deal.round}/material/{item.slug}/sent/{item.sent_fact}", order).state)
    return states


@step
def conclude_materials(deal_id: int) -> str:
    """End this stage: everything is there; return where the work stands. Raises Refused while something is still asked for."""
    here, run = world(), runs.current()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id, with_for_update=True)
        if any(not item.is_settled for item in projects.stand(session, deal).materials):
            raise Refused("A material is still asked for.")
        deals.finish(session, run)
        return deal.work
