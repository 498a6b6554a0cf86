"""The words of letters about an invoice: counted when the letter is written, from the invoice that the order names."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from babel.dates import format_date, format_timedelta
from sqlmodel import Session

from models import cash, changes, interest, issued, ledger, payments
from models.cash_tables import Invoice, Payment
from models.contract import Instalment
from models.money import Money

if TYPE_CHECKING:
    from tasks.words import About


def invoice_of(about: "About") -> Invoice:
    """The invoice that a letter is about."""
    return issued.invoice(about.session, about.order.invoice)


def open_invoices(session: Session, client_id: int, locale: str) -> list[str]:
    """What a client has not paid yet, a line each: "NL-2026-0007 · Deposit · €9,840.00 · due 4 May 2026"."""
    return [
        " · ".join(filter(None, (invoice.number, invoice.body["title"], rest.format(locale), _due(invoice.due_on, locale))))
        for invoice, rest in cash.open_of_client(session, client_id)
    ]


def _due(day: date | None, locale: str) -> str:
    return f"due {format_date(day, 'long', locale=locale)}" if day else ""


def _day(day: date | None, about: "About") -> str:
    return format_date(day, "full", locale=about.locale) if day else ""


def _amount(about: "About") -> str:
    invoice = invoice_of(about)
    return Money(amount=invoice.gross, currency=invoice.currency).format(about.locale)


def _open(about: "About") -> str:
    rest: Money = ledger.open_of(about.session, invoice_of(about))
    return rest.format(about.locale)


def _days_late(about: "About") -> str:
    due = invoice_of(about).due_on
    late = about.today - due if due else None
    return format_timedelta(late, granularity="day", threshold=1000, locale=about.locale) if late and late.days > 0 else ""


def _interest(about: "About") -> str:
    rule = about.company.studio.late_interest
    found = interest.of_invoice(about.session, rule, invoice_of(about), until=about.today)
    return f"{found.total.format(about.locale)} by {rule.law}" if rule and found else ""


def _payment(about: "About") -> Payment | None:
    number = about.order.facts.get("payment")
    return about.session.get(Payment, int(number)) if number else None


def _paid_on(about: "About") -> str:
    payment = _payment(about)
    return _day(payment.happened_on if payment else None, about)


def _payer(about: "About") -> str:
    payment = _payment(about)
    return (payment.payer_name if payment else "") or about.client.company or about.client.name


def _next(about: "About") -> str:
    invoice = invoice_of(about)
    schedule = cash.agreed(about.session, about.deal).schedule
    following = [one for one in schedule if one.part == invoice.part + 1]
    begins = "We start work now; your project manager writes to you next." if invoice.part == 1 else ""
    if not following:
        return begins if len(schedule) == 1 else "Nothing more is to be paid by our contract."
    return f"{begins} The next payment, {following[0].title}, falls due {following[0].when}.".strip()


def _corrects(about: "About") -> str:
    return str(invoice_of(about).body.get("corrects", ""))


def _said(about: "About") -> str:
    payment = _payment(about)
    return payment.said if payment else ""


def _reference(about: "About") -> str:
    payment = _payment(about)
    return payment.reference if payment else ""


def _promised(about: "About") -> str:
    stands = payments.standing(about.session, about.deal, invoice_of(about).part)
    return _day(stands.promised_on if stands else None, about)


def _coming(about: "About") -> Instalment:
    """The payment of the plan that falls due next; the last one when all have been asked for."""
    schedule = cash.agreed(about.session, about.deal).schedule
    due = changes.next_unissued(about.session, about.deal) or len(schedule)
    return schedule[due - 1]


def _plain_amount(about: "About") -> str:
    payment = _payment(about)
    gross = Money(amount=payment.amount, currency=payment.currency) if payment else _coming(about).gross
    return gross.format(about.locale)


def _days(about: "About") -> str:
    days = cash.agreed(about.session, about.deal).days
    return f"{days} working day{'' if days == 1 else 's'}"


PLAN: dict[str, Callable[[Any], str]] = {
    "title": lambda about: _coming(about).title, "amount": _plain_amount, "days": _days, "payer": _payer, "reference": _reference, "said": _said,
}  # fmt: skip
"""The same names in letters about the plan, or about money that nobody could match."""
CASH: dict[str, Callable[[Any], str]] = {
    "number": lambda about: invoice_of(about).number or "", "title": lambda about: str(invoice_of(about).body["title"]),
    "amount": _amount, "total": _amount, "open": _open, "due_on": lambda about: _day(invoice_of(about).due_on, about),
    "days_late": _days_late, "interest": _interest, "paid_on": _paid_on, "payer": _payer, "next": _next, "corrects": _corrects,
    "invoices": lambda about: "\n".join(open_invoices(about.session, about.client.id or 0, about.locale)), "promised_on": _promised,
    "reason": lambda about: str(invoice_of(about).body.get("reason", "")), "said": _said, "reference": _reference, "over": lambda _about: "",
}  # fmt: skip
