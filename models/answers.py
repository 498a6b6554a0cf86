"""What people and machines may tell us: one pydantic model a kind of fact, with its `kind` and its words for a form.

The same model checks a client's form, another system's JSON and the form an operator sees on a suspended run. What is told about
contracts, invoices and money stands in `models.cash_answers`, about delivery in `models.delivery_answers` and `models.after_answers`.
Longer than 200: the whole list of what may be told on one page.
"""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from models import after_answers, delivery_answers
from models.answer import MOST_HOURS, MOST_ID, MOST_MONEY, Answer, Hours, Words
from models.cash_answers import CASH_ANSWERS, CASH_BY_RULE, Countersigned
from models.delivery_answers import ActSigned

__all__ = ["Answer"]


class Application(BaseModel):
    """An application, raw: nothing here is checked beyond its size, so that nothing a person typed is lost."""

    model_config = ConfigDict(extra="ignore")
    kind: ClassVar[str] = "application"

    service: str = Field(max_length=100)
    name: str = Field(max_length=500)
    email: str = Field(default="", max_length=500)
    phone: str = Field(default="", max_length=100)
    company: str = Field(default="", max_length=500)
    budget: float | None = None
    message: str = Field(default="", max_length=20_000)
    locale: str = Field(default="", max_length=35)
    source: dict[str, str] = {}


class QualifyAnswer(Answer):
    """The client's word on our minimum."""

    kind: ClassVar[str] = "qualify.answered"
    decision: Literal["talk", "out"] = Field(description="talk: go on in spite of the minimum. out: that rules us out.")


class BriefSent(Answer):
    """The brief was sent as it is saved now; `version` is written down when it is kept."""

    kind: ClassVar[str] = "brief.sent"
    version: int = Field(default=0, ge=0, le=MOST_ID, description="Leave it at 0: what is saved now is sent.")


class EstimateReview(Answer):
    """A project manager's word on an estimate."""

    kind: ClassVar[str] = "estimate.reviewed"
    decision: Literal["approve", "refuse"] = Field(description="approve: the proposal goes out. refuse: we do not want this work.")
    hours: dict[str, Hours] = Field(default={}, max_length=500, description='Likely hours of lines to change, by slug: {"templates": 24}.')
    reason: str = Field(default="", max_length=5000, description="Needed for changed hours and for a refusal; the salesperson reads it.")

    @model_validator(mode="after")
    def _say_why(self) -> "EstimateReview":
        if (self.hours or self.decision == "refuse") and not self.reason:
            raise ValueError("Please give a reason: somebody will ask.")
        if any(not 0 <= hours <= MOST_HOURS for hours in self.hours.values()):
            raise ValueError("Hours lie between 0 and 10,000.")
        return self


class ProposalAnswer(Answer):
    """The client's answer to one version of a proposal. To accept, version, selection and gross total must be the ones shown."""

    kind: ClassVar[str] = "proposal.answered"
    decision: Literal["accept", "change", "decline"] = Field(description="accept, ask for a change, or decline.")
    version: int = Field(ge=1, le=MOST_ID, description="The version that the client saw.")
    selection: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=100, description="Slugs of the ticked options.")
    total: int | None = Field(default=None, le=1000 * MOST_MONEY, description="The gross total that the client saw, in minor units (cents).")
    name: str = Field(default="", max_length=200, description="Name of the person who answers.")
    reason: str = Field(default="", max_length=100, description="Why declined: price, timing, another studio, postponed, other.")
    text: str = Field(default="", max_length=5000, description="The change asked for, or a word on the refusal.")

    @model_validator(mode="after")
    def _enough(self) -> "ProposalAnswer":
        if self.decision == "accept" and self.total is None:
            raise ValueError("To accept, the total shown has to be given.")
        if self.decision == "accept" and not self.name:
            raise ValueError("Please type your name to accept.")
        if self.decision == "change" and not self.text:
            raise ValueError("Please say what should change.")
        return self


class ProposalRevised(Answer):
    """A new version of the proposal was made by the studio."""

    kind: ClassVar[str] = "proposal.revised"
    version: int = Field(ge=1, le=MOST_ID, description="The new version.")


