"""Webhooks of payment providers: signatures are checked here (pure HMAC), bodies read into one record, kept once and acted on after.

    Stripe-Signature: t=1767225600,v1=<hex HMAC-SHA256 of "t.body">[,v1=…]      Stripe's documented scheme
    Sandbox-Signature: t=1767225600,v1=<hex HMAC-SHA256 of "t.body">            ours is the same
"""

import hmac
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from models import facts, sandbox_events, stripe_events, todo
from models.errors import Missing
from models.facts import News
from models.provider_event import ProviderEvent, Unreadable
from models.tables import Fact

__all__ = ["ProviderEvent", "Unreadable", "event_id", "keep", "read", "sign", "verify"]

SIGNATURES = {"sandbox": "Sandbox-Signature", "stripe": "Stripe-Signature"}
TOLERANCE = timedelta(minutes=5)
KIND = "webhook"
_READERS = {"sandbox": sandbox_events.read, "stripe": stripe_events.read}
_KEPT = ("content-type", "user-agent")
_EVENT_ID = re.compile(r"[\w.:-]{1,200}", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}")


def verify(provider: str, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Return if one of `secrets` signed exactly this body within five minutes of `now`, which is the real clock's.

    Several secrets are good while one is being replaced. Raises Unreadable with a sentence otherwise.
    """
    name = SIGNATURES[provider]
    given = next((value for key, value in headers.items() if key.lower() == name.lower()), "")
    if not given:
        raise Unreadable(f"The header {name} is missing.")
    pairs = [part.strip().partition("=")[::2] for part in given.split(",")]
    moments = [value for key, value in pairs if key == "t"]
    if len(moments) != 1 or not _SECONDS.fullmatch(moments[0]):
        raise Unreadable(f"The header {name} names no moment.")
    signatures = [value for key, value in pairs if key == "v1"]
    signed = [_signature(secret, moments[0], body) for secret in secrets if secret]
    # In constant time: how long it takes does not tell how much of a guess is right.
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in signed for other in signatures):
        raise Unreadable("The signature does not fit the body: somebody else has signed it, or it was changed on its way.")
    if abs(int(moments[0]) - now.timestamp()) > TOLERANCE.total_seconds():
        raise Unreadable("The signature is not of these minutes: it may be played back, or a clock is wrong.")


def sign(secret: str, body: bytes, now: datetime) -> str:
    """The signature header's value for a body sent `now`."""
    moment = str(int(now.timestamp()))
    return f"t={moment},v1={_signature(secret, moment, body)}"


def read(provider: str, body: bytes | str) -> ProviderEvent:
    """What the provider tells in this body. Raises Unreadable when it is no event of theirs, Missing for an unknown provider."""
    if provider not in _READERS:
        raise Missing(f"There is no payment provider {provider}.")
    return _READERS[provider](_parsed(body))


def event_id(body: bytes) -> str:
    """The event's own id. Raises Unreadable when there is none to be found."""
    named = _parsed(body).get("id")
    if not isinstance(named, str) or not _EVENT_ID.fullmatch(named):
        raise Unreadable("The body is no event: it has no id.")
    return named


def keep(session: Session, provider: str, headers: Mapping[str, str], body: bytes, *, now: datetime, due: datetime) -> tuple[Fact, bool]:
    """Keep a verified webhook raw, with the worker's todo beside it, and whether it is new; one told again changes nothing.

    `now` is the studio's clock; the todo is `due` by the real one, as what the world does is. Raises
    Unreadable when it has no id; what else may be wrong with it is found when it is acted on.
    """
    external_id = event_id(body)
    kept = {"body": body.decode(), "headers": {key.lower(): value for key, value in headers.items() if key.lower() in _KEPT}}
    news = News(kind=KIND, source=provider, external_id=external_id, actor=f"machine:{provider}", payload=kept)
    fact, new = facts.keep(session, news, now=now)
    if new:
        todo.add(session, fact, now=due)
    return fact, new


def _signature(secret: str, moment: str, body: bytes) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, "sha256").hexdigest()


def _parsed(body: bytes | str) -> dict[str, Any]:
    try:
        parsed = json.loads(body if isinstance(body, str) else body.decode())
    except (ValueError, RecursionError):
        raise Unreadable("The body is no JSON.") from None
    if not isinstance(parsed, dict):
        raise Unreadable("The body is no event.")
    return parsed
