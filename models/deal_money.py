"""A deal's invoices as its card tells them."""

from collections.abc import Callable
from datetime import date

from pydantic import BaseModel
from sqlmodel import Session, col, select

from models import ledger
from models.cash_tables import Invoice
from models.money import Money
from models.tables import Deal


class InvoiceView(BaseModel):
    """An invoice, credit note or pro-forma; `open` is what is still to be paid of an invoice, `link` shows it to staff."""

    id: int
    kind: str
    number: str | None
    part: int
    title: str
    gross: Money
    open: Money
    issued_on: date
    due_on: date | None
    pdf_hash: str
    link: str


def invoices_of(session: Session, deal: Deal, link: Callable[[str], str]) -> list[InvoiceView]:
    """Everything issued in a deal, oldest first; `link` hands out the address of a kind of page."""
    issued = session.exec(select(Invoice).where(Invoice.deal_id == deal.id).order_by(col(Invoice.id))).all()
    return [
        InvoiceView(
            id=one.id or 0, kind=one.kind, number=one.number, part=one.part, title=str(one.body["title"]),
            gross=Money(amount=one.gross, currency=one.currency),
            open=ledger.open_of(session, one) if one.kind == "invoice" else Money(amount=0, currency=one.currency),
            issued_on=one.issued_on, due_on=one.due_on, pdf_hash=one.pdf_hash, link=link(f"invoice-staff:{one.id}"),
        )
        for one in issued
    ]  # fmt: skip
