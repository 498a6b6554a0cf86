"""Steps of the proposal: made, printed, sent, accepted or said goodbye to."""

import hashlib

import templates
from models import documents, proposals
from models.letters import LetterOrder
from models.tables import Deal, Document
from tasks import letters
from tasks.gateways.pdf import Printer
from tasks.step import step
from tasks.world import World, world


@step
def publish_proposal(deal_id: int, round_: int) -> int:  # noqa: ARG001 (the round makes it another call)
    """Make the proposal of the newest estimate, live at the deal's address; return its version. One estimate, one version."""
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        return proposals.publish(session, here.company, deal, now=here.now(), made_by="system").version


@step
def print_proposal(deal_id: int, version: int, state: str) -> str:  # noqa: ARG001 (a frozen one is printed again)
    """Print a version and keep the PDF under its SHA-256; return the hash. The same version in the same state gives the same bytes.

    Raises Unavailable where WeasyPrint's libraries are missing (retried).
    """
    here = world()
    with here.db.writing() as session:
        document = _version(session, deal_id, version)
        view = proposals.shown(session, here.company, document, selection=[], link=letters.address_of(here, session, deal_id, "proposal"))
        when = document.frozen_at or document.made_at
    content = _printed(here, here.pdf, view, when)
    digest = hashlib.sha256(content).hexdigest()
    path = here.settings.path("documents", f"{digest}.pdf")
    if not path.exists():
        scratch = path.with_suffix(f".{here.worker.rpartition('/')[2]}")
        scratch.write_bytes(content)
        scratch.replace(path)
    with here.db.writing() as session:
        document = _version(session, deal_id, version)
        document.pdf_hash, document.pdf_path = digest, str(path.relative_to(here.settings.home))
        document.template_hash = templates.source_hash("documents/proposal/print.html", here.settings.company)
        session.add(document)
    return digest


def _printed(here: World, printer: Printer, view, when) -> bytes:
    html = templates.render("documents/proposal/print.html", view.context(), company=here.settings.company, locale=view.snapshot.locale)
    folders = [here.settings.company / "templates" / "documents" / "proposal", here.settings.company, templates.HERE / "documents" / "proposal", templates.HERE]
    return printer.print(html, assets=[folder for folder in folders if folder.is_dir()], when=when, title=view.snapshot.title)


def _version(session, deal_id: int, version: int) -> Document:
    document = documents.version(session, deal_id, "proposal", version)
    if document is None:
        raise LookupError(f"Deal {deal_id} has no proposal {version}.")
    return document


@step
def mail_proposal(deal_id: int, version: int, *, is_first: bool) -> str:
    """Send the link to a version; return the effect's state. A later version goes out with what changed."""
    name = "proposal-ready" if is_first else "proposal-updated"
    return letters.send(f"deal/{deal_id}/proposal/v{version}/mail", LetterOrder(name=name, deal_id=deal_id, to="client")).state


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


@step
def mail_farewell(deal_id: int, version: int) -> str:
    """Say goodbye to a client who never answered, with a way back; return the effect's state."""
    return letters.send(f"deal/{deal_id}/proposal/v{version}/farewell", LetterOrder(name="proposal-farewell", deal_id=deal_id, to="client")).state
