"""Delivery: work is under way, and its payments fall due as it comes along, by the project manager's word.

    won ──▶ a payment of the plan is due ──▶ its invoice (⇅ the next one) ──▶ all are issued
"""

from flows.brief import DealId
from models.cash_answers import MilestoneReached
from models.stages import Stage
from tasks import deliveries, waits
from tasks.stage import stage


@stage(
    Stage.DELIVERY,
    description="""The first money is in: tells the project manager that work may start, then **waits** for their word on each further
payment of the plan (the link in their letter, or **Resume** here); its invoice follows by itself. **When it fails** mend what the log names
and press Retry.""",
)
def delivery(deal_id: DealId) -> None:
    """Carry one deal through the payments of its plan. Safe to replay from the first line."""
    deliveries.tell_manager(deal_id)
    due = deliveries.next_payment(deal_id, 1)
    while due:
        what = f"word that payment {due} is due"
        if waits.for_any([MilestoneReached], key="milestone", ladder="delivery", whose="studio", what=what) is None:
            waits.however_long([MilestoneReached], key="milestone", whose="studio", what=what)
        deliveries.want_invoice(deal_id, due)
        due = deliveries.next_payment(deal_id, due)
    deliveries.conclude_delivery(deal_id)
