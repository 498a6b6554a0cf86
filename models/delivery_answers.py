"""What is told about delivery: materials, stages, changes, the launch and the act of acceptance.

What comes after the work and the mail stand in `models.after_answers`. `item` (or `stage`) names what a fact is about: facts about one
item never meet the questions about another. Longer than 200: one form beside the other.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from models.answer import MOST_HOURS, MOST_ID, MOST_MONEY, Answer, Line

Name = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")
Url = Field(default="", max_length=2000, pattern=r"^(https?://\S+)?$", description="Address that it can be seen at: https://…")
Note = Field(default="", max_length=5000, description="A word to the client about it.")
MOST_DAYS = 1000
Number = Annotated[int, Field(ge=1, le=MOST_ID)]
Item = Annotated[str, Field(max_length=500)]


class StageReady(Answer):
    """The project manager's word that a stage can be shown, or is done where nobody is asked; said again it shows the next version."""

    kind: ClassVar[str] = "stage.ready"
    stage: str = Field(default="", max_length=60, description="Leave it empty: the stage that this run waits for.")
    url: str = Url
    note: str = Note


class StageAnswered(Answer):
    """The client's word on a stage as it was shown: approved, or one list of changes (a round)."""

    kind: ClassVar[str] = "stage.answered"
    stage: str = Field(default="", max_length=60, description="Leave it empty: the stage that this run waits for.")
    version: int = Field(ge=1, le=MOST_ID, description="Which showing of the stage is meant, from 1.")
    decision: Literal["approve", "comment"] = Field(description="approve: it goes on. comment: the changes below.")
    text: str = Field(default="", max_length=20_000, description="What should change.")
    name: str = Line

    @model_validator(mode="after")
    def _say_what(self) -> "StageAnswered":
        if self.decision == "comment" and not self.text:
            raise ValueError("Please say what should change.")
        return self


class StageDeemed(Answer):
    """Silence after the warnings that the contract asks for: the stage counts as accepted."""

    kind: ClassVar[str] = "stage.deemed"
    stage: str = Name
    version: int = Field(ge=1)


class ChangeOffered(Answer):
    """What a change beyond the included rounds costs. `price` is net, in whole units and cents."""

    kind: ClassVar[str] = "change.offered"
    stage: str = Field(default="", max_length=60, description="Leave it empty: the stage that this run waits for.")
    text: str = Field(min_length=1, max_length=5000, description="What will be changed; the client reads it.")
    hours: float = Field(default=0, ge=0, le=MOST_HOURS, description="Hours that it takes.")
    price: Decimal = Field(ge=0, le=MOST_MONEY, max_digits=12, decimal_places=2, description="Price, net: 480.00.")
    days: int = Field(default=0, ge=0, le=MOST_DAYS, description="Working days by which it moves the date.")


class ChangeAnswered(Answer):
    """The client's word on the price of a change. `total` is the gross amount shown, in minor units; silence lapses it."""

    kind: ClassVar[str] = "change.answered"
    stage: str = Field(default="", max_length=60, description="Leave it empty: the stage that this run waits for.")
    offer: int = Field(ge=1, le=MOST_ID, description="Number of the offer: the fact that it was made by.")
    decision: Literal["accept", "decline", "lapse"] = Field(description="accept, or decline: the stage stays as it was shown.")
    total: int | None = Field(default=None, le=1000 * MOST_MONEY, description="To accept: the gross total that the client saw, in cents.")
    name: str = Line

    @model_validator(mode="after")
    def _enough(self) -> "ChangeAnswered":
        if self.decision == "accept" and (self.total is None or not self.name):
            raise ValueError("To accept, your name and the total shown are needed.")
        return self


class MaterialSent(Answer):
    """A material of the checklist, as files (numbers of uploads), a link or words."""

    kind: ClassVar[str] = "material.sent"
    item: str = Field(default="", max_length=60, description="Short name of the item.")
    uploads: list[Number] = Field(default=[], max_length=50, description="Numbers of uploaded files; empty with a link or words.")
    link: str = Url
    text: str = Field(default="", max_length=20_000, description="The material itself, or a word about it.")

    @model_validator(mode="after")
    def _something(self) -> "MaterialSent":
        if not (self.uploads or self.link or self.text):
            raise ValueError("Please add a file, a link or a few words.")
        return self


class MaterialReviewed(Answer):
    """The project manager's word on one material; a rejected one is asked for again, with the reason."""

    kind: ClassVar[str] = "material.reviewed"
    item: str = Field(default="", max_length=60, description="Short name of the item, as the log and the project's page show it.")
    decision: Literal["accept", "reject", "waive"] = Field(description="accept; reject: it is asked for again; waive: we do without it.")
    reason: str = Field(default="", max_length=2000, description="Needed to reject; the client reads it.")

    @model_validator(mode="after")
    def _say_why(self) -> "MaterialReviewed":
        if self.decision == "reject" and not self.reason:
            raise ValueError("Please say what is wrong with it: the client reads it.")
        return self


