"""The brief: saved as often as the client likes, a version each time it is sent."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from models import documents
from models.answers import BriefSent
from models.errors import Refused
from models.money import Money
from models.tables import Brief, Client, Deal
from models.tracks import CLOSED


def known(deal: Deal, client: Client) -> dict[str, Any]:
    """What the application told already, by the names that questions are prefilled from."""
    budget = f"{Money(amount=deal.budget, currency=deal.currency).major:f}".split(".")[0] if deal.budget is not None else ""
    return {
        "name": client.name, "email": client.email, "phone": client.phone, "company": client.company, "message": deal.message, "budget": budget,
    }  # fmt: skip


def check_open(session: Session, deal: Deal) -> None:
    """Raises Refused when the brief can no longer be changed: the deal is closed, or its proposal was accepted."""
    if deal.sales in CLOSED:
        raise Refused("This brief is closed. Write to us to take the project up again.")
    document = documents.latest(session, deal.id or 0, "proposal")
    if document and document.state == "frozen" and document.round == deal.round:
        raise Refused("The proposal made from this brief has been accepted; please ask your contact for a change.")


def open_brief(session: Session, deal: Deal, prefilled: dict[str, Any], *, now: datetime) -> Brief:
    """The deal's brief; begun with what is known already, kept as it is in a later round."""
    brief = session.get(Brief, deal.id)
    if brief is None:
        brief = Brief(deal_id=deal.id or 0, answers=prefilled, saved_at=now)
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
