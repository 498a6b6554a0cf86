"""Card payments with play money, through the sandbox provider that `./studio up` starts beside the rest (deployments/sandbox)."""

import ssl
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NoReturn

import httpx
from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked

from models.errors import Refused, Unavailable
from tasks.gateways.payments import Checkout, Movement, PayOrder, Refund, RefundOrder

_SENT = frozenset({401, 403, 408, 429})
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


@checked
class _Opened:
    id: str
    url: str
    expires_at: AwareDatetime


@checked
class _Refunded:
    id: str


@checked
class _Moved:
    items: list[Movement]


class Sandbox:
    """The sandbox at `base_url`. Both sides know `secret`; every request that acts carries a key, so asking again is safe."""

    name = "sandbox"

    def __init__(self, base_url: str, secret: str, *, timeout: float = 10.0) -> None:
        self._base = base_url.rstrip("/")
        self._secret = secret
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"Sandbox({self._base})"

    def open(self, order: PayOrder) -> Checkout:
        """A page on which this order can be paid once, for 24 hours.

        Raises Unavailable when the sandbox is away, Refused when it says no (the key is taken by another order, an amount is nought).
        """
        wanted = {
            "reference": order.reference, "invoice_id": order.invoice_id, "deal_id": order.deal_id, "amount": order.amount.model_dump(),
            "title": order.title, "email": order.email, "return_url": order.return_url,
        }  # fmt: skip
        opened = _as(_Opened, self._ask("POST", "/v1/checkouts", order.key, json=wanted))
        return Checkout(opened.id, opened.url, f"sandbox checkout {opened.id}, open until {opened.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC")

    def refund(self, order: RefundOrder) -> Refund:
        """Give money back. Raises Refused when there is no such charge or it does not hold so much, Unavailable as above."""
        wanted = {"charge_id": order.charge_id, "amount": order.amount.model_dump(), "reason": order.reason}
        refunded = _as(_Refunded, self._ask("POST", "/v1/refunds", order.key, json=wanted))
        return Refund(refunded.id, f"sandbox refund {refunded.id}")

    def movements(self, since: datetime, until: datetime) -> list[Movement]:
        """Every movement of our balance from `since` up to `until`, oldest first."""
        found = self._ask("GET", "/v1/movements", params={"since": since.isoformat(), "until": until.isoformat()})
        return _as(_Moved, found).items

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def _ask(self, method: str, path: str, key: str = "", **what: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._secret}"} | ({"Idempotency-Key": key} if key else {})
        try:
            # Our own neighbour on this machine: no proxy of the environment stands between.
            with httpx.Client(timeout=self._timeout, trust_env=False, verify=self._tls) as http:
                answer = http.request(method, f"{self._base}{path}", headers=headers, **what)
        except httpx.TransportError as error:
            raise Unavailable(f"The sandbox provider at {self._base} does not answer ({type(error).__name__}).") from None
        if answer.status_code >= _CLIENT_ERROR:
            _refuse(answer)
        try:
            return answer.json()
        except ValueError:
            raise Unavailable(f"Something else than the sandbox provider answers at {self._base}.") from None


def _refuse(answer: httpx.Response) -> NoReturn:
    try:
        said = str(answer.json()["detail"])[:300]
    except (ValueError, KeyError, TypeError):
        said = f"it answers {answer.status_code}"
    if answer.status_code >= _SERVER_ERROR or answer.status_code in _SENT:
        raise Unavailable(f"The sandbox provider cannot do it now: {said}")
    raise Refused(f"The sandbox provider refused: {said}")


def _as(kind: Any, found: object) -> Any:
    try:
        return TypeAdapter(kind).validate_python(found)
    except ValidationError:
        raise Unavailable("The sandbox provider's answer cannot be read: it may be of another version.") from None
