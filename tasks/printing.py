"""Documents on paper: rendered from their snapshot, printed once per state, kept under their hash."""

import hashlib
from datetime import datetime

from sqlmodel import col, select

import templates
from models import proposals
from models.pages import ProposalDocument
from models.tables import Document
from tasks import letters
from tasks.gateways.pdf import NoLibraries
from tasks.step import step
from tasks.world import World, world

TEMPLATE = "documents/proposal/print.html"


def print_document(document: Document) -> str:
    """Print a proposal as it stands and note hashes and path on its row; return the SHA-256 of the PDF.

    Raises NoLibraries where this machine cannot print, Refused where the document cannot be printed.
    """
    here = world()
    with here.db.writing() as session:
        link = letters.address_of(here, session, document.deal_id, "proposal")
        view = proposals.shown(session, here.company, document, selection=[], link=link)
    content = _printed(here, view, document.frozen_at or document.made_at)
    digest = hashlib.sha256(content).hexdigest()
    path = here.settings.path("documents", f"{digest}.pdf")
    if not path.exists():
        scratch = path.with_suffix(f".{here.worker.rpartition('/')[2]}")
        scratch.write_bytes(content)
        scratch.replace(path)
    with here.db.writing() as session:
        row = session.get_one(Document, document.id)
        if row.state == document.state:
            row.pdf_hash, row.pdf_path = digest, str(path.relative_to(here.settings.home))
            row.template_hash = templates.source_hash(TEMPLATE, here.settings.company)
            session.add(row)
    return digest


@step
def print_missing() -> list[str]:
    """Print what could not be printed when it was made; return which documents, in sentences. Nothing where this machine cannot print."""
    with world().db.reading() as session:
        unprinted = select(Document).where(Document.kind == "proposal", Document.pdf_path == "", col(Document.state).in_(["live", "frozen"]))
        rows = session.exec(unprinted.limit(20)).all()
    try:
        return [f"Printed proposal {row.version} of deal {row.deal_id}: {print_document(row)[:12]}…" for row in rows]
    except NoLibraries:
        return []


def _printed(here: World, view: ProposalDocument, when: datetime) -> bytes:
    html = templates.render(TEMPLATE, view.context(), company=here.settings.company, locale=view.snapshot.locale)
    own, ours = here.settings.company, templates.HERE
    folders = [own / "templates" / "documents" / "proposal", own, ours / "documents" / "proposal", ours]
    return here.pdf.print(html, assets=[folder for folder in folders if folder.is_dir()], when=when, title=view.snapshot.title)
