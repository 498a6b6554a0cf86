"""The brief: saved as often as the client likes, a version each time it is sent."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from models import documents
from models.answers import BriefSent
from models.errors import Refused
from models.tables import Brief, Deal


def open_brief(session: Session, deal: Deal, known: dict[str, Any], *, now: datetime) -> Brief:
    """The deal's brief; begun with what is known already, kept as it is in a later round."""
    brief = session.get(Brief, deal.id)
    if brief is None:
        brief = Brief(deal_id=deal.id or 0, answers=known, saved_at=now)
        session.add(brief)
    return brief


def save(session: Session, deal: Deal, answers: dict[str, Any], *, now: datetime) -> Brief:
    """Keep the answers as they stand. The same answers again change nothing."""
    brief = open_brief(session, deal, {}, now=now)
    if brief.answers != answers:
        brief.answers, brief.saved_at, brief.revision = answers, now, brief.revision + 1
        session.add(brief)
    return brief


def publish(session: Session, deal: Deal, *, actor: str, now: datetime) -> BriefSent:
    """Make the saved brief a version.

    Raises Refused when there is nothing saved to send.
    """
    brief = session.get(Brief, deal.id)
    if brief is None:
        raise Refused("There is no brief to send yet.")
    version = documents.add_version(session, deal, "brief", {"answers": brief.answers}, made_by=actor, now=now).version
    brief.sent_at = now
    session.add(brief)
    return BriefSent(version=version)


def sending(deal: Deal, brief: Brief) -> str:
    """The id under which this state of the brief is sent: pressing the button twice is one fact."""
    return f"deal/{deal.id}/r{deal.round}/brief/revision-{brief.revision}"
