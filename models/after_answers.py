"""What is told after the work and beside it: course, training, hand-over, review, mail that comes in."""

from typing import ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from models.answer import Answer, Line, Words


class CourseAnswered(Answer):
    """Whether the client wants the letters on what happens after the launch."""

    kind: ClassVar[str] = "course.answered"
    decision: Literal["yes", "no"] = Field(description="yes: they want the letters. no: they do not, or not any more.")


class NextStepOffered(Answer):
    """What comes next was offered, in a deal of its own; or why it was not. Once a round."""

    kind: ClassVar[str] = "next-step.offered"
    deal: int = Field(default=0, ge=0)
    service: str = Field(default="", max_length=100)
    reason: str = Field(default="", max_length=2000)


class TrainingAnswered(Answer):
    """The slot that the client chose for the training, or that they want none."""

    kind: ClassVar[str] = "training.answered"
    decision: Literal["book", "decline"] = Field(description="book a slot, or decline.")
    slot: AwareDatetime | None = Field(default=None, description="When it begins, to book.")
    name: str = Line

    @model_validator(mode="after")
    def _when(self) -> "TrainingAnswered":
        if self.decision == "book" and self.slot is None:
            raise ValueError("Please choose a slot.")
        return self


class Access(BaseModel):
    """Where one access is and who holds it. Never the secret itself."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    what: str = Field(min_length=1, max_length=200, description="What it opens.")
    where: str = Field(default="", max_length=500, description="Where it is: provider, address.")
    held_by: str = Field(default="", max_length=200, description="Who holds it.")


class AccessListed(Answer):
    """The inventory of the client's accesses, for the hand-over."""

    kind: ClassVar[str] = "access.listed"
    items: list[Access] = Field(min_length=1, max_length=60, description="One for each access. Never a password.")


class HandedOver(Answer):
    """The client is support's from now on, completely and irrevocably. `ticket` is the desk's number."""

    kind: ClassVar[str] = "handover.done"
    ticket: str = Field(default="", max_length=200)


class ReviewGiven(Answer):
    """The client's review. It is published as it is, whatever its stars, where they allow that."""

    kind: ClassVar[str] = "review.given"
    stars: int = Field(ge=1, le=5, description="1 to 5.")
    text: str = Field(default="", max_length=5000, description="In the client's words.")
    publish: bool = Field(description="Whether it may be published.")
    name: str = Line
    company: str = Field(default="", max_length=200, description="Their firm.")


class ReviewReplied(Answer):
    """The studio's word on a review, shown below it; the newest counts."""

    kind: ClassVar[str] = "review.replied"
    text: str = Field(min_length=1, max_length=2000, description="Shown below the review.")


class ReviewWithdrawn(Answer):
    """The client takes the permission to publish back."""

    kind: ClassVar[str] = "review.withdrawn"


class MailCame(Answer):
    """A letter that came in about a deal. `message_id` is its own, `path` the raw file below home."""

    kind: ClassVar[str] = "mail.came"
    sender: str = Field(max_length=320)
    name: str = Line
    subject: str = Field(default="", max_length=1000)
    text: str = Field(default="", max_length=100_000)
    files: list[str] = Field(default=[], max_length=200)
    message_id: str = Field(default="", max_length=1000)
    path: str = Field(default="", max_length=500)
    is_auto: bool = False
    from_client: bool = True


class MailBounced(Answer):
    """A letter of ours came back. `effect` is its key; `permanent` marks the address."""

    kind: ClassVar[str] = "mail.bounced"
    effect: str = Field(default="", max_length=300)
    address: str = Field(default="", max_length=320)
    status: str = Field(default="", max_length=20)
    said: str = Words
    permanent: bool = True


class AddressChanged(Answer):
    """The client's new mail address; letters that came back may go out again."""

    kind: ClassVar[str] = "client.address_changed"
    email: str = Field(min_length=3, max_length=320, description="The address that works.")
    reason: str = Field(default="", max_length=2000, description="Why it is another.")


class ReturnRefused(Answer):
    """Somebody tried to take a client back who was handed over; nothing was done. `what` names the attempt."""

    kind: ClassVar[str] = "handover.refused"
    what: str = Field(max_length=300)


ANSWERS: tuple[type[Answer], ...] = (
    CourseAnswered, NextStepOffered, TrainingAnswered, AccessListed, HandedOver, ReviewGiven, ReviewReplied, ReviewWithdrawn, MailCame,
    MailBounced, AddressChanged, ReturnRefused,
)  # fmt: skip
BY_RULE: tuple[type[Answer], ...] = (NextStepOffered, HandedOver, ReviewGiven, ReviewWithdrawn, MailCame, MailBounced, AddressChanged, ReturnRefused)
NOUNS: dict[type[Answer], str] = {
    CourseAnswered: "course", TrainingAnswered: "training", AccessListed: "handover", HandedOver: "handover", ReviewGiven: "review",
    ReviewReplied: "review", ReviewWithdrawn: "review", MailCame: "mail", MailBounced: "mail", AddressChanged: "client",
    ReturnRefused: "handover", NextStepOffered: "next-step",
}  # fmt: skip
"""What each is about."""
