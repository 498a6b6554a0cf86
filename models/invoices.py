"""Issuing: invoices, pro-formas and credit notes. Body, number and books in one transaction, once per key; nothing issued is ever changed.

Locks are taken in this order: the deal, the invoice's key, the series, the books.
"""

from datetime import datetime

from sqlalchemy.orm import object_session
from sqlmodel import Session, select

from models import changes, contract_parties, contract_state, corrections, documents, epc, invoice_bodies, issued, ledger, numbering, vat
from models.accounts import RECEIVABLE
from models.cash_answers import InvoiceCorrected
from models.cash_pages import InvoiceDocument
from models.cash_tables import Invoice
from models.company import Company
from models.contract import ContractBody
from models.corrections import Sums
from models.db import serialise
from models.errors import Refused
from models.invoice import InvoiceBody
from models.ledger import Line
from models.money import Money
from models.numbering import Number
from models.proposals import logo
from models.tables import Client, Deal, Fact


def issue(session: Session, company: Company, deal: Deal, part: int, *, now: datetime, fact: Fact | None = None, text: str = "") -> Invoice:
    """The invoice of a payment of the plan: the one there is, or the next number of the series, booked; `text` tells what was reached.

    One that was credited whole is issued anew where a correction asked for it, `fact` or the newest one, once per such fact.
    Raises Refused before the contract is signed, Missing for a payment that the plan does not have.
    """
    key = issued.key_of(deal, part)
    serialise(session, f"invoice/{key}")
    before = issued.of_part(session, deal, part)
    if before:
        asked = fact if fact and fact.kind == InvoiceCorrected.kind else issued.asked_again(session, deal, part)
        again = issued.key_of(deal, part, asked) if asked else ""
        if known := _with_key(session, again):
            return known
        if not again or left_of(session, before).gross.amount:
            return before
        key = again
    contract, studio = _contract(session, deal, {"signed"}), company.studio
    if before:
        contract = readdressed(session, company, deal, contract)
    invoice_bodies.instalment(contract, part)
    number = numbering.take(session, studio, studio.invoices.series, now)
    body = invoice_bodies.invoice(studio, contract, part, number, day=company.studio.today(now), text=text)
    invoice = _kept(session, deal.client_id, deal.round, key, body, number, now=now, fact=fact)
    _book(session, invoice, about=invoice, sign=1, now=now, fact=fact)
    return invoice


def proforma(session: Session, company: Company, deal: Deal, part: int, *, now: datetime) -> Invoice:
    """The pro-forma of a payment of the plan, once per version of the contract, signed or not; it has no number and is not booked.

    Raises Refused before there is a contract, Missing for a payment that the plan does not have.
    """
    contract = _contract(session, deal, {"frozen", "signed"})
    key = f"deal/{deal.id}/r{deal.round}/proforma/{part}/v{contract.version}"
    serialise(session, f"invoice/{key}")
    if known := _with_key(session, key):
        return known
    body = invoice_bodies.proforma(company.studio, contract, part, day=company.studio.today(now))
    return _kept(session, deal.client_id, deal.round, key, body, None, now=now, fact=None)


def credit(
    session: Session, company: Company, invoice: Invoice, *, gross: Money | None, reason: str, key: str, now: datetime, fact: Fact | None = None
) -> Invoice:
    """The credit note under `key`: the one there is, or a new one that takes `gross` off an invoice; None takes what is left of it.

    Raises Refused for what is no invoice, for more than is left, and for an amount that does not come out to the cent, naming the nearest.
    """
    serialise(session, f"invoice/{invoice.key}")
    if known := _with_key(session, key):
        return known
    body, studio = body_of(invoice), company.studio
    if invoice.kind != invoice_bodies.INVOICE:
        raise Refused("Only an invoice can be credited.")
    left = left_of(session, invoice)
    if not left.gross.amount and invoice.gross:
        raise Refused(f"Invoice {invoice.number} has been credited whole already.")
    off = left if gross is None else corrections.take(left, gross, _percent(body, left, gross), body.locale)
    number = numbering.take(session, studio, studio.invoices.credit_series, now)
    told = invoice_bodies.credit_note(studio, body, off, number, day=company.studio.today(now), reason=reason.strip())
    note = _kept(session, invoice.client_id, invoice.round, key, told, number, now=now, fact=fact, corrects_id=invoice.id)
    _book(session, note, about=invoice, sign=-1, now=now, fact=fact)
    return note


