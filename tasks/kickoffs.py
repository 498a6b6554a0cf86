"""Steps of the kickoff: the project planned, made in the tracker, the client welcomed."""

from models import links, projects, wanted
from models.delivery_tables import Project
from models.letters import LetterOrder
from models.stages import Stage
from models.tables import Deal
from models.tracks import Work, move
from tasks import deals, effects, letters, runs, trackers
from tasks.effects import EffectState
from tasks.step import step
from tasks.world import world


@step
def open_project(deal_id: int) -> int:
    """Plan the project from contract and estimate, beginning today; return its number. Planned once a round."""
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        begins = here.company.studio.today(here.now())
        links.hand_out(session, here.secret, "project-staff", deal_id, now=here.now())  # the manager's page names it, and GET makes none
        return projects.open_project(session, here.company, deal, begins_on=begins, now=here.now()).id or 0


@step
def tell_manager(deal_id: int) -> str:
    """Tell the project manager that work begins, with the link to their page; return the effect's state."""
    with world().db.reading() as session:
        round_ = session.get_one(Deal, deal_id).round
    order = LetterOrder(name="work-may-start", deal_id=deal_id, to="project_manager")
    return letters.send(f"deal/{deal_id}/r{round_}/kickoff/start", order).state


@step
def open_in_tracker(deal_id: int) -> str:
    """Make the project and its issues in the tracker, once; return its address there ("" for the embedded one).

    Raises Unavailable while the tracker is away (retried), Refused where it says no for good.
    """
    here = world()
    with here.db.reading() as session:
        order = trackers.order_of(session, session.get_one(Deal, deal_id))
    effect = effects.once(trackers.opening(here, deal_id, order))
    if effect.state != EffectState.DONE:
        trackers.refuse(effect)
    with here.db.writing() as session:
        project = session.get_one(Project, projects.of(session, session.get_one(Deal, deal_id)).id)
        project.tracker, project.tracker_ref = here.settings.tracker, str(effect.result["id"])
        project.tracker_url = str(effect.result.get("url", ""))
        session.add(project)
        return project.tracker_url


@step
def welcome_client(deal_id: int) -> str:
    """Say who is who, what comes when, what we need and until when, in the manager's name; return the effect's state."""
    with world().db.reading() as session:
        round_ = session.get_one(Deal, deal_id).round
    return letters.send(f"deal/{deal_id}/r{round_}/kickoff/welcome", LetterOrder(name="project-welcome", deal_id=deal_id, to="client")).state


@step
def conclude_kickoff(deal_id: int) -> str:
    """End this stage: the checklist goes its way, and production at once where nothing is needed to begin; return where the work stands."""
    here, run = world(), runs.current()
    with here.db.writing() as session:
        deal, fact = session.get_one(Deal, deal_id, with_for_update=True), deals.cause(session, deal_id)
        stand = projects.stand(session, deal)
        needs = [item for item in stand.needed_for("") if not item.is_settled]
        move(session, deal, Work.MATERIALS if needs else Work.PRODUCTION, why="the project is planned", fact=fact, now=here.now())
        if stand.materials:
            wanted.want(session, Stage.MATERIALS, deal=deal, fact=fact, now=here.now())
        if not needs:
            wanted.want(session, Stage.PRODUCTION, deal=deal, fact=fact, now=here.now())
        deals.finish(session, run)
        work = deal.work
    here.nudge()
    return work
