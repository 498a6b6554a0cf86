"""Stripe as far as we talk to it: a server on loopback that speaks its documented shapes (docs.stripe.com/api, version of 2025-2026).

Form-encoded requests, idempotency, errors, lists in pages, balance transactions with their sources, signed webhooks.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from models import webhooks
from models.clock import real_now

KEY = "sk_test_51secretsecretsecret"
WEBHOOK_SECRET = "whsec_secretsecretsecret"
SESSION = {
    "id": "", "object": "checkout.session", "adaptive_pricing": {"enabled": False}, "amount_subtotal": 0, "amount_total": 0, "client_reference_id": None,
    "created": 0, "currency": "eur", "customer": None, "customer_details": None, "customer_email": None, "expires_at": 0, "livemode": False,
    "metadata": {}, "mode": "payment", "payment_intent": None, "payment_link": None, "payment_status": "unpaid", "status": "open",
    "success_url": "", "cancel_url": "", "url": None,
}  # fmt: skip
KNOWN = {
    "/v1/checkout/sessions": {
        "mode", "line_items", "client_reference_id", "metadata", "payment_intent_data", "adaptive_pricing", "submit_type", "success_url", "cancel_url",
        "customer_email", "expires_at",
    },
    "/v1/refunds": {"payment_intent", "charge", "amount", "reason", "metadata"},
}  # fmt: skip


def session_object(**over: Any) -> dict[str, Any]:
    """A Checkout session as Stripe writes it."""
    return SESSION | over


class StripeSays(Exception):
    """An error answer."""

    def __init__(self, status: int, message: str, kind: str = "invalid_request_error", **more: str) -> None:
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **more}}


@dataclass
class FakeStripe:
    """An account. `hook` is where its webhooks go; `troubles` meet the next requests: a status, "drop" (the line goes
    dead), "drop after" (it goes dead when all is done)."""

    hook: str = ""
    sessions: dict[str, dict] = field(default_factory=dict)
    intents: dict[str, dict] = field(default_factory=dict)
    refunds: list[dict] = field(default_factory=list)
    balance: list[dict] = field(default_factory=list)
    sources: dict[str, dict] = field(default_factory=dict)
    keys: dict[str, tuple[dict, dict]] = field(default_factory=dict)
    troubles: list[int | str] = field(default_factory=list)
    asked: list[tuple[str, str, dict]] = field(default_factory=list)
    page: int = 100
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    # What happens at Stripe

    def pays(self, session_id: str, name: str = "Ada Byron") -> str:
        """The client pays; Stripe tells of it in three events, as it does. The payment intent's id."""
        session = self.sessions[session_id]
        number = len(self.intents) + 1
        intent, charge = f"pi_{number}", f"ch_{number}"
        session |= {"payment_status": "paid", "status": "complete", "payment_intent": intent, "customer_details": {"name": name, "email": session["customer_email"]}}
        amount, known = session["amount_total"], session["metadata"]
        self.intents[intent] = {"id": intent, "object": "payment_intent", "amount": amount, "currency": session["currency"], "metadata": known, "left": amount}
        source = {"id": charge, "object": "charge", "amount": amount, "currency": session["currency"], "payment_intent": intent, "metadata": known}
        self._moves("charge", amount, source, fee=round(amount * 0.015) + 25)
        self.tell("payment_intent.succeeded", self.intents[intent])
        self.tell("charge.succeeded", source)
        self.tell("checkout.session.completed", session)
        return intent

    def disputes(self, intent: str) -> None:
        """The payer's bank takes everything back, and Stripe keeps a fee."""
        held = self.intents[intent]
        about = {
            "id": f"du_{intent[3:]}", "object": "dispute", "amount": held["amount"], "currency": held["currency"], "charge": f"ch_{intent[3:]}",
            "payment_intent": intent, "status": "needs_response", "metadata": {},
        }  # fmt: skip
        self._moves("adjustment", -held["amount"], about, fee=2000, category="dispute")
        self.tell("charge.dispute.created", about)

    def pays_out(self) -> None:
        held = sum(row["net"] for row in self.balance)
        self._moves("payout", -held, {"id": "po_1", "object": "payout", "amount": held, "currency": "eur", "metadata": {}})

    def tell(self, kind: str, about: dict) -> None:
        """Send a signed event."""
        event = {"id": f"evt_{kind}_{about['id']}", "object": "event", "api_version": "2026-01-28.clover", "created": int(time.time()), "data": {"object": about}, "livemode": False, "type": kind}
        body = json.dumps(event).encode()
        if self.hook:
            httpx.post(self.hook, content=body, headers={"Stripe-Signature": webhooks.sign(WEBHOOK_SECRET, body, real_now())})

    def _moves(self, kind: str, amount: int, source: dict, fee: int = 0, category: str = "") -> None:
        self.sources[source["id"]] = source
        self.balance.append(
            {"id": f"txn_{len(self.balance) + 1}", "object": "balance_transaction", "amount": amount, "fee": fee, "net": amount - fee,
             "currency": source["currency"], "created": int(time.time()), "source": source["id"], "type": kind, "reporting_category": category or kind, "status": "available"}
        )  # fmt: skip

    # What the API answers

    def check(self, method: str, path: str, given: dict, authorization: str, trouble: int | str | None) -> None:
        """Refuse a foreign key, a request in trouble, and parameters that are not documented. Raises StripeSays."""
        if authorization != f"Bearer {KEY}":
            raise StripeSays(401, f"Invalid API Key provided: {authorization[7:]}")
        if isinstance(trouble, int):
            raise StripeSays(trouble, "An error occurred; ask again.", "api_error")
        unknown = sorted(given.keys() - KNOWN[path]) if method == "POST" and path in KNOWN else []
        if unknown:
            raise StripeSays(400, f"Received unknown parameter: {unknown[0]}", code="parameter_unknown", param=unknown[0])

    def answer(self, method: str, path: str, given: dict, key: str) -> dict:
        """The answer to a request; the same for the same key. Raises StripeSays."""
        with self.lock:
            if method == "POST" and key in self.keys:
                before, known = self.keys[key]
                if before != {"path": path, **given}:
                    said = "Keys for idempotent requests can only be used with the same parameters they were first used with."
                    raise StripeSays(400, f"{said} Try using a key other than '{key}' if you meant to execute a different request.", "idempotency_error")
                return known
            made = _ROUTES[method, path](self, given) if (method, path) in _ROUTES else _unknown(method, path)
            if method == "POST":
                self.keys[key] = ({"path": path, **given}, made)
            return made

    def open_session(self, given: dict) -> dict:
        price = given["line_items"]["0"]["price_data"]
        amount = int(price["unit_amount"]) * int(given["line_items"]["0"]["quantity"])
        if amount < 50:
            raise StripeSays(400, "The Checkout Session's total amount due must add up to at least €0.50 eur", code="amount_too_small")
        if "customer_email" in given and "@" not in given["customer_email"]:
            raise StripeSays(400, f"Invalid email address: {given['customer_email']}", code="email_invalid", param="customer_email")
        number, now = f"cs_test_{len(self.sessions) + 1}", int(time.time())
        self.sessions[number] = session_object(
            id=number, amount_total=amount, amount_subtotal=amount, client_reference_id=given["client_reference_id"], created=now, currency=price["currency"],
            customer_email=given.get("customer_email"), expires_at=now + 86400, metadata=given["metadata"], success_url=given["success_url"],
            cancel_url=given["cancel_url"], url=f"https://checkout.stripe.com/c/pay/{number}",
        )  # fmt: skip
        return dict(self.sessions[number])

    def make_refund(self, given: dict) -> dict:
        intent = self.intents.get(given["payment_intent"])
        if intent is None:
            raise StripeSays(404, f"No such payment_intent: '{given['payment_intent']}'", code="resource_missing", param="payment_intent")
        amount = int(given["amount"])
        if amount > intent["left"]:
            raise StripeSays(400, f"Refund amount (€{amount / 100:.2f}) is greater than unrefunded amount on charge (€{intent['left'] / 100:.2f})")
        intent["left"] -= amount
        refund = {
            "id": f"re_{len(self.refunds) + 1}", "object": "refund", "amount": amount, "currency": intent["currency"], "charge": f"ch_{intent['id'][3:]}",
            "payment_intent": intent["id"], "status": "succeeded", "metadata": given.get("metadata", {}), "reason": given.get("reason"),
        }  # fmt: skip
        self.refunds.append(refund)
        self._moves("refund", -amount, refund)
        self.tell("refund.created", refund)
        return refund

    def list_refunds(self, given: dict) -> dict:
        return self._list([one for one in reversed(self.refunds) if one["payment_intent"] == given["payment_intent"]], given, "/v1/refunds")

    def list_balance(self, given: dict) -> dict:
        low, high = int(given["created"]["gte"]), int(given["created"]["lt"])
        rows = [row | {"source": self.sources[row["source"]]} for row in reversed(self.balance) if low <= row["created"] < high]
        return self._list(rows, given, "/v1/balance_transactions")

    def _list(self, rows: list[dict], given: dict, url: str) -> dict:
        start = next((place + 1 for place, row in enumerate(rows) if row["id"] == given.get("starting_after")), 0)
        shown = rows[start : start + min(self.page, int(given.get("limit", 10)))]
        return {"object": "list", "data": shown, "has_more": start + len(shown) < len(rows), "url": url}


