"""Review: asked for when a project is completed and paid, once, whatever the manager thinks.

    completed and paid ──▶ asked ──▶ given ──▶ published, where the client allows it, whatever its stars
                             └──▶ silence, after two reminders
"""

from flows.brief import DealId
from models.after_answers import ReviewGiven
from models.stages import Stage
from tasks import reviews, waits
from tasks.stage import stage


@stage(
    Stage.REVIEW,
    description="""The project is completed and paid: the client gets a letter in the director's name with a page for stars, words and their
permission to publish. **Waits** for the client, with two reminders at most; there is nothing to fill in here, since nobody of the studio
writes a client's review. It happens once a project, however often money goes back and comes again. The review goes to the director and to
whoever led the project; *reply-review* answers it. **When it fails** mend what the log names and press Retry.""",
)
def review(deal_id: DealId) -> None:
    """Ask one client for a review. Safe to replay from the first line."""
    reviews.ask_for_review(deal_id)
    given = waits.for_fact(ReviewGiven, key="review", ladder="review", whose="client", what="a review")
    reviews.conclude_review(deal_id, "given" if given else "silence")
