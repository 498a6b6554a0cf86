"""What is told about contracts, invoices and money. `part` is the payment of the plan that is meant, from 1."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from models.answer import MOST_ID, MOST_MONEY, MOST_PARTS, Answer

METHODS = ("bank", "card", "cash", "other")
Part = Field(default=0, ge=0, le=MOST_PARTS, description="Leave it at 0: the payment that this run waits for.")


class ContractDetails(Answer):
    """Who the contracting party is, typed by the client. `country` is ISO 3166 (two letters), `vat_id` a VAT number or ""."""

    kind: ClassVar[str] = "contract.details"
    legal_name: str = Field(min_length=1, max_length=200, description="Name of the firm or person who signs.")
    registration: str = Field(default="", max_length=100, description="Registration number.")
    street: str = Field(min_length=1, max_length=200, description="Street and number.")
    extra: str = Field(default="", max_length=200, description="Further line of the address.")
    postcode: str = Field(default="", max_length=20, description="Postcode.")
    city: str = Field(min_length=1, max_length=100, description="Town.")
    country: str = Field(pattern=r"^[A-Z]{2}$", description="Country, as two letters: IE.")
    vat_id: str = Field(default="", max_length=30, description="VAT number with its country's letters; empty without one.")
    invoice_email: str = Field(default="", max_length=320, description="Where invoices go besides; empty: to the client only.")


class CodeAsked(Answer):
    """Somebody who is about to sign asks for a code; it is mailed to `email`."""

    kind: ClassVar[str] = "contract.code_asked"
    version: int = Field(ge=1)
    email: str = Field(max_length=320)
    name: str = Field(default="", max_length=200)
    role: str = Field(default="", max_length=200)


class ContractSigned(Answer):
    """The client signed a version: who, from where, over which bytes. `code` is the number of the code that was given."""

    kind: ClassVar[str] = "contract.signed"
    version: int = Field(ge=1)
    name: str = Field(min_length=1, max_length=200)
    role: str = Field(min_length=1, max_length=200)
    email: str = Field(max_length=320)
    consent: str = Field(max_length=2000)
    code: int = Field(ge=1)
    address: str = Field(max_length=100)
    agent: str = Field(default="", max_length=500)
    body_hash: str = Field(max_length=64)
    template_hash: str = Field(default="", max_length=64)
    pdf_hash: str = Field(default="", max_length=64)


class ContractChangeAsked(Answer):
    """The client wants the contract changed before signing."""

    kind: ClassVar[str] = "contract.change_asked"
    version: int = Field(ge=1, le=MOST_ID, description="The version that the client read.")
    text: str = Field(min_length=1, max_length=5000, description="What should change.")
    name: str = Field(default="", max_length=200, description="Who of the client asks for it.")


class ContractRevised(Answer):
    """A new version of the contract was made; the one before is void."""

    kind: ClassVar[str] = "contract.revised"
    version: int = Field(ge=1, le=MOST_ID, description="The new version.")


class Countersigned(Answer):
    """The studio's signature under a contract, or its refusal."""

    kind: ClassVar[str] = "contract.countersigned"
    version: int = Field(ge=1, le=MOST_ID, description="The version that the client signed.")
    decision: Literal["sign", "refuse"] = Field(description="sign, or refuse (the deal goes back to the salesperson).")
    name: str = Field(default="", max_length=200, description="Who signs for the studio.")
    reason: str = Field(default="", max_length=2000, description="Needed for a refusal.")

    @model_validator(mode="after")
    def _say_why(self) -> "Countersigned":
        if self.decision == "refuse" and not self.reason:
            raise ValueError("Please give a reason: the salesperson has to explain it.")
        return self


class PaymentRecorded(Answer):
    """Money that somebody saw come in. `amount` is in whole units and cents: 1230.50."""

    kind: ClassVar[str] = "payment.recorded"
    amount: Decimal = Field(gt=0, le=MOST_MONEY, max_digits=14, decimal_places=3, description="How much came in: 1230.50.")
    currency: str = Field(pattern=r"^[A-Z]{3}$", description="Currency, as three letters: EUR.")
    on: date = Field(description="The day on which it came.")
    method: Literal["bank", "card", "cash", "other"] = Field(default="bank", description="bank, card, cash or other.")
    reference: str = Field(default="", max_length=140, description="What the payer wrote, or the receipt's number.")
    part: int = Part
    reason: str = Field(default="", max_length=2000, description="Why, where that does not go without saying. The history shows it.")

    @field_validator("currency", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.strip().upper() if isinstance(value, str) else value


class MoneyCame(Answer):
    """A payment was booked on an invoice of this part. `amount` is in minor units."""

    kind: ClassVar[str] = "payment.came"
    part: int = Field(ge=1)
    payment: int = Field(ge=1)
    amount: int
    currency: str


class PaymentPromised(Answer):
    """The client says on which day they pay; reminders rest until then."""

    kind: ClassVar[str] = "payment.promised"
    part: int = Part
    on: date = Field(description="The day on which they will pay.")
    text: str = Field(default="", max_length=2000, description="What they said.")


class InvoiceCorrected(Answer):
    """A credit note was issued for an invoice of this part, or money for it went back."""

    kind: ClassVar[str] = "invoice.corrected"
    part: int = Field(ge=1)
    number: str = Field(max_length=60, description="Number of the credit note, or of the invoice whose money went back.")
    reason: str = Field(default="", max_length=2000, description="Why it was credited. The history shows it.")
    again: bool = Field(default=False, description="Whether the payment is invoiced anew.")


class MilestoneReached(Answer):
    """The work has come so far that a payment of the plan is due."""

    kind: ClassVar[str] = "milestone.reached"
    payment: int = Field(default=0, ge=0, le=MOST_PARTS, description="Which payment of the plan is due; 0: the next one.")
    text: str = Field(default="", max_length=2000, description="What was reached; the client reads it on the invoice.")


class WorkCancelled(Answer):
    """The work ends before it is done. `keep` (gross, whole units) stays with the studio for hours already worked."""

    kind: ClassVar[str] = "work.cancelled"
    reason: str = Field(min_length=3, max_length=2000, description="Why; the client reads it on the credit note.")
    keep: Decimal = Field(default=Decimal(0), ge=0, description="What stays with us for hours worked, gross: 500.00.")


CASH_ANSWERS: tuple[type[Answer], ...] = (
    ContractDetails, CodeAsked, ContractSigned, ContractChangeAsked, ContractRevised, Countersigned, PaymentRecorded, MoneyCame,
    PaymentPromised, InvoiceCorrected, MilestoneReached, WorkCancelled,
)  # fmt: skip
CASH_BY_RULE: tuple[type[Answer], ...] = (
    CodeAsked, ContractSigned, ContractRevised, Countersigned, MoneyCame, InvoiceCorrected, WorkCancelled,
)  # fmt: skip
