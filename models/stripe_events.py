"""Stripe's events (docs.stripe.com/api/events/types), read as far as money moves. A charge is called by its payment intent.

A payment is told by its Checkout session; the payment intent's and the charge's own events tell the same once more and are `other`.
A refund is told by the refund's own events: `charge.refunded` names no refund and is `other`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from models.money import Money
from models.provider_event import ProviderEvent, Unreadable
from models.stripe_amounts import from_stripe

Json = dict[str, Any]


def read(raw: Json) -> ProviderEvent:
    """The event in one record. Raises Unreadable when something is missing from it."""
    try:
        about = raw["data"]["object"]
        told = _READERS.get(raw["type"], _other)(about, raw["type"])
        return ProviderEvent.model_validate({"id": raw["id"], "at": datetime.fromtimestamp(raw["created"], UTC)} | told)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, OSError) as error:
        raise Unreadable(f"Stripe's event cannot be read: {type(error).__name__} at {str(error)[:100]}.") from None


def _other(_about: Json, _type: str) -> Json:
    return {"kind": "other"}


def _session(session: Json, kind: str) -> Json:
    """A Checkout session. One that is `unpaid` was paid in a way that takes days; another event will tell how that ended."""
    is_paid = session["payment_status"] == "paid" and session.get("mode", "payment") == "payment" and session.get("payment_intent")
    failed = kind == "checkout.session.async_payment_failed"
    told = {
        "kind": "failed" if failed else "paid" if is_paid else "other",
        "reference": _reference(session),
        "charge_id": name_of(session.get("payment_intent")),
        "payer": _payer(session.get("customer_details") or {}),
    }
    return told | ({"amount": _amount(session["amount_total"], session)} if failed or is_paid else {})


def _failed_intent(intent: Json, _type: str) -> Json:
    return {"kind": "failed", "reference": _reference(intent), "charge_id": intent["id"], "amount": _amount(intent["amount"], intent)}


def _refund(refund: Json, _type: str) -> Json:
    """A refund. A pending one may still fail; once it is through, another event says so."""
    kind = {"succeeded": "refunded", "failed": "failed"}.get(refund.get("status") or "", "other")
    return {"kind": kind, "refund_id": refund["id"], **_of_charge(refund)}


def _dispute(dispute: Json, kind: str) -> Json:
    """A dispute. The money is gone when it opens; an inquiry takes none, and the end of it is news only where it is lost."""
    status = dispute["status"]
    is_taken = kind == "charge.dispute.funds_withdrawn" or (not status.startswith("warning") if kind.endswith("created") else status == "lost")
    return {"kind": "disputed" if is_taken else "other", "refund_id": dispute["id"], **_of_charge(dispute)}


def _reinstated(dispute: Json, _type: str) -> Json:
    """A dispute that was won: the money came again, as a payment of its own under the dispute's name."""
    return {"kind": "paid", "charge_id": f"{dispute['id']}/won", "reference": _reference(dispute), "amount": _amount(dispute["amount"], dispute)}


def _of_charge(thing: Json) -> Json:
    charge = name_of(thing.get("payment_intent")) or name_of(thing["charge"])
    return {"charge_id": charge, "reference": _reference(thing), "amount": _amount(thing["amount"], thing)}


def name_of(thing: str | Json | None) -> str:
    """The id of a thing that Stripe gives as an id, whole, or not at all."""
    return thing if isinstance(thing, str) else thing["id"] if thing else ""


def _reference(thing: Json) -> str:
    return thing.get("client_reference_id") or (thing.get("metadata") or {}).get("reference") or ""


def _payer(details: Json) -> str:
    return details.get("name") or details.get("email") or ""


def _amount(amount: int, thing: Json) -> Money:
    return from_stripe(amount, thing["currency"])


_READERS: dict[str, Callable[[Json, str], Json]] = {
    "checkout.session.completed": _session,
    "checkout.session.async_payment_succeeded": _session,
    "checkout.session.async_payment_failed": _session,
    "payment_intent.payment_failed": _failed_intent,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.refund.updated": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.closed": _dispute,
    "charge.dispute.funds_reinstated": _reinstated,
}
