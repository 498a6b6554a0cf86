"""Steps of the launch: the manager told of the checklist, the rest of the plan asked for, the project completed."""

from sqlmodel import Session

from models import act_state, changes, completion, projects, waiting, wanted
from models.errors import Refused
from models.letters import LetterOrder
from models.stages import Stage
from models.tables import Deal, Fact
from models.tracks import Work, move
from tasks import deals, letters, runs
from tasks.step import step
from tasks.world import world


@step
def tell_manager(deal_id: int) -> str:
    """Tell the project manager that the launch comes, with its checklist; return the effect's state."""
    with world().db.reading() as session:
        round_ = session.get_one(Deal, deal_id).round
    order = LetterOrder(name="launch-due", deal_id=deal_id, to="project_manager")
    return letters.send(f"deal/{deal_id}/r{round_}/launch/due", order).state


@step
def ask_payments(deal_id: int) -> list[int]:
    """Want the invoice of every payment of the plan that nobody has asked for yet, those of changes with them; return which parts."""
    here = world()
    with here.db.writing() as session:
        deal = waiting.lock(session, deal_id)
        runs.keep(session)  # of work that was cancelled meanwhile nothing more is asked
        stand, own, fact = projects.stand(session, deal), projects.contract_of(session, deal), deals.cause(session, deal_id)
        schedule = changes.with_changes(session, deal, own).schedule
        due = changes.due(stand, schedule, own=len(own.schedule), is_launched=True)
        asked = [part for part in due if changes.want_invoice(session, deal, part, fact=fact, now=here.now())]
    here.nudge()
    return asked


@step
def conclude_launch(deal_id: int) -> str:
    """End this stage: the work is completed, the hand-over and whatever else is due now wanted, in one transaction; return where the work stands.

    Raises Refused before the client has accepted the work.
    """
    here, run = world(), runs.current()
    with here.db.writing() as session:
        deal = waiting.lock(session, deal_id)
        fact, why = _acceptance(session, deal)
        if deal.work != Work.HANDED_OVER:
            move(session, deal, Work.COMPLETED, why=why, fact=fact, now=here.now())
        if not wanted.was_wanted(session, Stage.HANDOVER, deal):
            wanted.want(session, Stage.HANDOVER, deal=deal, fact=fact, now=here.now())
        completion.follow(session, deal, fact=fact, now=here.now())
        deals.finish(session, run)
        work = deal.work
    here.nudge()
    return work


def _acceptance(session: Session, deal: Deal) -> tuple[Fact, str]:
    """The fact by which the work was accepted, and how in words."""
    document = act_state.newest(session, deal)
    if document is None or document.state not in act_state.ACCEPTED or document.frozen_by is None:
        raise Refused(f"The client of deal {deal.id} has not accepted the work yet.")
    signed, number = act_state.signature(session, document), document.body["number"]
    how = f"signed by {signed[1].name}" if signed else "accepted by silence, as the contract says"
    return session.get_one(Fact, document.frozen_by), f"act {number} is {how}"
