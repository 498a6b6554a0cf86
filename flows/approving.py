"""Approve: a project manager's word on an estimate, from a form of its own."""

from typing import Annotated, Literal

from pydantic import Field

from flows.operations import DealId, Who
from models.answer import Hours as LineHours
from tasks import approvals
from tasks.operation import operation, this_run
from tasks.world import world

Decision = Annotated[Literal["approve", "refuse"], Field(description="approve: the proposal goes out. refuse: we do not want this work.")]
Hours = Annotated[dict[str, LineHours], Field(max_length=200, description='Likely hours of lines to change, by slug: {"templates": 24}.')]
Why = Annotated[str, Field(max_length=5000, description="Needed for changed hours and for a refusal; the salesperson reads it.")]


@operation(
    name="approve",
    description="""Approves or refuses an estimate that waits for a project manager: a large, uncertain or flagged one. It says the same as the link
in their letter, and as *Resume* on the deal's estimate; whoever is first counts. Changed hours and a refusal need a reason. **It is
refused** where no estimate of the deal waits, and where one was answered already.""",
)
def approve(deal_id: DealId, who: Who, decision: Decision = "approve", hours: Hours = {}, reason: Why = "") -> str:  # noqa: B006
    """Record a word on an estimate; return the decision."""
    said = approvals.review_estimate(deal_id, {"decision": decision, "hours": hours, "reason": reason}, who, this_run())
    world().nudge()
    return said
