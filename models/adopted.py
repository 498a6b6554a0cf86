"""What an operator says about a deal that the studio had before it was kept here, and what each stage needs of it."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from models.answer import MOST_MONEY
from models.stages import Stage

Name = Annotated[str, Field(max_length=320)]

ORDER = (
    Stage.BRIEF, Stage.ESTIMATE, Stage.PROPOSAL, Stage.CONTRACT, Stage.INVOICE, Stage.KICKOFF, Stage.MATERIALS, Stage.PRODUCTION, Stage.LAUNCH,
    Stage.HANDOVER, Stage.REVIEW, Stage.CLOSING,
)  # fmt: skip
"""The stages that a deal can be taken up at, in the order in which they come."""
REFUSED = {
    Stage.INTAKE: "An intake is where an application begins: run register-lead.",
    Stage.PAYMENT: "The money of an invoice that other books issued cannot be asked for here: our numbers have no gaps, and our books do not know "
    "it. Cancel it there and take the deal up at invoice, which issues one here; or take it up at kickoff once it is paid.",
    Stage.NEXT_STEPS: "Next steps go beside production and begin by themselves: take the deal up at production.",
}
"""Why a deal cannot be taken up at the others."""


class Newcomer(BaseModel):
    """The client of a deal that is taken up."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    name: str = Field(min_length=1, max_length=200, description="Who it is.")
    email: str = Field(default="", max_length=320, description="Their address; letters go there. Empty: nobody is written to.")
    phone: str = Field(default="", max_length=100, description="Their telephone, where there is no address.")
    company: str = Field(default="", max_length=200, description="Their firm.")
    locale: str = Field(default="", max_length=35, description="Language and country: en_IE. Empty: the studio's.")
    salesperson: str = Field(default="", max_length=320, description="Address of whose deal it is, as in studio.toml. Empty: whoever has room.")


class Past(BaseModel):
    """What happened before: as much of it as the stage needs, and nothing that did not happen."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    answers: dict[str, Any] = Field(
        default={}, max_length=200, description="From estimate on: answers of the service's brief by question, as company/briefs has them."
    )
    net: Decimal | None = Field(
        default=None, gt=0, le=MOST_MONEY, max_digits=12, decimal_places=2,
        description="From contract on: the price agreed, net, in the studio's currency: 12500.00.",
    )
    agreed_on: date | None = Field(default=None, description="From contract on: the day on which the client accepted.")
    details: dict[str, Name] = Field(
        default={}, max_length=20, description="From invoice on: the contracting party: legal_name, street, postcode, city, country (IE), vat_id …"
    )
    signed_on: date | None = Field(default=None, description="From invoice on: the day on which both had signed the contract, on paper.")
    signed_by: str = Field(default="", max_length=200, description="From invoice on: who signed it for the client.")
    paid: int = Field(default=0, ge=0, le=100, description="From kickoff on: how many payments of the plan are paid already, from the first.")
    began_on: date | None = Field(default=None, description="From materials on: the day on which the work began.")
    materials: list[Name] = Field(
        default=[], max_length=200, description="From production on: short names of the materials that are here; * stands for all of them."
    )
    accepted: list[Name] = Field(default=[], max_length=60, description="For production: stages that the client has accepted, in order: design …")
    url: str = Field(default="", max_length=2000, pattern=r"^(https?://\S+)?$", description="From hand-over on: where the work can be seen.")
    finished_on: date | None = Field(default=None, description="From hand-over on: the day on which the client accepted the work.")
    ticket: str = Field(default="", max_length=200, description="For review and closing: number of the client's ticket at the support desk.")


_SINCE: dict[str, tuple[Stage, str]] = {
    "answers": (Stage.ESTIMATE, "the answers of the brief"), "net": (Stage.CONTRACT, "the price agreed (net)"),
    "agreed_on": (Stage.CONTRACT, "the day on which the client accepted (agreed_on)"), "details": (Stage.INVOICE, "the contracting party (details)"),
    "signed_on": (Stage.INVOICE, "the day on which the contract was signed (signed_on)"),
    "signed_by": (Stage.INVOICE, "who signed it for the client (signed_by)"), "paid": (Stage.KICKOFF, "how many payments are in (paid, at least 1)"),
    "began_on": (Stage.MATERIALS, "the day on which the work began (began_on)"), "finished_on": (
        Stage.HANDOVER, "the day on which the client accepted the work (finished_on)"
    ),
}  # fmt: skip


def reached(at: Stage, stage: Stage) -> bool:
    """Whether a deal that is taken up at `at` has come as far as `stage`."""
    return ORDER.index(at) >= ORDER.index(stage)


def missing(at: Stage, past: Past) -> list[str]:
    """What a stage needs of the past and was not said."""
    return [words for name, (since, words) in _SINCE.items() if reached(at, since) and not getattr(past, name)]


def too_early(at: Stage, past: Past) -> list[str]:
    """What was said of the past though the stage comes before it."""
    own = {"materials": Stage.PRODUCTION, "accepted": Stage.PRODUCTION, "url": Stage.HANDOVER, "ticket": Stage.REVIEW}
    since = {name: stage for name, (stage, _) in _SINCE.items()} | own
    return [name for name, stage in since.items() if getattr(past, name) and not reached(at, stage)]
