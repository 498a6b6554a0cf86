"""The addresses under which reports are read in a browser: one for each key that may read them.

An address follows from the key's row and our secret, so it can be printed again and is kept nowhere; it ends when the key is revoked.
"""

import base64
import hashlib
import hmac

from sqlmodel import Session

from models import keys
from models.errors import Missing
from models.tables import ApiKey

SCOPE = "reports:read"
PATH = "/reports"


def everyones(session: Session, secret: str) -> list[tuple[str, str]]:
    """Name and path of each key that may read reports, the oldest first."""
    return [(key.name, f"{PATH}/{token(secret, key)}") for key in _readers(session)]


def find(session: Session, secret: str, text: str) -> ApiKey:
    """Whose address this is. Raises Missing for one that is nobody's, or whose key was revoked."""
    # All are compared, so that the time it takes tells nothing.
    found = [key for key in _readers(session) if hmac.compare_digest(token(secret, key).encode(), text.encode())]
    if not found:
        raise Missing("There is no such page.")
    return found[0]


def token(secret: str, key: ApiKey) -> str:
    """The last part of a key's address: 160 bits as 32 lower-case letters and digits."""
    mac = hmac.new(secret.encode(), f"reports/{key.id}/{key.digest}".encode(), hashlib.sha256).digest()
    return base64.b32encode(mac[:20]).decode().lower()


def _readers(session: Session) -> list[ApiKey]:
    return [key for key in keys.everyone(session) if SCOPE in key.scopes and key.revoked_at is None]
