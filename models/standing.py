"""Where a part of a deal's payment plan stands: its invoice, what is open, until when nobody is reminded."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import facts, issued, ledger
from models.cash_answers import PaymentPromised
from models.money import Money
from models.proposal import Record
from models.tables import Deal, Fact


class Standing(Record):
    """A part's newest invoice. `credited`: a credit note took it back whole. `promised_on` is the day of the newest promise."""

    invoice: int
    number: str
    gross: Money
    open: Money
    paid: Money
    state: Literal["open", "paid", "credited"]
    due_on: date | None
    promised_on: date | None

    def ladder_from(self, zone: str) -> datetime | None:
        """When reminders begin to count: the end of the due day, or of the promised day if that is later, in the studio's zone; UTC."""
        days = [day for day in (self.due_on, self.promised_on) if day]
        return datetime.combine(max(days) + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC) if days else None


def standing(session: Session, deal: Deal, part: int) -> Standing | None:
    """Where this part of the deal's round stands; None before its invoice is issued. The books decide, not the invoice."""
    invoice = issued.of_part(session, deal, part)
    if invoice is None:
        return None
    open_ = ledger.open_of(session, invoice)
    return Standing(
        invoice=invoice.id or 0, number=invoice.number or "", gross=Money(amount=invoice.gross, currency=invoice.currency), open=open_,
        paid=ledger.paid_of(session, invoice), state="credited" if issued.is_credited(session, invoice) else "open" if open_.amount else "paid",
        due_on=invoice.due_on, promised_on=_promised(session, deal, part),
    )  # fmt: skip


def _promised(session: Session, deal: Deal, part: int) -> date | None:
    about = f"{facts.subject(deal.id or 0, deal.round, 'payment')}/{part}"
    mine = select(Fact).where(Fact.deal_id == deal.id, Fact.subject == about, Fact.kind == PaymentPromised.kind)
    fact = session.exec(mine.order_by(col(Fact.id).desc())).first()
    return PaymentPromised.model_validate(fact.payload).on if fact else None
