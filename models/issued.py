"""What was issued, looked up: an invoice by id or number, a deal's, a part's newest, the credit notes on one and what they took back."""

from sqlmodel import Session, col, select

from models import facts
from models.cash_answers import InvoiceCorrected
from models.cash_tables import Invoice
from models.errors import Missing
from models.money import Money
from models.references import reference_of
from models.tables import Deal, Fact


def invoice(session: Session, invoice_id: int) -> Invoice:
    """One invoice, credit note or pro-forma. Raises Missing for an unknown one."""
    found = session.get(Invoice, invoice_id)
    if found is None:
        raise Missing(f"There is no invoice {invoice_id}.")
    return found


def numbered(session: Session, number: str) -> Invoice:
    """The invoice of a number that a person typed, spaced and cased as they like. Raises Missing for one that is none of ours."""
    found = session.exec(select(Invoice).where(Invoice.reference == reference_of(number), Invoice.kind == "invoice")).first()
    if found is None:
        raise Missing(f"There is no invoice {number}.")
    return found


def of_deal(session: Session, deal: Deal, kind: str = "invoice") -> list[Invoice]:
    """A deal's invoices of its round, oldest first; or its credit notes or pro-formas."""
    mine = select(Invoice).where(Invoice.deal_id == deal.id, Invoice.round == deal.round, Invoice.kind == kind)
    return list(session.exec(mine.order_by(col(Invoice.id))))


def key_of(deal: Deal, part: int, again: Fact | None = None) -> str:
    """The key of a payment's first invoice, or of the one that a correction asked for anew."""
    first = f"deal/{deal.id}/r{deal.round}/invoice/{part}"
    return f"{first}/again/{again.id}" if again else first


def asked_again(session: Session, deal: Deal, part: int) -> Fact | None:
    """The newest correction that asked for a payment's invoice anew, whether it was issued since or not; None where none did."""
    about = f"{facts.subject(deal.id or 0, deal.round, 'payment')}/{part}"
    told = reversed(facts.of_deal(session, deal.id or 0, InvoiceCorrected.kind))
    return next((fact for fact in told if fact.subject == about and fact.payload.get("again")), None)


def of_part(session: Session, deal: Deal, part: int) -> Invoice | None:
    """The newest invoice of a payment of the plan in the deal's round, whether it was credited or not."""
    return next((one for one in reversed(of_deal(session, deal)) if one.part == part), None)


def notes_on(session: Session, paper: Invoice) -> list[Invoice]:
    """The credit notes that correct an invoice, oldest first."""
    return list(session.exec(select(Invoice).where(Invoice.corrects_id == paper.id).order_by(col(Invoice.id))))


def credited(session: Session, paper: Invoice) -> Money:
    """What credit notes took back of an invoice."""
    return Money(amount=sum(note.gross for note in notes_on(session, paper)), currency=paper.currency)


def is_credited(session: Session, paper: Invoice) -> bool:
    """Whether an invoice was taken back whole."""
    return credited(session, paper).amount >= paper.gross > 0
