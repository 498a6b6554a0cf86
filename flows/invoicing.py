"""Operations on what was issued: credit notes, the end of work, pro-formas."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from flows.invoice import Part
from flows.operations import DealId, Reason, Who, Why
from models.answer import MOST_MONEY
from tasks import corrections, invoices
from tasks.operation import operation, this_run

Number = Annotated[str, Field(min_length=3, max_length=60, description="The invoice's number, as it stands on it.")]
Gross = Annotated[Decimal | None, Field(gt=0, le=MOST_MONEY, description="How much of it, gross: 500.00. None: all of what is not credited yet.")]
Keep = Annotated[
    Decimal, Field(ge=0, le=MOST_MONEY, description="What stays with us for hours already worked, gross: 500.00. 0 gives everything back.")
]
Again = Annotated[bool, Field(description="Ticked: the same payment, credited whole, is invoiced again at once (the address was wrong, say).")]

Details = Annotated[
    dict[str, Annotated[str, Field(max_length=320)]],
    Field(max_length=50, description="The client's details to correct on the new one: legal_name, registration, street, postcode, city, vat_id …"),
]


@operation(
    name="correct-invoice",
    description="""Issues a credit note for an invoice, whole or in part, and sends it. What was paid beyond what is still owed goes back at the
provider that took it; what came by bank is shown as an artifact, to be transferred by hand with the credit note's number as reference.""",
)
def correct_invoice(
    number: Number, who: Who, reason: Reason, gross: Gross = None, issue_again: Again = False, details: Details = {}  # noqa: B006
) -> None:
    """Correct an invoice by a credit note."""
    made = corrections.credit_invoice(number, str(gross or ""), reason, who, this_run(), again=issue_again, details=details)
    send([made])


@operation(
    name="cancel-work",
    description="""Ends a deal's work before it is done: its runs are cancelled, unpaid invoices are credited, and what was paid beyond the
amount to keep goes back. The hours booked stay in the reports. The client gets a credit note for each invoice that changes.""",
)
def cancel_work(deal_id: DealId, who: Who, reason: Reason, keep: Keep = Decimal(0)) -> None:
    """Cancel a deal's work."""
    send(corrections.cancel_work(deal_id, reason, str(keep), who, this_run()))


def send(made: list[dict]) -> None:
    """Print and mail each credit note, give back what a provider took, show what has to be transferred."""
    for one in made:
        invoices.print_invoice(one["note"])
        corrections.mail_credit(one["note"])
        for key in one["refunds"]:
            corrections.refund(key)
    corrections.show_transfers(made)


@operation(
    name="issue-proforma",
    description="Sends a pro-forma of a payment of the plan: what its invoice would say, without a number and without a claim.",
)
def issue_proforma(deal_id: DealId, part: Part, who: Who, reason: Why = "") -> None:
    """Make and mail a pro-forma."""
    invoice_id = corrections.issue_proforma(deal_id, part, who, this_run(), reason=reason)
    invoices.print_invoice(invoice_id)
    corrections.mail_proforma(invoice_id)
