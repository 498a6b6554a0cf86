"""Operations around the end of a project: a word on a review, accesses listed, a client's new address."""

from typing import Annotated

from pydantic import Field

from flows.operations import DealId, Who, Why
from models.after_answers import Access, AccessListed, AddressChanged, ReviewReplied
from tasks import operations
from tasks.operation import operation, this_run
from tasks.world import world

Reply = Annotated[str, Field(min_length=1, max_length=2000, description="Shown below the review, to everybody who can read it; the newest counts.")]
Accesses = Annotated[list[Access], Field(min_length=1, max_length=60, description="What it opens, where it is, who holds it. Never a password.")]
Email = Annotated[str, Field(min_length=3, max_length=320, description="The client's address from now on.")]


@operation(
    name="reply-review",
    description="Answers a client's review: the studio's word is shown below it, on the client's page and where reviews are published.",
)
def reply_review(deal_id: DealId, who: Who, text: Reply) -> None:
    """Record the studio's word on a review."""
    operations.record(deal_id, ReviewReplied(text=text).model_dump(mode="json"), ReviewReplied.kind, who, this_run())


@operation(
    name="list-access",
    description="Writes down where a client's accesses are and who holds them, for the hand-over; said again, the newest list counts.",
)
def list_access(deal_id: DealId, who: Who, items: Accesses) -> None:
    """Record the inventory of a client's accesses."""
    operations.record(deal_id, AccessListed(items=items).model_dump(mode="json"), AccessListed.kind, who, this_run())
    world().nudge()


@operation(
    name="change-address",
    description="Gives a client another mail address, when letters to the old one come back, say: from now on letters go to the new one.",
)
def change_address(deal_id: DealId, who: Who, email: Email, reason: Why = "") -> None:
    """Record a client's new address."""
    operations.record(deal_id, AddressChanged(email=email, reason=reason).model_dump(mode="json"), AddressChanged.kind, who, this_run())
    world().nudge()
