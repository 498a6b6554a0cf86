"""Money: what an operator does about payments and statements, and the daily proof that books, provider and bank agree."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from flows.operations import Reason, Who, Why
from models.answer import MOST_ID, MOST_MONEY, MOST_PARTS
from models.errors import Refused
from tasks import money, statements
from tasks.operation import chore, operation, this_run
from tasks.world import world

Amount = Annotated[Decimal, Field(gt=0, le=MOST_MONEY, max_digits=14, decimal_places=3, description="How much came in: 1230.50.")]
Currency = Annotated[str, Field(min_length=3, max_length=3, description="Currency, as three letters: EUR.")]
Day = Annotated[date, Field(description="The day on which it came.")]
Invoice = Annotated[str, Field(max_length=60, description="Number of the invoice. Empty: deal and payment of the plan say which one.")]
Deal = Annotated[int, Field(ge=0, le=MOST_ID, description="Number of the deal, where no invoice is named.")]
Part = Annotated[int, Field(ge=0, le=MOST_PARTS, description="Which payment of the plan, from 1; 0: the deal's only open invoice.")]
Method = Annotated[Literal["bank", "card", "cash", "other"], Field(description="How it came. A transfer is confirmed by the statement later.")]
Reference = Annotated[str, Field(max_length=140, description="What the payer wrote, or the receipt's number.")]
PaymentId = Annotated[int, Field(ge=1, le=MOST_ID, description="Number of the payment, as the artifact money-proof shows it.")]
Numbers = Annotated[
    list[Annotated[str, Field(max_length=60)]],
    Field(min_length=1, max_length=50, description="Numbers of the invoices that it is for; the one due first is paid first."),
]
File = Annotated[str, Field(min_length=1, max_length=255, description="Name of the file in the watched folder, or in refused beside it.")]


@operation(
    name="record-payment",
    description="""Books money that you saw come in: cash, a transfer in online banking. A transfer on the next statement confirms it and is not
counted twice, and the same amount, day, way and reference is taken once. The client gets a receipt; what is too much is kept as their
credit.""",
)
def record_payment(
    amount: Amount, on: Day, who: Who, invoice: Invoice = "", deal_id: Deal = 0, part: Part = 0, currency: Currency = "EUR",
    method: Method = "bank", reference: Reference = "", reason: Why = "",
) -> str:  # fmt: skip
    """Record a payment; return what is open now."""
    came = {"amount": str(amount), "currency": currency, "on": on.isoformat(), "method": method}
    payment = came | {"reference": reference, "part": part, "reason": reason}
    said = money.record_payment(invoice, deal_id, payment, who, this_run())
    world().nudge()
    return said


@operation(
    name="match-suspense",
    description="""Books a payment that nobody could place on the invoices you name. The artifact money-proof and `GET /api/suspense` list what
waits, each with the invoices that it may be for. Several invoices: the one due first is paid first, the rest is the client's credit.""",
)
def match_suspense(payment_id: PaymentId, invoices: Numbers, who: Who, reason: Why = "") -> str:
    """Match a payment by hand; return where it went."""
    said = money.match_payment(payment_id, invoices, who, this_run(), reason)
    world().nudge()
    return said


@operation(
    name="ignore-payment",
    description="Sets a payment in suspense aside: it is for none of our invoices (a loan, a private transfer). It leaves the list with your reason.",
)
def ignore_payment(payment_id: PaymentId, reason: Reason, who: Who) -> str:
    """Set a payment aside."""
    return money.ignore_payment(payment_id, reason, who, this_run())


@operation(
    name="import-statement",
    description="""Takes a bank statement in (camt.053 or MT940) that lies in the watched folder on the server, or among the refused ones after
it was mended. Importing twice changes nothing. **It fails** with the reason when the file is no whole statement of our account.""",
)
def import_statement(file: File, who: Who, reason: Why = "") -> str:
    """Take a statement in; return what became of its lines."""
    return statements.import_file(file, who, reason)


@chore(
    name="money-proof",
    description="""Compares our books with themselves, with the payment provider's movements and with the bank's statements. The artifact
money-proof shows every account, what lies in suspense and which statements were refused. **It fails** and names the differences when they
do not agree: a webhook that never came is sent again from the provider's site, a missing statement is taken in.""",
)
def money_proof() -> None:
    """Prove that books, provider and bank agree; fail where they do not."""
    wrong = [*money.prove_books(), *money.prove_provider(), *money.prove_bank()]
    money.show_proof(wrong)
    if wrong:
        raise Refused("\n".join(wrong))