class ContractWord(Answer):
    """The salesperson's word on the contract: signed on paper on a day, or not going to be."""

    kind: ClassVar[str] = "contract.answered"
    outcome: Literal["signed", "lost"] = Field(description="signed (on paper), or lost.")
    on: date | None = Field(default=None, description="The day on which it was signed.")
    name: str = Field(default="", max_length=200, description="Who signed it for the client.")
    role: str = Field(default="", max_length=200, description="Their role: managing director, owner …")
    scan: int = Field(default=0, ge=0, le=MOST_ID, description="Number of the scan's upload; the page of the letter's link takes the file itself.")
    reason: str = Field(default="", max_length=5000, description="Why it was lost.")

    @model_validator(mode="after")
    def _enough(self) -> "ContractWord":
        if self.outcome == "signed" and self.on is None:
            raise ValueError("Please give the day on which the contract was signed.")
        if self.outcome == "lost" and not self.reason:
            raise ValueError("Please say why it was lost.")
        return self


class Held(Answer):
    """The deal rests: no reminders, no deadlines, until a day or until somebody releases it."""

    kind: ClassVar[str] = "deal.held"
    until: AwareDatetime | None = Field(default=None, description="When it wakes by itself; empty: when somebody says so.")
    reason: str = Field(min_length=1, max_length=2000, description="Why it rests.")


class Released(Answer):
    """The deal goes on; every reminder and deadline is moved by the time it rested."""

    kind: ClassVar[str] = "deal.released"
    reason: str = Field(default="", max_length=2000, description="Why it goes on.")


class ClosedAsLost(Answer):
    """The deal is not realised."""

    kind: ClassVar[str] = "deal.lost"
    reason: str = Field(min_length=1, max_length=2000, description="Why it is lost; the monthly report counts reasons.")


class Reopened(Answer):
    """A lost or declined deal begins its next round, with the brief as far as it was filled."""

    kind: ClassVar[str] = "deal.reopened"
    reason: str = Field(default="", max_length=2000, description="Why it is opened again.")


class Noted(Answer):
    """A note for the deal's history, by staff or another system: a call, a meeting, anything worth keeping."""

    kind: ClassVar[str] = "deal.noted"
    text: str = Field(min_length=1, max_length=20_000, description="What happened.")


class ProposalViewed(Answer):
    """The proposal was open in front of somebody for a while. `visitor` is a hash, never an address."""

    kind: ClassVar[str] = "proposal.viewed"
    version: int = Field(ge=1, le=MOST_ID, description="The version that was open.")
    visitor: str = Field(max_length=64, description="A hash of who it was.")


class ProposalForwarded(Answer):
    """The client sent the link on to a colleague."""

    kind: ClassVar[str] = "proposal.forwarded"
    email: str = Field(max_length=320, description="The colleague's address.")
    note: str = Field(default="", max_length=2000, description="A word to the colleague.")


class LinkAsked(Answer):
    """Somebody holds an outdated link and asks for the one that works; it goes to the client's own address."""

    kind: ClassVar[str] = "link.asked"
    page: str = Field(default="", max_length=50, description="Which page it is about: brief, proposal …")


class RemindersStopped(Answer):
    """The client wants no more reminders."""

    kind: ClassVar[str] = "reminders.stopped"


class Joined(Answer):
    """A further application of the same client for the same work."""

    kind: ClassVar[str] = "application.joined"
    application: int
    message: str = Words


ANSWERS: tuple[type[Answer], ...] = (
    QualifyAnswer, BriefSent, EstimateReview, ProposalAnswer, ProposalRevised, ContractWord, Held, Released, ClosedAsLost, Reopened,
    Noted, ProposalViewed, ProposalForwarded, LinkAsked, RemindersStopped, Joined, *CASH_ANSWERS,
    *delivery_answers.ANSWERS, *after_answers.ANSWERS,
)  # fmt: skip
BY_RULE: frozenset[type[Answer]] = frozenset({Joined, *CASH_BY_RULE, *delivery_answers.BY_RULE, *after_answers.BY_RULE})
"""What only our own rules tell, or a page that has checked who speaks: nobody may claim it from outside."""
WITHOUT_FORM = BY_RULE - {Countersigned, ActSigned}
"""What an operator may not say in another's place either. A signature on paper, or the director's, they may."""
BY_KIND: dict[str, type[Answer]] = {model.kind: model for model in ANSWERS}


def read(kind: str, payload: dict[str, Any]) -> Answer:
    """The typed answer of a stored payload."""
    return BY_KIND[kind].model_validate(payload)
