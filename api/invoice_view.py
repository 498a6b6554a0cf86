"""The invoice as its page shows it: what is open, what came in, where it can be paid."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlmodel import Session, col, select

from api.door import Door
from api.links import Opened
from models import cash, effects, interest, invoices, issued, ledger, links, payments
from models.cash_pages import InvoicePage, Received
from models.cash_tables import Invoice
from models.effects import EffectState
from models.errors import Refused
from models.money import Money
from models.pages import Choice, Form
from models.payment_facts import PROMISE_DAYS
from models.tables import Deal, Effect

State = Literal["open", "overdue", "paid", "credited", "proforma", "credit_note"]
LOOKS = 20
"""Two seconds apart: as long as a reader may wait for what they see."""
BEFORE = datetime.min.replace(tzinfo=UTC)
HOW = {"bank": "by bank transfer", "card": "by card", "cash": "in cash", "other": ""}


def page(session: Session, here: Door, link: Opened, form: Form | None = None, sent: int = 0) -> InvoicePage:
    """The invoice of a link, with its money as the ledger has it; `sent` counts the looks since its reader paid at the provider."""
    invoice = issued.invoice(session, link.item)
    deal = session.get_one(Deal, invoice.deal_id)
    studio, today = here.company.studio, here.company.studio.today(here.now())
    is_plain = invoice.kind == "invoice"
    rest = ledger.open_of(session, invoice) if is_plain else Money(amount=0, currency=invoice.currency)
    stands = payments.standing(session, deal, invoice.part) if is_plain and invoice.part else None
    where = state(session, here, invoice, rest)
    charged = interest.of_invoice(session, studio.late_interest, invoice, until=today) if where == "overdue" else None
    return InvoicePage(
        chrome=here.chrome, token=link.token, document=invoices.shown(session, here.company, invoice, link=f"{here.address}/i/{link.token}"),
        state=where, open=rest, received=received(session, invoice) if is_plain else [],
        pay_link=pay_link(session, here, invoice, rest) if rest.amount else "",
        provider=here.settings.payments if here.settings.payments != "none" else "",
        can_pay=bool(rest.amount and here.settings.payments != "none"),
        is_play_money=is_play(here), promised_on=stands.promised_on if stands else None,
        on_its_way=on_its_way(link, where, sent), promise_until=today + timedelta(days=PROMISE_DAYS),
        interest=charged.total if charged else None, corrected_by=notes(session, here, link, invoice),
        other=others(session, here, link, invoice), about="promise" if form else "", form=form or Form(), read_only=link.is_staff,
    )  # fmt: skip


def is_play(here: Door) -> bool:
    """Whether the provider moves no real money."""
    return here.settings.payments == "sandbox" or "_test_" in here.settings.stripe_key.get_secret_value()


def state(session: Session, here: Door, invoice: Invoice, rest: Money) -> State:
    """Where the invoice stands, for its reader."""
    if invoice.kind != "invoice":
        return "proforma" if invoice.kind == "proforma" else "credit_note"
    if issued.is_credited(session, invoice):
        return "credited"
    if not rest.amount:
        return "paid"
    today = here.company.studio.today(here.now())
    return "overdue" if invoice.due_on and invoice.due_on < today else "open"


def on_its_way(link: Opened, where: State, sent: int) -> Literal["", "soon", "late"]:
    """Whether the reader has paid at the provider, whose word is not here yet. Only they say so, so that it only changes what they see."""
    if sent < 1 or link.is_staff or where not in {"open", "overdue"}:
        return ""
    return "soon" if sent <= LOOKS else "late"


def received(session: Session, invoice: Invoice) -> list[Received]:
    """What came in for it, in order."""
    return [Received(on=payment.happened_on, amount=share, how=HOW.get(payment.method, "")) for payment, share in cash.received(session, invoice)]


def notes(session: Session, here: Door, link: Opened, invoice: Invoice) -> list[Choice]:
    """Links of the credit notes for it, as far as they were handed out to such a reader: who only reads comes to nothing else."""
    given = [(note, links.given(session, here.secret, f"{link.kind}:{note.id}", note.deal_id)) for note in issued.notes_on(session, invoice)]
    return [Choice(value=path, label=note.number or "") for note, path in given if path]


def others(session: Session, here: Door, link: Opened, invoice: Invoice) -> list[Choice]:
    """The client's further open invoices, as far as such a reader was given their links."""
    rows = [(one, rest) for one, rest in cash.open_of_client(session, invoice.client_id) if one.id != invoice.id]
    given = [(one, rest, links.given(session, here.secret, f"{link.kind}:{one.id}", one.deal_id)) for one, rest in rows]
    return [Choice(value=path, label=f"{one.number}: {rest.format(here.company.studio.locale)}") for one, rest, path in given if path]


def pay_pages(session: Session, invoice: Invoice) -> list[Effect]:
    """The pay pages asked for so far, oldest first."""
    mine = select(Effect).where(Effect.kind == "payment-request", col(Effect.key).like(f"invoice/{invoice.id}/pay/%"))
    return list(session.exec(mine.order_by(col(Effect.planned_at))))


def pay_link(session: Session, here: Door, invoice: Invoice, rest: Money) -> str:
    """The provider's page for exactly what is open, while it is good; "" otherwise."""
    paid_at = [payment.known_at for payment, _ in cash.received(session, invoice) if payment.source == here.settings.payments]
    # A page takes money once: should it go back, the same amount is open again, and the page that took it is of no use.
    made = [one for one in pay_pages(session, invoice) if one.settled_at and one.settled_at > max(paid_at, default=BEFORE)]
    good = [one.result for one in made if one.state == EffectState.DONE and one.result.get("url")]
    fits = [one for one in good if one["amount"] == rest.amount and datetime.fromisoformat(one["until"]) > here.now()]
    return str(fits[-1]["url"]) if fits else ""


def is_being_made(session: Session, invoice: Invoice) -> bool:
    """Whether a pay page was asked for and is not there yet."""
    return any(one.state in {EffectState.PLANNED, EffectState.CLAIMED} for one in pay_pages(session, invoice))


def order_pay_page(session: Session, here: Door, invoice: Invoice) -> None:
    """Plan a pay page, unless a good one is there or on its way. Raises Refused where nothing is open or nobody takes cards."""
    rest: Money = ledger.open_of(session, invoice)
    if invoice.kind != "invoice" or not rest.amount:
        raise Refused("Nothing is open on this invoice.")
    if here.settings.payments == "none":
        raise Refused("This invoice is paid by bank transfer.")
    if pay_link(session, here, invoice, rest) or is_being_made(session, invoice):
        return
    key = f"invoice/{invoice.id}/pay/{len(pay_pages(session, invoice)) + 1}"
    what = f"pay page of {invoice.number}"
    effects.plan(session, key, "payment-request", deal_id=invoice.deal_id, what=what, now=here.now(), args={"invoice": invoice.id})
