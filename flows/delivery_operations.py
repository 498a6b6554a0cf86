"""Operations on work that is under way, and the look into tracker and mailbox."""

from typing import Annotated

from prefect.logging import get_run_logger
from pydantic import Field

from flows.operations import DealId, Reason, Who
from models.answer import MOST_PARTS
from models.cash_answers import MilestoneReached
from models.delivery_answers import DateMoved
from tasks import mails, operations, trackers
from tasks.operation import chore, operation, this_run
from tasks.world import world

Payment = Annotated[int, Field(ge=0, le=MOST_PARTS, description="Which payment of the plan; 0: the next one that nobody has asked for.")]
Reached = Annotated[str, Field(max_length=2000, description="What was reached.")]
Days = Annotated[int, Field(ge=1, le=1000, description="Working days more.")]


@operation(
    name="payment-due",
    description="""Asks for a payment of the plan before its stage is accepted, because it was agreed so: its invoice follows at once. Otherwise
payments fall due by themselves with the stages that the plan names.""",
)
def payment_due(deal_id: DealId, who: Who, text: Reached, payment: Payment = 0) -> None:
    """Record that a payment of the plan has fallen due."""
    answer = MilestoneReached(payment=payment, text=text)
    operations.record(deal_id, answer.model_dump(mode="json"), MilestoneReached.kind, who, this_run())
    world().nudge()


@operation(
    name="move-date",
    description="""Says that the studio needs longer than it promised: so many working days more. The project page shows the new date and your
reason. Waiting for the client moves the date by itself; this is for everything else.""",
)
def move_date(deal_id: DealId, who: Who, days: Days, reason: Reason) -> None:
    """Record that the studio needs longer."""
    operations.record(deal_id, DateMoved(days=days, reason=reason).model_dump(mode="json"), DateMoved.kind, who, this_run())


@chore(
    name="read-tracker",
    description="""Asks the tracker where each stage under way stands: an issue that has become ready there is the project manager's word that
the stage can be shown. Every ten minutes by itself; with the embedded tracker there is nothing to ask. While the tracker is away it tries
again at the next round.""",
)
def read_tracker() -> None:
    """Read the tracker's statuses."""
    for sentence in trackers.read_statuses():
        get_run_logger().info(sentence)


@chore(
    name="read-mail",
    description="""Looks into the mailbox now, without waiting for the worker's next look: replies find their deal, letters that came back mark
their address. **It fails** while the mailbox is away, or where its address has to be mended; no letter is lost by that.""",
)
def read_mail() -> None:
    """Take in the mail that has come."""
    for sentence in mails.read():
        get_run_logger().info(sentence)