_ROUTES: dict[tuple[str, str], Callable[[FakeStripe, dict], dict]] = {
    ("POST", "/v1/checkout/sessions"): FakeStripe.open_session,
    ("POST", "/v1/refunds"): FakeStripe.make_refund,
    ("GET", "/v1/refunds"): FakeStripe.list_refunds,
    ("GET", "/v1/balance_transactions"): FakeStripe.list_balance,
}


def _unknown(method: str, path: str) -> dict:
    raise StripeSays(404, f"Unrecognized request URL ({method}: {path}).")


def nested(text: str) -> dict:
    """Stripe's form encoding: `a[b][0]=c` is {"a": {"b": {"0": "c"}}}."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        parts = name.replace("]", "").split("[")
        place = found
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = value
    return found


def _handler(stripe: FakeStripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_args: object) -> None: ...

        def do_GET(self) -> None:
            self._serve("GET", urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._serve("POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())

        def _serve(self, method: str, text: str) -> None:
            path, given = urlsplit(self.path).path, nested(text)
            stripe.asked.append((method, path, given))
            trouble = stripe.troubles.pop(0) if stripe.troubles else None
            if trouble == "drop":
                self.close_connection = True
                return
            try:
                stripe.check(method, path, given, self.headers.get("Authorization", ""), trouble)
                answer, status = stripe.answer(method, path, given, self.headers.get("Idempotency-Key", "")), 200
            except StripeSays as said:
                answer, status = said.body, said.status
            if trouble == "drop after":
                self.close_connection = True
                return
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Request-Id", "req_1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
