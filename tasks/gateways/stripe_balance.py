"""Stripe's balance transactions as movements, under the names that its webhooks use."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from models.stripe_amounts import from_stripe
from models.stripe_events import name_of
from tasks.gateways.payments import Movement

Kind = Literal["charge", "refund", "fee", "payout", "dispute", "other"]
_KINDS: dict[str, Kind] = {
    "charge": "charge", "payment": "charge", "refund": "refund", "payment_refund": "refund", "refund_failure": "refund",
    "payment_failure_refund": "refund", "payout": "payout", "payout_cancel": "payout", "payout_failure": "payout", "stripe_fee": "fee",
    "stripe_fx_fee": "fee", "tax_fee": "fee", "network_cost": "fee",
}  # fmt: skip
_CAME_BACK = frozenset({"refund_failure", "payment_failure_refund", "payout_failure", "payout_cancel"})


def movements_of(row: dict[str, Any]) -> Iterator[Movement]:
    """A balance transaction (its source expanded) as one movement, and one more for the fee that was kept from it."""
    source = row["source"] if isinstance(row["source"], dict) else {}
    reference = (source.get("metadata") or {}).get("reference", "")
    at = datetime.fromtimestamp(row["created"], UTC)
    is_dispute = source.get("object") == "dispute" or (row.get("reporting_category") or "").startswith("dispute")
    kind: Kind = "dispute" if is_dispute else _KINDS.get(row["type"], "other")
    if row["amount"]:
        yield Movement(_name(row, source, kind), kind, from_stripe(row["amount"], row["currency"]), reference, at)
    if row["fee"]:
        yield Movement(f"{row['id']}/fee", "fee", from_stripe(-row["fee"], row["currency"]), reference, at)


def _name(row: dict[str, Any], source: dict[str, Any], kind: Kind) -> str:
    """A charge is called by its payment intent. A refund or payout that came back, and a dispute won, is a second movement of its name."""
    named = name_of(row["source"]) or row["id"]
    if kind == "charge":
        return name_of(source.get("payment_intent")) or named
    if kind == "dispute":
        return f"{named}/won" if row["amount"] > 0 else named
    return f"{named}/failed" if row["type"] in _CAME_BACK else named
