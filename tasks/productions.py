"""Steps of production: where a stage stands, who is told, what follows, what silence means. Longer than 200: all that is read from one stand."""

from datetime import date, datetime, timedelta

from sqlmodel import Session

from models import changes, inbox, project_clock, projects, silence, waiting, wanted
from models.answer import Answer
from models.course import begins_at
from models.delivery_answers import ChangeAnswered, ChangeOffered, MaterialsComplete, StageAnswered, StageDeemed, StageReady, WorkPaused
from models.errors import Refused
from models.letters import LetterOrder
from models.projects import Stand
from models.stage_state import StageStand
from models.stages import Stage
from models.tables import Deal, Wait
from models.tracks import Work, move
from models.worktime import at
from tasks import deals, letters, runs
from tasks.step import step
from tasks.world import World, world

_ABOUT: tuple[type[Answer], ...] = (StageReady, StageAnswered, ChangeOffered, ChangeAnswered, StageDeemed)


def _first(model: type[Answer]) -> tuple[type[Answer], ...]:
    return (model, *(one for one in _ABOUT if one is not model))


KINDS: dict[str, tuple[type[Answer], ...]] = {
    "materials": (MaterialsComplete,), "working": _ABOUT, "shown": _first(StageAnswered), "changes": _ABOUT, "beyond": _first(ChangeOffered),
    "priced": _first(ChangeAnswered),
}  # fmt: skip
"""Whatever is told about a stage is heard in the order in which it came; the first kind is the form that an operator sees."""
LADDERS = {
    "materials": "materials-late", "working": "stage-ready", "shown": "stage-approval", "changes": "stage-changes", "beyond": "change-price",
    "priced": "change-offer",
}  # fmt: skip
CLIENTS = frozenset({"materials", "shown", "priced"})
"""Where it is the client's move."""


@step
def look(deal_id: int, heard: int) -> dict[str, str]:  # noqa: ARG001 (each look is another call)
    """Where the current stage stands: {stage, title, place, version, whose, ladder, starts}; stage is "" when all are accepted."""
    here = world()
    with here.db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        stand = projects.stand(session, deal)
        stage = stand.current
        due = project_clock.ready_on(session, here.company, deal, stage.slug, here.now()) if stage else None
    if stage is None or due is None:
        return {"stage": "", "title": "", "place": "", "version": "0", "whose": "", "ladder": "", "starts": ""}
    place = place_of(stand, stage)
    whose = "client" if place in CLIENTS and not _is_looking(stand, stage, place) else "studio"
    return {
        "stage": stage.slug, "title": stage.plan.title, "place": place, "version": str(stage.version), "whose": whose,
        "ladder": "" if deal.work == Work.PAUSED else LADDERS[place], "starts": _close(here, due).isoformat() if place == "working" else "",
    }  # fmt: skip


def place_of(stand: Stand, stage: StageStand) -> str:
    """Where a stage stands; one that nobody has begun stands at its materials, as long as some that it needs are not there."""
    lacks = any(not item.is_settled for item in stand.needed_for(stage.slug))
    return "materials" if stage.place == "working" and lacks else stage.place


def _is_looking(stand: Stand, stage: StageStand, place: str) -> bool:
    """Whether a stage lacks only materials that have come, and that nobody here has looked at."""
    return place == "materials" and all(item.place != "missing" for item in stand.needed_for(stage.slug))


def _close(here: World, day: date) -> datetime:
    """The close of the day on which a stage should be ready, or now where that has passed."""
    studio = here.company.studio
    return max(here.now() - timedelta(seconds=1), at(day, studio.office.closes, studio.zone))


@step
def tell_accepted(deal_id: int, heard: int) -> list[str]:  # noqa: ARG001 (as above)
    """What follows from the stages accepted so far, each once: the letter that says what the next will ask, the payments that are due.

    Two stages before the end the letters on what happens after the launch are wanted. Returns the letters' states.
    """
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id, with_for_update=True)
        runs.keep(session)  # of work that was cancelled meanwhile nothing more is asked
        stand, fact = projects.stand(session, deal), deals.cause(session, deal_id)
        own = projects.contract_of(session, deal)
        schedule = changes.with_changes(session, deal, own).schedule
        for part in changes.due(stand, schedule, own=len(own.schedule), is_launched=False):
            changes.want_invoice(session, deal, part, fact=fact, now=here.now())
        begins = begins_at([stage.slug for stage in stand.plan.stages])
        reached = {stage.slug for stage in stand.accepted} | ({stand.current.slug} if stand.current else set())
        if begins in reached and not wanted.was_wanted(session, Stage.NEXT_STEPS, deal):
            wanted.want(session, Stage.NEXT_STEPS, deal=deal, fact=fact, now=here.now())
    here.nudge()
    return [state for stage in stand.accepted for state in thank(deal, stage)]


def thank(deal: Deal, stage: StageStand) -> list[str]:
    """Say to client and manager that a stage is accepted, once a stage; return the effects' states."""
    key, words = f"deal/{deal.id}/r{deal.round}/stage/{stage.slug}/accepted", {"stage": stage.slug}
    name = "stage-done" if not stage.plan.approval else "stage-deemed" if stage.is_deemed else "stage-accepted"
    states = [letters.send(key, LetterOrder(name=name, deal_id=deal.id or 0, to="client", facts=words)).state]
    if stage.plan.approval:
        staff = LetterOrder(name="stage-accepted-staff", deal_id=deal.id or 0, to="project_manager", facts=words)
        states.append(letters.send(f"{key}/staff", staff).state)
    return states


