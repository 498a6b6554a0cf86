"""What all processes of an installation must agree on: the worker says it at its start, a run in a process of its own compares.

Kept are marks made with the installation's secret, never the settings themselves.
"""

import hmac
from datetime import datetime

from pydantic import SecretStr
from sqlmodel import Session, col, select

from models import installation
from models.settings import Settings
from models.tables import Fact

AGREED = "studio.agreed"
NAMES = (
    "secret", "seal_key", "public_url", "mail_url", "mailbox_url", "payments", "stripe_key", "stripe_url", "tracker", "desk", "redmine_url",
    "redmine_key", "redmine_options",
)  # fmt: skip
"""The settings that decide what clients get, pay and read, and from whom."""


def tell(session: Session, settings: Settings, *, now: datetime) -> None:
    """Keep the marks of these settings as the ones that count from now on; nothing where they do already."""
    before = _newest(session)
    if before is None or before.payload != marks(settings):
        installation.note(session, AGREED, f"{AGREED}/after/{before.id if before else 0}", marks(settings), now=now)


def differing(session: Session, settings: Settings) -> list[str]:
    """Which variables say something else here than to the worker that started last; none as long as no worker has."""
    told, here = _newest(session), marks(settings)
    names = [name for name, mark in told.payload.items() if here.get(name, mark) != mark] if told else []
    return [f"STUDIO_{name.upper()}" for name in (["secret"] if "secret" in names else names)]


def marks(settings: Settings) -> dict[str, str]:
    """A mark for each setting, which tells nobody what it is. Another secret makes all of them others."""
    secret = settings.secret.get_secret_value().encode()
    return {name: hmac.new(secret, f"{name}={_plain(getattr(settings, name))}".encode(), "sha256").hexdigest()[:16] for name in NAMES}


def _newest(session: Session) -> Fact | None:
    return session.exec(select(Fact).where(Fact.kind == AGREED).order_by(col(Fact.id).desc())).first()


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
