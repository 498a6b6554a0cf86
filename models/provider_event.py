"""What a payment provider tells, as one record; and the word for a webhook that cannot be trusted or read."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator

from models.errors import Invalid
from models.money import Money
from models.proposal import Record
from models.reading import clean

Typed = Annotated[str, AfterValidator(clean)]
"""What a payer typed at the provider's: no sign in it keeps a database from keeping the payment."""


class Unreadable(Invalid):
    """A webhook that nobody we know has signed just now, or that is no event (400)."""


class ProviderEvent(Record):
    """What a provider told. `charge_id` is its payment, `reference` our invoice's number, `amount` positive; `id` names the event.

    `paid`: money came. `refunded`: it went back on our word. `disputed`: the payer's bank took it back; `refund_id` is then the
    dispute's id, the same in everything told about it. `failed`, `other`: nothing moved.
    """

    id: str
    kind: Literal["paid", "refunded", "disputed", "failed", "other"]
    charge_id: str = ""
    refund_id: str = ""
    reference: Typed = ""
    amount: Money | None = None
    at: datetime
    payer: Typed = ""
