"""The addresses under which reports are read in a browser: one for each key that may read them.

An address follows from the key's row and our secret, so it can be printed again and is kept nowhere; it ends with the key, and with its
rotation, after the same grace.
"""

import base64
import hashlib
import hmac
from datetime import datetime

from sqlmodel import Session

from models import keys
from models.errors import Missing
from models.tables import ApiKey

SCOPE = "reports:read"
PATH = "/reports"


def everyones(session: Session, secret: str, now: datetime) -> list[tuple[str, str]]:
    """Name and path of each key that may read reports, the oldest first."""
    return [(key.name, f"{PATH}/{token(secret, key.id, key.digest)}") for key in _readers(session, now)]


def find(session: Session, secret: str, text: str, now: datetime) -> ApiKey:
    """Whose address this is. Raises Missing for one that is nobody's, or whose key has ended."""
    # All are compared, so that the time it takes tells nothing.
    known = [(key, digest) for key in _readers(session, now) for digest in _digests(key, now)]
    found = [key for key, digest in known if hmac.compare_digest(token(secret, key.id, digest).encode(), text.encode())]
    if not found:
        raise Missing("There is no such page.")
    return found[0]


def token(secret: str, key_id: int | None, digest: str) -> str:
    """The last part of a key's address: 160 bits as 32 lower-case letters and digits."""
    mac = hmac.new(secret.encode(), f"reports/{key_id}/{digest}".encode(), hashlib.sha256).digest()
    return base64.b32encode(mac[:20]).decode().lower()


def _digests(key: ApiKey, now: datetime) -> list[str]:
    was = key.was_digest if key.was_until and key.was_until > now else None
    return [key.digest, *([was] if was else [])]


def _readers(session: Session, now: datetime) -> list[ApiKey]:
    return [key for key in keys.everyone(session) if SCOPE in key.scopes and keys.is_good(key, now)]
