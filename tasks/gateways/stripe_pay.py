"""Card payments through Stripe: a Checkout session for each order, refunds, and the movements of the balance.

    no connection, silence, 429, 5xx    Unavailable: the key makes asking again safe
    the key is not taken (401, 403)     Unavailable: the owner mends it, and it goes on by itself
    any other 4xx                       Refused, in Stripe's words
"""

import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from models.errors import Refused, StudioError, Unavailable
from models.message import one_line
from models.stripe_amounts import to_stripe
from tasks.gateways.payments import Checkout, Movement, PayOrder, Refund, RefundOrder
from tasks.gateways.stripe_balance import movements_of

if TYPE_CHECKING:
    import stripe

Answer = TypeVar("Answer")
_OVERLOADED, _SERVER_ERROR, _CONFLICT = 429, 500, 409


class StripePay:
    """Stripe with a secret key; `url` is another address of its API, for tests. Nothing is opened before it is needed."""

    name = "stripe"

    def __init__(self, key: str, url: str = "", *, retries: int = 2, timeout: float = 20.0) -> None:
        self._key = key
        self._url = url.rstrip("/")
        self._retries = retries
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"StripePay({self._url or 'api.stripe.com'})"

    def open(self, order: PayOrder) -> Checkout:
        """Stripe's page for this order. It can be paid once and is open for 24 hours, the longest that Stripe allows.

        The same key gives the same page for as long; Refused when the key was used for something else.
        """
        known = {"reference": order.reference, "invoice_id": str(order.invoice_id), "deal_id": str(order.deal_id)}
        price = {"currency": order.amount.currency.lower(), "unit_amount": to_stripe(order.amount), "product_data": {"name": order.title[:250]}}
        # Nothing in here depends on the moment: Stripe refuses a key that comes again with anything else beside it.
        wanted: Any = {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "client_reference_id": order.reference[:200],
            "metadata": known,
            "payment_intent_data": {"metadata": known, "description": f"{order.reference} {order.title}"[:500]},
            "adaptive_pricing": {"enabled": False},
            "submit_type": "pay",
            "success_url": f"{order.return_url}?sent=1",
            "cancel_url": order.return_url,
        } | ({"customer_email": order.email} if order.email else {})
        session = self._ask(lambda api: api.v1.checkout.sessions.create(wanted, {"idempotency_key": order.key}))
        until = datetime.fromtimestamp(session.expires_at, UTC)
        return Checkout(session.id, session.url or "", f"Stripe session {session.id}, open until {until:%Y-%m-%d %H:%M} UTC")

    def refund(self, order: RefundOrder) -> Refund:
        """Give money back on a payment intent. The key is written on the refund and looked for first: Stripe forgets keys after a day."""
        made = self._ask(lambda api: self._find_refund(api, order)) or self._ask(lambda api: self._make_refund(api, order))
        if made.status in ("failed", "canceled"):
            raise Refused(f"Stripe could not give the money back: refund {made.id} is {made.status}.")
        return Refund(made.id, f"Stripe refund {made.id}, {made.status}")

    def movements(self, since: datetime, until: datetime) -> list[Movement]:
        """Every movement of our balance from `since` up to `until`, oldest first; Stripe's fee beside each is one of its own."""
        wanted: Any = {
            "created": {"gte": math.ceil(since.timestamp()), "lt": math.ceil(until.timestamp())}, "limit": 100, "expand": ["data.source"],
        }  # fmt: skip
        found = self._ask(lambda api: [row.to_dict() for row in api.v1.balance_transactions.list(wanted).auto_paging_iter()])
        # The newest stands first in Stripe's list; within one second the order is theirs too.
        return [movement for row in reversed(found) for movement in movements_of(row)]

    @staticmethod
    def _find_refund(api: "stripe.StripeClient", order: RefundOrder) -> "stripe.Refund | None":
        made = api.v1.refunds.list({"payment_intent": order.charge_id, "limit": 100}).auto_paging_iter()
        return next((refund for refund in made if getattr(refund.metadata, "key", None) == order.key), None)

    @staticmethod
    def _make_refund(api: "stripe.StripeClient", order: RefundOrder) -> "stripe.Refund":
        wanted: Any = {
            "payment_intent": order.charge_id, "amount": to_stripe(order.amount), "reason": "requested_by_customer",
            "metadata": {"key": order.key, "reason": order.reason[:500]},
        }  # fmt: skip
        return api.v1.refunds.create(wanted, {"idempotency_key": order.key})

    @cached_property
    def _api(self) -> "stripe.StripeClient":
        import stripe

        from tasks.gateways.stripe_line import Line

        stripe.enable_telemetry = False
        logging.getLogger("stripe").setLevel(logging.WARNING)  # it would write down what Stripe says, a wrong key included
        address: Any = {"base_addresses": {"api": self._url}} if self._url else {}
        return stripe.StripeClient(self._key, max_network_retries=self._retries, http_client=Line(self._timeout), **address)

    def _ask(self, act: Callable[["stripe.StripeClient"], Answer]) -> Answer:
        import stripe

        try:
            return act(self._api)
        except stripe.StripeError as error:
            raise self._verdict(error) from None

    def _verdict(self, error: "stripe.StripeError") -> StudioError:
        import stripe

        status, said = error.http_status or 0, self._words(error.user_message or "it gave no reason")
        if isinstance(error, stripe.APIConnectionError):
            return Unavailable(f"Stripe does not answer: {said}.")
        if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
            return Unavailable("Stripe does not take our key, or the key may not do this. Check STUDIO_STRIPE_KEY.")
        if status in (_OVERLOADED, _CONFLICT) or status >= _SERVER_ERROR or isinstance(error, stripe.RateLimitError):
            return Unavailable(f"Stripe cannot do it now ({status}): {said}.")
        return Refused(f"Stripe refused: {said}.")

    def _words(self, words: str) -> str:
        return one_line(words.replace(self._key, "…"))[:300].rstrip(".")