@step
def tell_whose_move(deal_id: int, stands: dict[str, str]) -> list[str]:
    """Write to whose move it is where the stage stands now, once for each showing, list of changes or price; return the effects' states."""
    with world().db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        stage = projects.stand(session, deal).stage(stands["stage"])
    if str(stage.version) != stands["version"] or stands["place"] not in {stage.place, "materials"}:
        return []  # it has moved on since: the next look tells of that
    key = f"deal/{deal_id}/r{deal.round}/stage/{stage.slug}"
    return [letters.send(f"{key}/{what}", order).state for what, order in _orders(deal, stage)]


def _orders(deal: Deal, stage: StageStand) -> list[tuple[str, LetterOrder]]:
    def order(name: str, to: str, **more: str) -> LetterOrder:
        """A letter about this version of the stage."""
        return LetterOrder(name=name, deal_id=deal.id or 0, to=to, facts={"stage": stage.slug, "version": str(stage.version)} | more)

    number, fact = str(stage.offer.number) if stage.offer else "", stage.moved_fact
    answered = [
        (f"offer/{number}/answered", order("change-answered-staff", "project_manager", offer=number))
    ] if stage.moved_by == ChangeAnswered.kind else []  # fmt: skip
    match stage.place:
        case "shown":
            name = "stage-shown" if stage.version == 1 else "stage-shown-again"
            return [(f"v{stage.version}/shown", order(name, "client")), *answered]
        case "changes" if answered:
            return [(f"offer/{number}/taken", order("change-accepted", "client", offer=number)), *answered]
        case "changes":
            return [(f"comment/{fact}", order("stage-comments", "project_manager", fact=str(fact)))]
        case "beyond":
            return [(f"comment/{fact}", order("stage-beyond", "project_manager", fact=str(fact)))]
        case "priced":
            return [(f"offer/{number}", order("change-offer", "client", offer=number))]
        case _:
            return []


@step
def end_silence(deal_id: int, stands: dict[str, str], place: str) -> str:
    """What silence to the end of the ladder means: the price lapses; a stage is accepted where the contract says so; else the project pauses.

    `place` names the row that ended in silence. Each is a fact of the clock's, kept once. Returns its kind, "" where the client was quicker, or
    where the silence was acted on before.
    """
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id, with_for_update=True)
        stand = projects.stand(session, deal)
        stage = stand.stage(stands["stage"])
        key = f"deal/{deal_id}/r{deal.round}/stage/{stage.slug}/silence/"
        asked = waiting.find(session, waiting.Spot(deal_id, Stage.PRODUCTION, deal.round, place, ""))
        answer = _silence(session, deal, stand, stage) if asked and _is_news(session, asked, stand, stage, key) else None
        if answer is None:
            return ""
        try:
            inbox.tell(session, deal_id, answer, source="clock", external_id=f"{key}{place.replace('#', '-')}", actor="system", now=here.now())
        except Refused:
            return ""
    here.nudge()
    return answer.kind


def _is_news(session: Session, asked: Wait, stand: Stand, stage: StageStand, key: str) -> bool:
    """Whether a silence is still to be acted on: what was asked is what stands now, and nothing has followed.

    A run that takes over meets old silences again. Older facts have keys that end otherwise, so that only their start is looked at.
    """
    ended = asked.closed_at
    if ended is None or asked.ladder != LADDERS.get(place_of(stand, stage)) or (stage.changed_at and stage.changed_at > ended):
        return False
    if any(fact.source == "clock" and fact.external_id.startswith(key) and fact.known_at >= ended for fact in stand.facts):
        return False
    return not waiting.went_on(session, asked)


def _silence(session: Session, deal: Deal, stand: Stand, stage: StageStand) -> Answer | None:
    place, terms = place_of(stand, stage), projects.contract_of(session, deal).terms
    if place == "priced" and stage.offer:
        return ChangeAnswered(stage=stage.slug, offer=stage.offer.number, decision="lapse")
    if place == "shown" and terms.silence_accepts and _was_warned(session, deal):
        return StageDeemed(stage=stage.slug, version=stage.version)
    if place in CLIENTS and terms.silence_pauses and deal.work != Work.PAUSED:
        what = f"your word on “{stage.plan.title}”" if place == "shown" else f"what we need for “{stage.plan.title}”"
        return WorkPaused(what=what)
    return None


def _was_warned(session: Session, deal: Deal) -> bool:
    """Whether the client got the warnings of what silence means: letters that never arrived warn nobody."""
    return len(silence.warned(session, deal, Stage.PRODUCTION, LADDERS["shown"], "stage-warning")) >= silence.WARNINGS


@step
def conclude_production(deal_id: int) -> str:
    """End this stage: every stage is accepted, and the launch comes; return where the work stands."""
    here, run = world(), runs.current()
    with here.db.writing() as session:
        deal, fact = session.get_one(Deal, deal_id, with_for_update=True), deals.cause(session, deal_id)
        move(session, deal, Work.LAUNCH, why="every stage is accepted", fact=fact, now=here.now())
        wanted.want(session, Stage.LAUNCH, deal=deal, fact=fact, now=here.now())
        deals.finish(session, run)
        work = deal.work
    here.nudge()
    return work
