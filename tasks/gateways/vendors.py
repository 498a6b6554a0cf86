"""Which tracker and which support desk the settings choose."""

from collections.abc import Callable
from datetime import datetime

from models.db import Database
from models.errors import BadSetup
from models.message import Mailbox
from models.settings import Settings
from models.studio import Studio
from tasks.gateways.desk import Desk, MailDesk
from tasks.gateways.embedded_tracker import EmbeddedTracker
from tasks.gateways.mail import Mailer
from tasks.gateways.redmine import RedmineTracker
from tasks.gateways.redmine_desk import RedmineDesk
from tasks.gateways.redmine_records import RedmineNames
from tasks.gateways.tracker import Tracker

REDMINE = "redmine"


def tracker(settings: Settings, db: Database, now: Callable[[], datetime]) -> Tracker:
    """Who keeps issues and hours. Raises BadSetup where Redmine's address or key is missing."""
    if settings.tracker != REDMINE:
        return EmbeddedTracker(db, now)
    _check(settings)
    return RedmineTracker(settings.redmine_url, settings.redmine_key.get_secret_value(), names(settings))


def desk(settings: Settings, studio: Studio, mailer: Mailer, now: Callable[[], datetime]) -> Desk:
    """Where clients are handed over. Raises BadSetup where Redmine's address or key is missing."""
    if settings.desk != REDMINE:
        support = Mailbox(address=studio.mail.support_address, name=f"Support, {studio.name}")
        return MailDesk(mailer, support, Mailbox(address=studio.mail.from_address, name=studio.name), now, settings.secret.get_secret_value())
    _check(settings)
    project = _options(settings).get("support_project", "support")
    return RedmineDesk(settings.redmine_url, settings.redmine_key.get_secret_value(), project, names(settings))


def names(settings: Settings) -> RedmineNames:
    """Redmine's names, where they are not the usual ones: "stage=Task; ticket=Request; ready=Resolved,Feedback"."""
    own = _options(settings)
    usual = RedmineNames()
    meanings = ("new", "started", "ready", "closed")
    statuses = {name.strip(): meaning for meaning in meanings for name in own.get(meaning, "").split(",") if name.strip()}
    return RedmineNames(
        word=own.get("word", usual.word), stage=own.get("stage", usual.stage), ticket=own.get("ticket", usual.ticket),
        # Every status named must be there: a Redmine in another language has no “Resolved”.
        statuses=statuses if "ready" in own else {**usual.statuses, **statuses},  # ty: ignore[invalid-argument-type]
    )  # fmt: skip


def _options(settings: Settings) -> dict[str, str]:
    found = {}
    for part in settings.redmine_options.split(";"):
        name, equals, value = part.partition("=")
        if part.strip() and not (equals and value.strip()):
            raise BadSetup(f'STUDIO_REDMINE_OPTIONS: "{part.strip()}" is no name=value; several are separated by semicolons.')
        if equals:
            found[name.strip()] = value.strip()
    return found


def _check(settings: Settings) -> None:
    if not settings.redmine_url or not settings.redmine_key.get_secret_value():
        raise BadSetup("Redmine was chosen: STUDIO_REDMINE_URL and STUDIO_REDMINE_KEY are needed.")
