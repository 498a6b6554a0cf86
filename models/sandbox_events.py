"""The sandbox provider's events: what it writes is what we read."""

from typing import Any

from pydantic import AwareDatetime, ValidationError

from models.money import Money
from models.proposal import Record
from models.provider_event import ProviderEvent, Unreadable

KINDS = {"payment.paid": "paid", "payment.refunded": "refunded", "payment.disputed": "disputed", "payment.failed": "failed"}


class SandboxPayment(Record):
    """What an event is about; `amount` is what moved, or would have."""

    checkout_id: str = ""
    charge_id: str = ""
    refund_id: str = ""
    reference: str = ""
    invoice_id: int = 0
    deal_id: int = 0
    amount: Money
    payer: str = ""


class SandboxEvent(Record):
    """One event: `type` is one of KINDS; a type that we do not know moved nothing."""

    id: str
    type: str
    created: AwareDatetime
    data: SandboxPayment


def read(raw: dict[str, Any]) -> ProviderEvent:
    """The event in one record. Raises Unreadable when something is missing from it."""
    try:
        event = SandboxEvent.model_validate(raw)
        return ProviderEvent.model_validate(
            {
                "id": event.id, "kind": KINDS.get(event.type, "other"), "charge_id": event.data.charge_id, "refund_id": event.data.refund_id,
                "reference": event.data.reference, "amount": event.data.amount, "at": event.created, "payer": event.data.payer,
            }
        )  # fmt: skip
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise Unreadable(f"The sandbox's event cannot be read at {where}.") from None