def nearest_credit(invoice: Invoice, gross: Money) -> Money:
    """The amount nearest to `gross` that can be credited on an invoice now, to the cent; the greater of two. `invoice` is of an open session."""
    session = object_session(invoice)
    if not isinstance(session, Session):
        raise TypeError("The invoice belongs to no session.")
    left = left_of(session, invoice)
    return corrections.nearest(left, gross, _percent(body_of(invoice), left, gross)).gross


def left_of(session: Session, invoice: Invoice) -> Sums:
    """Net and VAT of an invoice less its credit notes."""
    notes = issued.notes_on(session, invoice)
    net, vat = (getattr(invoice, name) - sum(getattr(note, name) for note in notes) for name in ("net", "vat"))
    return Sums(Money(amount=net, currency=invoice.currency), Money(amount=vat, currency=invoice.currency))


def body_of(invoice: Invoice) -> InvoiceBody:
    """What an invoice says."""
    return InvoiceBody.model_validate(invoice.body)


def shown(session: Session, company: Company, invoice: Invoice, *, link: str) -> InvoiceDocument:
    """An invoice as page and PDF show it; the code to pay by asks for what is still open, and is gone when nothing is."""
    body = body_of(invoice)
    is_open = invoice.kind == invoice_bodies.INVOICE
    qr = epc.qr(body.bank, ledger.open_of(session, invoice), body.reference) if is_open else ""
    return InvoiceDocument(body=body, logo=logo(company), qr=qr, link=link)


def readdressed(session: Session, company: Company, deal: Deal, contract: ContractBody) -> ContractBody:
    """The contract with the client's details as they are now: an invoice issued anew goes to the right address.

    Raises Refused where other details would call for another VAT: then the agreement itself changes.
    """
    client = session.get_one(Client, deal.client_id)
    details = contract_parties.details_of(client)
    if details is None:
        return contract
    if vat.rule(company.studio, country=details.country, vat_id=details.vat_id) != contract.vat_rule:
        raise Refused("With these details another VAT applies than was agreed: cancel the work and agree anew.")
    return contract.model_copy(update={"buyer": contract_parties.buyer(client, details, contract.locale)})


def _contract(session: Session, deal: Deal, states: set[str]) -> ContractBody:
    document = contract_state.of_round(session, deal)
    if document is None or document.state not in states:
        raise Refused(f"Deal {deal.id} has no {'signed contract' if states == {'signed'} else 'contract'} to invoice by.")
    return changes.with_changes(session, deal, ContractBody.model_validate(document.body))


def _percent(body: InvoiceBody, left: Sums, gross: Money) -> str:
    """The rate at which a part is taken back. Raises Refused for a part of an invoice with several rates."""
    if len(body.vat_groups) > 1 and gross != left.gross:
        raise Refused(f"Invoice {body.number} has several VAT rates; credit it whole and issue it anew.")
    return body.vat_groups[0].percent


def _with_key(session: Session, key: str) -> Invoice | None:
    return session.exec(select(Invoice).where(Invoice.key == key)).first()


def _kept(
    session: Session, client_id: int, round_: int, key: str, body: InvoiceBody, number: Number | None, *, now: datetime, fact: Fact | None,
    corrects_id: int | None = None,
) -> Invoice:  # fmt: skip
    plain = body.model_dump(mode="json")
    invoice = Invoice(
        key=key, kind=body.kind, deal_id=body.deal_id, client_id=client_id, round=round_, part=body.part, currency=body.currency,
        net=body.net.amount, vat=body.vat.amount, gross=body.gross.amount, issued_at=now, issued_on=body.issued_on, due_on=body.due_on,
        body=plain, body_hash=documents.fingerprint(plain), corrects_id=corrects_id, fact_id=fact.id if fact else None,
    )  # fmt: skip
    if number:
        invoice.series, invoice.year, invoice.seq, invoice.number, invoice.reference = number
    session.add(invoice)
    session.flush()
    return invoice


def _book(session: Session, paper: Invoice, *, about: Invoice, sign: int, now: datetime, fact: Fact | None) -> None:
    """Receivable against revenue and VAT; a credit note the other way round, on the invoice that it corrects. Nothing for nothing."""
    amounts = ((RECEIVABLE, paper.gross), ("revenue", -paper.net), ("vat", -paper.vat))
    lines = [
        Line(account, Money(amount=sign * amount, currency=paper.currency), client_id=paper.client_id, invoice_id=about.id)
        for account, amount in amounts
        if amount
    ]
    if lines:
        ledger.book(
            session, paper.key, paper.kind, lines, happened_on=paper.issued_on, now=now, memo=paper.number or "", deal_id=paper.deal_id, fact=fact
        )
