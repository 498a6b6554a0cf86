"""Payment: from an invoice to its money.

    open ──▶ paid ──▶ deposit: work may start · last part: paid
     │ ⇅ a part of it, a promise
     └──▶ credited
"""

from datetime import datetime

from flows.brief import DealId
from flows.invoice import Part
from models.answer import Answer
from models.cash_answers import InvoiceCorrected, MoneyCame, PaymentPromised, PaymentRecorded
from models.stages import Stage
from tasks import payments, waits
from tasks.stage import stage

KINDS: tuple[type[Answer], ...] = (PaymentRecorded, MoneyCame, PaymentPromised, InvoiceCorrected)


@stage(
    Stage.PAYMENT,
    description="""**Waits** for the money of one invoice: the provider's word, a bank statement, or **Resume** with amount, currency and day
(part of it will do; the rest stays open). Reminders go out in the salesperson's name, a promise to pay moves them. Paid: receipt, and after
the first payment work may start. **When it fails** mend what the log names and press Retry; no payment is booked twice.""",
)
def payment(deal_id: DealId, part: Part) -> None:
    """Carry one invoice to its money. Safe to replay from the first line."""
    heard = 0
    stands = payments.look(deal_id, part, heard)
    payments.thank_client(deal_id, part, heard)  # after each look: whatever it saw come has its receipt before the stage ends
    while stands["state"] == "open":
        ask(stands)
        heard += 1
        stands = payments.look(deal_id, part, heard)
        payments.thank_client(deal_id, part, heard)
    payments.conclude_payment(deal_id, part, stands["state"])


def ask(stands: dict[str, str]) -> Answer:
    """The next word about the money. A ladder with an end tells the director there, and the wait goes on."""
    what, starts = f"the money of {stands['number']}", datetime.fromisoformat(stands["starts"])
    said = waits.for_any(KINDS, key="money", ladder="payment", whose="client", what=what, starts=starts)
    if said is None:
        payments.tell_director(int(stands["invoice"]))
        said = waits.however_long(KINDS, key="money", whose="client", what=what)
    return said
