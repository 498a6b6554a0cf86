"""Keys of machines: shown once, kept as SHA-256, good for the scopes they were made with."""

import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models.errors import Invalid, Missing, Refused
from models.links import digest
from models.tables import ApiKey

SCOPES = ("applications:write", "deals:read", "facts:write", "statements:write", "money:read", "reports:read")
PREFIX = "sf_"
_LENGTH = 40
_SIGNS = string.ascii_letters + string.digits
_USE_IS_NEWS_AFTER = timedelta(minutes=10)


class NoKey(Refused):
    """No key was given, or none of ours (401)."""


class NoScope(Refused):
    """The key is ours and not meant for this (403)."""


def add(session: Session, name: str, scopes: Sequence[str], now: datetime) -> str:
    """A new key of these scopes under a name of its own: `sf_` and 40 letters and digits, given out this once.

    Raises Invalid for a scope that does not exist, Refused for a name that is taken.
    """
    if unknown := sorted(set(scopes) - set(SCOPES)) or (["none"] if not scopes else []):
        raise Invalid(f"There is no scope {unknown[0]}; scopes are {', '.join(SCOPES)}.")
    if not name.strip() or len(name) > 100 or not name.isprintable():  # noqa: PLR2004
        raise Invalid("A key needs a name of up to 100 characters: who uses it?")
    if session.exec(select(ApiKey).where(ApiKey.name == name.strip())).first():
        raise Refused(f"There is a key named {name.strip()} already; revoke it, or choose another name.")
    key = PREFIX + "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
    session.add(ApiKey(name=name.strip(), digest=digest(key), scopes=sorted(set(scopes)), made_at=now))
    session.flush()
    return key


def find(session: Session, key: str, scope: str, now: datetime) -> ApiKey:
    """The key, if it may do this now.

    Raises NoKey for one that is unknown or was revoked before `now`, NoScope for one that is not meant for this.
    """
    known = session.exec(select(ApiKey).where(ApiKey.digest == digest(key))).first()
    if known is None or (known.revoked_at and known.revoked_at <= now):
        raise NoKey("This key is not valid.")
    if scope not in known.scopes:
        raise NoScope(f"This key lacks the scope {scope}.")
    return known


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
    """End a key. Raises Missing for an unknown name."""
    known = session.exec(select(ApiKey).where(ApiKey.name == name)).first()
    if known is None:
        raise Missing(f"There is no key named {name}.")
    known.revoked_at = known.revoked_at or now
    session.add(known)
