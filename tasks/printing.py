"""Documents on paper: rendered from their snapshot, printed once per state, kept under their hash."""

from collections.abc import Callable, Iterator

from sqlmodel import Session, col, select

from models import cii, einvoice, invoices, proposals
from models.act_state import ACCEPTED
from models.cash_tables import Invoice
from models.errors import Refused
from models.invoice import InvoiceBody
from models.sealed import is_sealed, original
from models.tables import Document
from tasks import letters, paper
from tasks.gateways.pdf import Attachment, NoLibraries
from tasks.paper import Kept, Sheet
from tasks.sealing import is_ready, pages, seal_act, seal_contract, sheet_of
from tasks.step import step
from tasks.world import World, world

__all__ = ["print_contract", "print_document", "print_invoice", "print_missing", "seal_act", "seal_contract"]

LEVEL = "EN 16931"
"""The profile of Factur-X."""
_AT_ONCE = 20


def print_document(document: Document) -> str:
    """Print a proposal as it stands and note hashes and path on its row; return the SHA-256 of the PDF.

    Raises NoLibraries where this machine cannot print, Refused where the document cannot be printed.
    """
    here = world()
    with here.db.writing() as session:
        link = letters.address_of(here, session, document.deal_id, "proposal")
        view = proposals.shown(session, here.company, document, selection=[], link=link)
    sheet = Sheet("proposal", view.context(), view.snapshot.locale, document.frozen_at or document.made_at, view.snapshot.title)
    return _noted(here, document, sheet, paper.keep(here, paper.printed(here, sheet)))


def print_contract(document: Document) -> str:
    """Print a contract or an act once and note hashes and path on its row; return the SHA-256 of the PDF, of its pages unsigned when it is sealed.

    Raises NoLibraries where this machine cannot print, Refused where the document cannot be printed, or others than its pages were signed.
    """
    here = world()
    digest, path = original(document)
    if is_sealed(document) or paper.found(here, digest, path) is not None:
        return digest
    kept, _ = pages(here, document)
    return _noted(here, document, sheet_of(here, document), kept)


def print_invoice(invoice: Invoice) -> str:
    """Print an invoice, credit note or pro-forma once, its e-invoice inside where there is one; return the SHA-256 of the PDF.

    Raises NoLibraries where this machine cannot print, Refused where the document cannot be printed.
    """
    here = world()
    if paper.found(here, invoice.pdf_hash, invoice.pdf_path) is not None:
        return invoice.pdf_hash
    with here.db.writing() as session:
        link = letters.address_of(here, session, invoice.deal_id, f"invoice:{invoice.id}")
        view = invoices.shown(session, here.company, invoice, link=link)
    sheet = Sheet("invoice", view.context(), view.body.locale, invoice.issued_at)
    files = _e_invoice(view.body)
    kept = paper.keep(here, paper.printed(here, sheet, attachments=files, facturx=LEVEL if files else ""))
    with here.db.writing() as session:
        row = session.get_one(Invoice, invoice.id)
        row.pdf_hash, row.pdf_path, row.template_hash = kept.digest, kept.path, paper.words(here, sheet)
        session.add(row)
    return kept.digest


@step
def print_missing() -> list[str]:
    """Print and seal what could not be when it was made; return which documents, in sentences, and which cannot be printed.

    Nothing where this machine cannot print.
    """
    with world().db.reading() as session:
        wanted = list(_missing(session))
    said = []
    for name, act in wanted:
        try:
            said.append(f"Printed {name}: {act()[:12]}…")
        except NoLibraries:
            return said
        except Refused as why:
            said.append(f"Cannot print {name}: {why}")
    return said


def _noted(here: World, document: Document, sheet: Sheet, kept: Kept) -> str:
    with here.db.writing() as session:
        row = session.get_one(Document, document.id)
        if row.state == document.state and not is_sealed(row):
            row.pdf_hash, row.pdf_path, row.template_hash = kept.digest, kept.path, paper.words(here, sheet)
            session.add(row)
    return kept.digest


def _e_invoice(body: InvoiceBody) -> list[Attachment]:
    """The e-invoice as a file; none of a pro-forma, or of an amount that the norm does not know."""
    if einvoice.why_not(body):
        return []
    return [Attachment("factur-x.xml", cii.xml(body), "text/xml", "Alternative", "The invoice as data (Factur-X, EN 16931)")]


def _missing(session: Session) -> Iterator[tuple[str, Callable[[], str]]]:
    """What is not on paper yet: its name, and what puts it there."""
    for kind, states, act in (
        ("proposal", ("live", "frozen"), print_document),
        ("contract", ("frozen", "signed"), print_contract),
        ("act", ("frozen", "signed", "deemed"), print_contract),
    ):
        unprinted = select(Document).where(Document.kind == kind, Document.pdf_path == "", col(Document.state).in_(states))
        for row in session.exec(unprinted.limit(_AT_ONCE)):
            yield f"{kind} {row.version} of deal {row.deal_id}", lambda act=act, row=row: act(row)
    for invoice in session.exec(select(Invoice).where(Invoice.pdf_path == "").limit(_AT_ONCE)):
        yield f"{invoice.kind.replace('_', ' ')} {invoice.number or invoice.id}", lambda invoice=invoice: print_invoice(invoice)
    for kind, seal in (("contract", seal_contract), ("act", seal_act)):
        signed = select(Document).where(Document.kind == kind, col(Document.state).in_(ACCEPTED)).order_by(col(Document.id).desc())
        for row in session.exec(signed.limit(_AT_ONCE)):
            if not is_sealed(row) and is_ready(session, row):
                yield f"and sealed {kind} {row.version} of deal {row.deal_id}", lambda row=row, seal=seal: seal(row.deal_id, row.version)
