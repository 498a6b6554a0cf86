"""The sandbox's own tables, apart from the studio's: checkouts, movements of the balance, webhooks to deliver.

    checkout ── movement (charge) ─< movement (fee, refund, dispute)          delivery
"""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.columns import Payload, json_of, minor, when


class SandboxRow(SQLModel, registry=registry()):
    """A row of the sandbox's database."""


class Checkout(SandboxRow, table=True):
    """A page on which an order can be paid once. `asked` is the request that opened it under `key`; `token` opens the page."""

    id: str = Field(primary_key=True)
    key: str = Field(unique=True)
    token: str = Field(unique=True)
    asked: Payload = json_of()
    made_at: datetime = when(null=False)
    expires_at: datetime = when(null=False)
    charge_id: str = ""
    declined: int = 0


class Movement(SandboxRow, table=True):
    """A movement of the studio's balance here: charges positive, all else negative. `charge_id` is the charge it belongs to."""

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    kind: str
    amount: int = minor()
    currency: str
    reference: str = ""
    charge_id: str = Field(default="", index=True)
    key: str | None = Field(default=None, unique=True)
    asked: Payload = json_of()
    at: datetime = when(null=False, index=True)


class Delivery(SandboxRow, table=True):
    """A webhook to be delivered: waiting ▶ delivered | given up. Its moments are the real clock's."""

    __table_args__ = (Index("delivery_due", "state", "due_at"),)

    id: int | None = Field(default=None, primary_key=True)
    event_id: str
    body: str
    state: str = "waiting"
    made_at: datetime = when(null=False)
    due_at: datetime = when(null=False)
    tries: int = 0
    said: str = ""
