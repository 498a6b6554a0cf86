"""Steps of the review: asked for in the director's name, once, whatever anybody thinks of it."""

from models.letters import LetterOrder
from models.tables import Deal
from tasks import deals, letters, runs
from tasks.step import step
from tasks.world import world


@step
def ask_for_review(deal_id: int) -> str:
    """Ask the client for a review, once a round however often it is said; return the effect's state. Raises Unavailable (retried)."""
    with world().db.reading() as session:
        round_ = session.get_one(Deal, deal_id).round
    return letters.send(f"deal/{deal_id}/r{round_}/review/request", LetterOrder(name="review-request", deal_id=deal_id, to="client")).state


@step
def conclude_review(deal_id: int, outcome: str) -> str:
    """End this stage, with a review or without one; return `outcome`. A review that comes later is kept and told of all the same."""
    here, run = world(), runs.current()
    with here.db.writing() as session:
        session.get_one(Deal, deal_id)
        deals.finish(session, run)
    here.nudge()
    return outcome