class MaterialsComplete(Answer):
    """Everything is there that a stage needs; `before` is the stage, or "start"."""

    kind: ClassVar[str] = "materials.complete"
    item: str = Name


class WorkPaused(Answer):
    """The project rests because the client does not answer."""

    kind: ClassVar[str] = "work.paused"
    what: str = Field(max_length=300)


class DateMoved(Answer):
    """The studio needs longer than it promised: working days more, and why. The client reads it."""

    kind: ClassVar[str] = "date.moved"
    days: int = Field(ge=1, le=MOST_DAYS, description="Working days more.")
    reason: str = Field(min_length=3, max_length=1000, description="Why; the client reads it on the project page.")


class LaunchChecked(Answer):
    """The launch checklist is done: every item ticked."""

    kind: ClassVar[str] = "launch.checked"
    items: list[Item] = Field(default=[], max_length=60, description="The items, as the checklist has them; empty: all of them are done.")
    url: str = Url
    note: str = Note


class ActCodeAsked(Answer):
    """Somebody who is about to sign the act of acceptance asks for a code; it is mailed to `email`."""

    kind: ClassVar[str] = "act.code_asked"
    version: int = Field(ge=1)
    email: str = Field(max_length=320)
    name: str = Line
    role: str = Line


class ActSigned(Answer):
    """The client signed a version of the act of acceptance. `code` is the number of the code that was given; 0: on paper, `on` a day."""

    kind: ClassVar[str] = "act.signed"
    version: int = Field(ge=1, le=MOST_ID, description="The version that was signed.")
    name: str = Field(min_length=1, max_length=200, description="Who signed it for the client.")
    role: str = Field(min_length=1, max_length=200, description="Their role: managing director, owner …")
    on: date | None = Field(default=None, description="The day on which it was signed on paper; empty: today.")
    email: str = Field(default="", max_length=320, description="Leave it empty: signed on paper.")
    consent: str = Field(default="", max_length=2000, description="As above.")
    code: int = Field(default=0, ge=0, le=MOST_ID, description="Leave it at 0: signed on paper.")
    address: str = Field(default="", max_length=100, description="As above.")
    agent: str = Field(default="", max_length=500, description="As above.")
    body_hash: str = Field(default="", max_length=64, description="As above.")
    template_hash: str = Field(default="", max_length=64, description="As above.")
    pdf_hash: str = Field(default="", max_length=64, description="As above.")


class ActFaults(Answer):
    """The client names faults in place of signing the act."""

    kind: ClassVar[str] = "act.faults"
    version: int = Field(ge=1, le=MOST_ID, description="The version that the client read.")
    text: str = Field(min_length=1, max_length=20_000, description="What is not as agreed.")
    name: str = Line


class ActDeemed(Answer):
    """Silence after the warnings that the contract asks for: the work counts as accepted."""

    kind: ClassVar[str] = "act.deemed"
    version: int = Field(ge=1)


class FaultsMended(Answer):
    """The faults that the client named are put right; the act goes out again."""

    kind: ClassVar[str] = "act.mended"
    note: str = Note


ANSWERS: tuple[type[Answer], ...] = (
    StageReady, StageAnswered, StageDeemed, ChangeOffered, ChangeAnswered, MaterialSent, MaterialReviewed, MaterialsComplete, WorkPaused,
    DateMoved, LaunchChecked, ActCodeAsked, ActSigned, ActFaults, ActDeemed, FaultsMended,
)  # fmt: skip
BY_RULE: tuple[type[Answer], ...] = (StageDeemed, MaterialsComplete, WorkPaused, ActCodeAsked, ActSigned, ActDeemed)
"""A signature is told by the page that took its code, or by an operator's form: signed on paper."""
NOUNS: dict[type[Answer], str] = {
    StageReady: "stage", StageAnswered: "stage", StageDeemed: "stage", ChangeOffered: "stage", ChangeAnswered: "stage",
    MaterialSent: "material", MaterialReviewed: "material", MaterialsComplete: "materials", WorkPaused: "work", DateMoved: "work",
    LaunchChecked: "launch", ActCodeAsked: "act", ActSigned: "act", ActFaults: "act", ActDeemed: "act", FaultsMended: "act",
}  # fmt: skip
"""What each is about; stages and materials have their names besides: `deal/42/r1/stage/design`."""


def item_of(answer: Answer) -> str:
    """The item or stage that a fact names; "" for one that names none."""
    return str(getattr(answer, "stage", "") or getattr(answer, "item", "") or "")
