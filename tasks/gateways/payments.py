"""Payments: the seam between us and whoever takes card payments. Chosen from settings by `tasks.world`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from models.money import Money


@dataclass(frozen=True)
class PayOrder:
    """What the client is to pay. `key` travels as idempotency key; `reference` is the invoice's number and comes back in webhooks.

    Who has paid is led to `return_url` with `?sent=1`; who has not, to `return_url`.
    """

    key: str
    reference: str
    invoice_id: int
    deal_id: int
    amount: Money
    title: str
    email: str
    return_url: str


@dataclass(frozen=True)
class Checkout:
    """The provider's page for one payment, usable once. `said` is the provider's own words for the ledger."""

    id: str
    url: str
    said: str


@dataclass(frozen=True)
class RefundOrder:
    """Money to be given back on a charge. `key` travels as idempotency key."""

    key: str
    charge_id: str
    amount: Money
    reason: str


@dataclass(frozen=True)
class Refund:
    """A refund that the provider took."""

    id: str
    said: str


@dataclass(frozen=True)
class Movement:
    """A movement of our balance at the provider: charges positive, refunds, fees and payouts negative.

    `reference` is the invoice's number where there is one; `id` is what webhooks call the same thing.
    """

    id: str
    kind: Literal["charge", "refund", "fee", "payout", "dispute", "other"]
    amount: Money
    reference: str
    at: datetime


class Provider(Protocol):
    """Whoever takes card payments.

    Every method raises Unavailable when the provider is away and nothing has happened (retried), Refused when it says no, Uncertain
    when nobody can tell.
    """

    name: str

    def open(self, order: PayOrder) -> Checkout:
        """A page on which this order can be paid once. The same key gives the same page."""
        ...

    def refund(self, order: RefundOrder) -> Refund:
        """Give money back. The same key gives the same refund."""
        ...

    def movements(self, since: datetime, until: datetime) -> list[Movement]:
        """Every movement of our balance from `since` up to `until`, oldest first."""
        ...
