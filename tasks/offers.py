"""The step of the offer: what comes after completed work is a deal of its own, and the stages that there are carry it."""

from models import next_deal, waiting
from tasks.step import step
from tasks.world import world


@step
def make_offer(deal_id: int) -> int:
    """Open the deal of what comes next and want its estimate, once a round; return its number, 0 where nothing is offered.

    Why not is told in the fact. Raises Refused before the work is completed.
    """
    here = world()
    with here.db.writing() as session:
        made = next_deal.offer(session, here.company, waiting.lock(session, deal_id), now=here.now())
    here.nudge()
    return made
