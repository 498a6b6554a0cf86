"""What must hold before a fact about money is kept, and what follows from it at once. Read by `models.inbox`."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from models import issued, ledger, placing
from models.accounts import CREDIT, RECEIVABLE
from models.answer import Answer
from models.cash_answers import PaymentPromised, PaymentRecorded, WorkCancelled
from models.cash_tables import Invoice, Payment, Posting
from models.errors import HandedBack, Missing, Refused
from models.money import Money
from models.receiving import OPERATOR, Incoming, receive_on
from models.tables import Deal, Fact
from models.tracks import Work, is_legal

PROMISE_DAYS = 30
LONGEST_PROMISE = timedelta(days=366)
A_DAY = timedelta(days=1)
"""It is tomorrow somewhere already."""


def promise_day(on: date, *, now: datetime, zone: str) -> date:
    """The day that a client promises to pay on. Raises Refused for one that is past or more than thirty days away."""
    today = now.astimezone(ZoneInfo(zone)).date()
    if on < today:
        raise Refused("This day is past. On which day will you pay?")
    if on > today + timedelta(days=PROMISE_DAYS):
        raise Refused(f"That is more than {PROMISE_DAYS} days away. Please name an earlier day, or write to us.")
    return on


def invoice_of(session: Session, deal: Deal, part: int) -> Invoice:
    """The invoice of a part of the deal's round, the newest; of part 0 the only one that is open.

    Raises Missing before it is issued, Refused where part 0 could mean several.
    """
    found = issued.of_deal(session, deal)[::-1]
    meant = [one for one in found if one.part == part] if part else [one for one in found if ledger.open_of(session, one).amount]
    if not meant:
        raise Missing(f"Deal {deal.id} has no invoice for payment {part} yet." if part else f"Deal {deal.id} has no open invoice.")
    if not part and len(meant) > 1:
        raise Refused(f"Deal {deal.id} has {len(meant)} open invoices: say which payment of the plan is meant.")
    return meant[0]


def part_of(session: Session, deal: Deal, answer: Answer) -> int:
    """Which payment of the plan a fact is about: of one that leaves it open the only open invoice's. 0 for what is not about a payment."""
    part = getattr(answer, "part", 0)
    if part or not isinstance(answer, PaymentRecorded | PaymentPromised):
        return part
    return invoice_of(session, deal, 0).part


def _check_recorded(session: Session, deal: Deal, answer: PaymentRecorded, now: datetime) -> None:
    check_recorded(session, invoice_of(session, deal, answer.part), answer, now)


def check_recorded(session: Session, invoice: Invoice, answer: PaymentRecorded, now: datetime) -> None:
    """Return if this can have come for this invoice; raises Refused with a sentence."""
    if answer.currency != invoice.currency:
        raise Refused(f"Invoice {invoice.number} is in {invoice.currency}; record what came in {invoice.currency}.")
    if not _money(answer).amount:
        raise Refused("That is less than the smallest coin.")
    if answer.on > (now + A_DAY).date():
        raise Refused("This day is still to come. On which day did the money come?")
    _refuse_if_recorded(session, invoice, answer)
    if answer.method == "bank":
        _refuse_if_on_a_statement(session, invoice, _money(answer), answer.on)


def _like(session: Session, invoice: Invoice, source: str, amount: Money) -> list[Payment]:
    """What came for an invoice from there, of this amount."""
    of_invoice = select(Posting.payment_id).where(Posting.invoice_id == invoice.id, col(Posting.account).in_([RECEIVABLE, CREDIT]))
    like = (Payment.source == source, Payment.direction == "in", Payment.amount == amount.amount, Payment.currency == amount.currency)
    return list(session.exec(select(Payment).where(*like, col(Payment.id).in_(of_invoice))))


def _refuse_if_recorded(session: Session, invoice: Invoice, answer: PaymentRecorded) -> None:
    """A form that was sent twice, or by two colleagues, is the same money."""
    for payment in _like(session, invoice, OPERATOR, _money(answer)):
        if (payment.happened_on, payment.method, payment.reference) == (answer.on, answer.method, answer.reference):
            raise Refused(
                f"Payment {payment.id} of this amount and day is recorded on {invoice.number} already. "
                "If a second one like it came, tell it apart by its reference: the receipt's number, or what the payer wrote."
            )


def _refuse_if_on_a_statement(session: Session, invoice: Invoice, amount: Money, on: date) -> None:
    """The transfer may be on a statement already; the other way round the statement's line confirms what was recorded."""
    for payment in _like(session, invoice, "bank", amount):
        if abs(payment.happened_on - on) <= placing.SAME_TRANSFER:
            raise Refused(
                f"The statement shows this transfer: payment {payment.id} of {payment.happened_on}, booked on {invoice.number}. "
                "If there was a second one like it, the next statement will show it."
            )


def _book_recorded(session: Session, deal: Deal, answer: PaymentRecorded, fact: Fact, now: datetime) -> None:
    invoice = invoice_of(session, deal, answer.part)
    news = Incoming(
        source=OPERATOR, external_id=f"fact/{fact.id}", direction="in", amount=_money(answer), happened_on=answer.on, method=answer.method,
        reference=answer.reference, actor=fact.actor, fact_id=fact.id,
    )  # fmt: skip
    receive_on(session, news, [invoice], now=now)


def _check_promised(session: Session, deal: Deal, answer: PaymentPromised, now: datetime) -> None:
    # Who promises is not known here: the client's page asks `promise_day` besides.
    invoice = invoice_of(session, deal, answer.part)
    if not ledger.open_of(session, invoice).amount:
        raise Refused(f"Invoice {invoice.number} asks for nothing more.")
    if answer.on > (now + LONGEST_PROMISE).date():
        raise Refused("That is more than a year away.")


def _check_cancelled(session: Session, deal: Deal, answer: WorkCancelled, now: datetime) -> None:  # noqa: ARG001
    if not is_legal(Work(deal.work), Work.CANCELLED):
        refusal = HandedBack if deal.work == Work.HANDED_OVER else Refused
        raise refusal(f"The work of deal {deal.id} is {deal.work}; it cannot be cancelled now.")
    paid = sum(ledger.paid_of(session, one).amount for one in issued.of_deal(session, deal))
    keep = Money.of_major(answer.keep, deal.currency)
    if keep.amount > paid:
        raise Refused(f"{keep.format()} cannot be kept: only {Money(amount=paid, currency=deal.currency).format()} was paid.")


def _money(answer: PaymentRecorded) -> Money:
    return Money.of_major(answer.amount, answer.currency)


CHECKS: dict[type[Answer], Callable] = {
    PaymentRecorded: _check_recorded, PaymentPromised: _check_promised, WorkCancelled: _check_cancelled,
}  # fmt: skip
FOLLOWS: dict[type[Answer], Callable] = {PaymentRecorded: _book_recorded}
