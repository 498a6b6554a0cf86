"""Revision: an operator changes a proposal that is out; the client finds the new version at the same address."""

from typing import Annotated

from pydantic import Field

from flows.operations import DealId, Who
from models.answer import Hours
from tasks import operations
from tasks.operation import operation, this_run
from tasks.world import world


@operation(
    name="revise-proposal",
    description="""Changes hours of lines, the discount or texts of a proposal that has not been accepted. Run it first as it is: the artifact
shows the difference. Then run it with *publish* ticked: the next version is live at the client's address and they are told what changed.
A brief that was sent again in the meantime is counted anew.""",
)
def revise_proposal(
    deal_id: DealId,
    who: Who,
    hours: Annotated[dict[str, Hours], Field(max_length=500, description='Likely hours of lines, by slug: {"templates": 24}.')] = {},  # noqa: B006
    discount_percent: Annotated[float | None, Field(ge=0, le=100, description="Percent off the lines; 0 takes a discount back.")] = None,
    texts: Annotated[
        dict[str, Annotated[str, Field(max_length=20_000)]],
        Field(max_length=100, description="Sections to replace: title, greeting, task, result, next_step …; a line is an item."),
    ] = {},  # noqa: B006
    reason: Annotated[str, Field(max_length=2000, description="Needed for hours and discount; the client reads a discount's reason.")] = "",
    publish: Annotated[bool, Field(description="Not ticked: only show the difference.")] = False,
) -> list[str]:
    """Show or publish a revision; return what differs."""
    revision = {"hours": hours, "discount": discount_percent, "texts": texts, "reason": reason}
    revised = operations.revise(deal_id, revision, who, this_run(), keep=publish)
    operations.show_revision(deal_id, revised["shown"])
    world().nudge()
    return revised["changes"]
