"""Keys of machines and of staff: shown once, kept as SHA-256, good for the scopes they were made with, until they end."""

import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, or_, select

from models.errors import Invalid, Missing, Refused
from models.links import digest
from models.tables import ApiKey

SCOPES = ("applications:write", "deals:read", "facts:write", "statements:write", "money:read", "reports:read", "metrics:read")
PREFIX = "sf_"
_LENGTH = 40
_SIGNS = string.ascii_letters + string.digits
_USE_IS_NEWS_AFTER = timedelta(minutes=10)


class NoKey(Refused):
    """No key was given, or none of ours (401)."""


class NoScope(Refused):
    """The key is ours and not meant for this (403)."""


def add(session: Session, name: str, scopes: Sequence[str], now: datetime, *, ends_at: datetime | None = None, staff: str = "") -> str:
    """A new key of these scopes under a name of its own: `sf_` and 40 letters and digits, given out this once.

    `staff` is the address of the person it speaks for; without one it is a machine's.
    Raises Invalid for a scope that does not exist, Refused for a name that is taken.
    """
    if unknown := sorted(set(scopes) - set(SCOPES)) or (["none"] if not scopes else []):
        raise Invalid(f"There is no scope {unknown[0]}; scopes are {', '.join(SCOPES)}.")
    if not name.strip() or len(name) > 100 or not name.isprintable():  # noqa: PLR2004
        raise Invalid("A key needs a name of up to 100 characters: who uses it?")
    if session.exec(select(ApiKey).where(ApiKey.name == name.strip())).first():
        raise Refused(f"There is a key named {name.strip()} already; revoke it, or choose another name.")
    key = _new()
    session.add(ApiKey(name=name.strip(), digest=digest(key), scopes=sorted(set(scopes)), made_at=now, ends_at=ends_at, staff=staff))
    session.flush()
    return key


def rotate(session: Session, name: str, now: datetime, *, grace: timedelta) -> str:
    """A new key under this name, of the same scopes and the same end; the one before it is good for `grace` longer.

    Rotated again within the grace, only the last one before has any. Raises Missing for an unknown name, Refused for a key that has ended.
    """
    known = _named(session, name)
    if not is_good(known, now):
        raise Refused(f"The key {name} has ended; make a new one under another name.")
    key = _new()
    known.was_digest, known.was_until = (known.digest, now + grace) if grace else (None, None)
    known.digest = digest(key)
    session.add(known)
    session.flush()
    return key


def find(session: Session, key: str, scope: str, now: datetime) -> ApiKey:
    """The key, if it may do this now.

    Raises NoKey for one that is unknown, has ended or was revoked before `now`, NoScope for one that is not meant for this.
    """
    sent = digest(key)
    is_before = and_(col(ApiKey.was_digest) == sent, col(ApiKey.was_until) > now)
    known = session.exec(select(ApiKey).where(or_(col(ApiKey.digest) == sent, is_before))).first()
    if known is None or not is_good(known, now):
        raise NoKey("This key is not valid.")
    if scope not in known.scopes:
        raise NoScope(f"This key lacks the scope {scope}.")
    return known


def is_good(key: ApiKey, now: datetime) -> bool:
    """Whether a key is neither revoked nor at its end."""
    return not any(end and end <= now for end in (key.revoked_at, key.ends_at))


def actor(key: ApiKey) -> str:
    """Who tells what is told with this key, as facts name them."""
    return f"staff:{key.staff}" if key.staff else f"machine:{key.name}"


def speaker(key: ApiKey, named: str) -> str:
    """Whose word a fact is: the client's, where the key says so, or the key's own. Raises Refused when it names another of the staff."""
    if key.staff and named and named != actor(key):
        raise Refused(f"This key speaks for {key.staff}; it cannot tell what somebody else did.")
    if not key.staff and named.startswith("staff:"):
        raise Refused("This key speaks for none of the staff; it cannot tell what one of them did. A key of their own can.")
    return named or actor(key)


def is_news(key: ApiKey, now: datetime) -> bool:
    """Whether its last use was written down too long ago to stand for this one."""
    return key.used_at is None or key.used_at < now - _USE_IS_NEWS_AFTER


def note_use(session: Session, key_id: int, now: datetime) -> None:
    """Write down that a key was used."""
    known = session.get_one(ApiKey, key_id)
    known.used_at = now
    session.add(known)


def everyone(session: Session) -> list[ApiKey]:
    """Every key there ever was, oldest first; none of them holds the key itself."""
    return list(session.exec(select(ApiKey).order_by(col(ApiKey.id))))


def revoke(session: Session, name: str, now: datetime) -> None:
    """End a key, and the one before it. Raises Missing for an unknown name."""
    known = _named(session, name)
    known.revoked_at = known.revoked_at or now
    session.add(known)


def _named(session: Session, name: str) -> ApiKey:
    known = session.exec(select(ApiKey).where(ApiKey.name == name.strip())).first()
    if known is None:
        raise Missing(f"There is no key named {name}.")
    return known


def _new() -> str:
    return PREFIX + "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
