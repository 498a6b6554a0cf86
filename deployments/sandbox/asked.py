"""What the studio may ask the sandbox for."""

from pydantic import BaseModel, ConfigDict, Field

from models.money import Money


class Asked(BaseModel):
    """A request of ours: frozen, and nothing in it that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OpenAsked(Asked):
    """A checkout that is wanted."""

    reference: str = Field(max_length=200)
    invoice_id: int
    deal_id: int
    amount: Money
    title: str = Field(max_length=500)
    email: str = Field(max_length=320)
    return_url: str = Field(pattern=r"^https?://[^\s]+$", max_length=2000)


class RefundAsked(Asked):
    """A refund that is wanted."""

    charge_id: str
    amount: Money
    reason: str = Field("", max_length=500)
