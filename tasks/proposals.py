"""Steps of the proposal: made, printed, sent, accepted or said goodbye to."""

import hashlib

from prefect.logging import get_run_logger

from models import documents, next_deal, proposals, waiting
from models.errors import Missing
from models.letters import LetterOrder
from models.tables import Deal
from tasks import letters, printing
from tasks.gateways.pdf import NoLibraries
from tasks.step import step
from tasks.world import world


@step
def publish_proposal(deal_id: int, round_: int) -> int:  # noqa: ARG001 (the round makes it another call)
    """Make the proposal of the newest estimate, live at the deal's address; return its version. One estimate, one version.

    A replay begins with the first one that was mailed in its round, whatever became of it: revised, say, or declined.
    """
    here = world()
    with here.db.writing() as session:
        deal = waiting.lock(session, deal_id)
        known = proposals.first_mailed(session, deal)
        return (known or proposals.publish(session, here.company, deal, now=here.now(), made_by="system")).version


@step
def print_proposal(deal_id: int, version: int, state: str) -> str:  # noqa: ARG001 (a frozen one is printed again)
    """Print a version and keep the PDF under its SHA-256; return the hash. The same version in the same state gives the same bytes.

    "" where the printer's libraries are missing: the live page is enough to go on with, `reconcile` prints later.
    """
    with world().db.reading() as session:
        document = documents.version(session, deal_id, "proposal", version)
    if document is None:
        raise Missing(f"Deal {deal_id} has no proposal {version}.")
    try:
        return printing.print_document(document)
    except NoLibraries as missing:
        get_run_logger().warning("%s", missing)
        return ""


@step
def mail_proposal(deal_id: int, version: int, *, is_first: bool) -> str:
    """Send the link to a version; return the effect's state. A later version goes out with what changed.

    What nobody asked for, a next step after completed work, is offered in words of its own.
    """
    here = world()
    with here.db.reading() as session:
        note = next_deal.note(session, here.company, session.get_one(Deal, deal_id)) if is_first else ""
    name = "next-step-offer" if note else "proposal-ready" if is_first else "proposal-updated"
    order = LetterOrder(name=name, deal_id=deal_id, to="client", facts={"note": note} if note else {})
    return letters.send(proposals.letter(deal_id, version), order).state


@step
def tell_change(deal_id: int, version: int, text: str) -> str:
    """Tell the salesperson which change the client asks for; return the effect's state."""
    order = LetterOrder(name="proposal-change-asked", deal_id=deal_id, to="salesperson", facts={"message": text})
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return letters.send(f"deal/{deal_id}/proposal/v{version}/change-{mark}", order).state


@step
def tell_director(deal_id: int, version: int) -> str:
    """Tell the director that a change the client asked for lies untouched; return the effect's state."""
    order = LetterOrder(name="proposal-change-reminder", deal_id=deal_id, to="director")
    return letters.send(f"deal/{deal_id}/proposal/v{version}/director", order).state


@step
def thank_for_acceptance(deal_id: int, version: int) -> str:
    """Thank the client for the order and send what was agreed; return the effect's state."""
    return letters.send(f"deal/{deal_id}/proposal/v{version}/accepted", LetterOrder(name="proposal-accepted", deal_id=deal_id, to="client")).state


@step
def tell_acceptance(deal_id: int, version: int) -> str:
    """Tell the salesperson that a proposal was accepted; return the effect's state."""
    order = LetterOrder(name="proposal-accepted-staff", deal_id=deal_id, to="salesperson")
    return letters.send(f"deal/{deal_id}/proposal/v{version}/accepted-staff", order).state


@step
def mail_refused(deal_id: int, version: int) -> str:
    """Thank a client who declined, and leave the door open; return the effect's state."""
    return letters.send(f"deal/{deal_id}/proposal/v{version}/declined", LetterOrder(name="proposal-declined", deal_id=deal_id, to="client")).state


@step
def tell_refusal(deal_id: int, version: int, reason: str, text: str) -> str:
    """Tell the salesperson that a proposal was declined, and why; return the effect's state."""
    order = LetterOrder(name="proposal-declined-staff", deal_id=deal_id, to="salesperson", facts={"reason": reason, "message": text})
    return letters.send(f"deal/{deal_id}/proposal/v{version}/declined-staff", order).state
