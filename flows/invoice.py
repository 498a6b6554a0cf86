"""Invoice: a payment of the plan is due.

    signed ──▶ part 1 issued ──▶ payment
    a stage is accepted, or a milestone is told ──▶ part 2, 3 … issued ──▶ payment
"""

from typing import Annotated

from pydantic import Field

from flows.brief import DealId
from models.answer import MOST_PARTS
from models.stages import Stage
from tasks import deals, invoices
from tasks.stage import stage

Part = Annotated[int, Field(ge=1, le=MOST_PARTS, description="Which payment of the plan, from 1.")]


@stage(
    Stage.INVOICE,
    description="""Issues the invoice of one payment of the plan: the next number of its series, PDF with e-invoice inside, the provider's pay
page, the letter. It waits for nobody. **When it fails** mend what the log names and press Retry: the number, once taken, stays the same.""",
)
def invoice(deal_id: DealId, part: Part) -> None:
    """Issue one invoice. Safe to replay from the first line."""
    invoice_id = invoices.issue_invoice(deal_id, part)
    invoices.print_invoice(invoice_id)
    invoices.ask_for_payment(invoice_id)
    invoices.mail_invoice(invoice_id)
    deals.hand_on(deal_id, Stage.PAYMENT, part)
