"""Estimate: from a brief to a price somebody stands by.

    estimating ──▶ (a manager looks, where rates.toml says so) ──▶ proposal
                        └──▶ declined
"""

from flows.brief import DealId
from models.answers import EstimateReview
from models.stages import Stage
from models.tracks import Sales
from tasks import deals, estimates, waits
from tasks.runs import round_of
from tasks.stage import stage


@stage(
    Stage.ESTIMATE,
    description="""Counts the price from brief and rate card. A simple one goes on by itself; one that is large, uncertain, flagged or below
the floor **waits** for a project manager: by the link in their letter or by **Resume** here (approve, hours of lines with a reason, refuse).
**When it fails** mend what the last log line names (rates.toml, a brief's question) and press Retry.""",
)
def estimate(deal_id: DealId) -> None:
    """Carry one deal through its estimate. Safe to replay from the first line."""
    counted = estimates.count_estimate(deal_id, round_of(deal_id))
    if counted["needs_approval"]:
        version = counted["version"]
        estimates.ask_manager(deal_id, version)
        what = "a project manager's word on the estimate"
        review = waits.for_fact(EstimateReview, key="review", ladder="estimate-approval", whose="studio", what=what)
        if review is None:
            estimates.ask_director(deal_id, version)
            review = waits.however_long([EstimateReview], key="review", whose="studio", what=what)
        if review.decision == "refuse":
            estimates.mail_refused(deal_id, version)
            estimates.tell_refusal(deal_id, version, review.reason)
            deals.close_deal(deal_id, Sales.DECLINED, why=review.reason)
            return
        estimates.apply_review(deal_id, version, review.hours, review.reason)
    deals.conclude(deal_id, Sales.ESTIMATING, Stage.PROPOSAL, why="the estimate stands")
