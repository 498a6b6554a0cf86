"""Steps of the delivery as far as the payment plan goes: the project manager's word makes the next invoice."""

from models import cash, wanted
from models.issued import of_part
from models.letters import LetterOrder
from models.stages import Stage
from models.tables import Deal
from tasks import deals, letters, runs
from tasks.step import step
from tasks.world import world


@step
def tell_manager(deal_id: int) -> str:
    """Tell the project manager that the first money is in and work may start; return the effect's state."""
    with world().db.reading() as session:
        round_ = session.get_one(Deal, deal_id).round
    order = LetterOrder(name="work-may-start", deal_id=deal_id, to="project_manager")
    return letters.send(f"deal/{deal_id}/r{round_}/delivery/start", order).state


@step
def next_payment(deal_id: int, after: int) -> int:
    """The payment of the plan that follows this one; 0 after the last."""
    with world().db.reading() as session:
        parts = len(cash.agreed(session, session.get_one(Deal, deal_id)).schedule)
    return after + 1 if after < parts else 0


@step
def want_invoice(deal_id: int, part: int) -> str:
    """Want the invoice of a payment that has fallen due, because of the project manager's word; return its run's key, "" once it is out."""
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        if of_part(session, deal, part):  # a rerun of this stage: it was asked for, and is out
            return ""
        row = wanted.want(session, Stage.INVOICE, deal=deal, part=part, fact=deals.cause(session, deal_id), now=here.now())
    here.nudge()
    return row.key


@step
def conclude_delivery(deal_id: int) -> str:
    """End this stage: every payment of the plan has been asked for; return where the work stands."""
    here = world()
    with here.db.writing() as session:
        deals.finish(session, runs.current())
        return session.get_one(Deal, deal_id).work
