"""Steps of an invoice: issued once, printed, payable, sent."""

from datetime import timedelta

from prefect.logging import get_run_logger
from sqlmodel import Session

from models import cash, invoices, ledger, waiting
from models.cash_answers import MilestoneReached
from models.cash_tables import Invoice
from models.effects import EffectState
from models.errors import Refused
from models.letters import LetterOrder
from models.money import Money
from models.stages import Stage
from models.tables import Client, Effect
from models.tracks import Work
from models.wanted import STARTS_FROM
from tasks import deals, effects, letters, printing
from tasks.effects import Act, Done
from tasks.gateways.payments import PayOrder
from tasks.gateways.pdf import NoLibraries
from tasks.step import step
from tasks.world import World, world

PAYABLE = timedelta(hours=23)
"""How long a provider's page is offered: Stripe ends one after a day."""


@step
def issue_invoice(deal_id: int, part: int) -> int:
    """Issue the invoice of a payment of the plan: number, ledger and money track in one transaction; return its id. Once a part.

    What the project manager said was reached stands on it.
    """
    here = world()
    with here.db.writing() as session:
        deal, fact = waiting.lock(session, deal_id), deals.cause(session, deal_id)
        if deal.work == Work.CANCELLED or deal.sales not in STARTS_FROM[Stage.INVOICE]:
            raise Refused(f"Deal {deal_id} is {deal.sales}, its work {deal.work}: nothing is invoiced.")
        reached = str(fact.payload.get("text", "")) if fact and fact.kind == MilestoneReached.kind else ""
        invoice = invoices.issue(session, here.company, deal, part, now=here.now(), fact=fact, text=reached)
        cash.settle(session, deal, why=f"invoice {invoice.number} is out", fact=fact, now=here.now())
        return invoice.id or 0


@step
def print_invoice(invoice_id: int) -> str:
    """Print an invoice, its e-invoice inside; return the SHA-256 of the PDF, "" where this machine cannot print (`reconcile` does it later)."""
    with world().db.reading() as session:
        invoice = session.get_one(Invoice, invoice_id)
    try:
        return printing.print_invoice(invoice)
    except NoLibraries as missing:
        get_run_logger().warning("%s", missing)
        return ""


@step
def ask_for_payment(invoice_id: int) -> str:
    """Have the provider make a page for what is open; return the effect's state, "" where nobody takes cards.

    Raises Refused while it is unknown whether there is one: the deal waits for a person's word on that.
    """
    here = world()
    if here.pay is None:
        return ""
    effect = open_page(here, f"invoice/{invoice_id}/pay/1", invoice_id)
    if effect.state == EffectState.UNKNOWN:
        raise Refused(f"Nobody knows whether the provider made the page of invoice {invoice_id}. Run settle-effect for {effect.key}, then Retry.")
    return effect.state


def open_page(here: World, key: str, invoice_id: int) -> Effect:
    """The provider's page for what is open of an invoice, made once per key; skipped when nothing is open."""
    provider = here.pay
    if provider is None:
        raise Refused("Nobody takes card payments here.")
    with here.db.reading() as session:
        invoice = session.get_one(Invoice, invoice_id)

    def nothing_open(session: Session) -> str | None:
        """Why no page is opened any more; None to open one."""
        return None if ledger.open_of(session, session.get_one(Invoice, invoice_id)).amount else "Nothing is open on it any more."

    def act() -> Done:
        """Open the provider's page; its address is kept."""
        order = _order(here, key, invoice_id)
        page = provider.open(order)
        until = here.now() + PAYABLE
        return Done(said=page.said, result={"id": page.id, "url": page.url, "amount": order.amount.amount, "until": until.isoformat()})

    args = {"invoice": invoice_id}
    return effects.once(
        Act(
            key=key, kind="payment-request", what=f"pay page of {invoice.number}", deal_id=invoice.deal_id, act=act, guard=nothing_open,
            ask=lambda: None,  # the provider gives the same page for the same key: a dead worker's order is simply said again
            args=args,
        )
    )


def _order(here: World, key: str, invoice_id: int) -> PayOrder:
    with here.db.writing() as session:
        invoice = session.get_one(Invoice, invoice_id)
        client = session.get_one(Client, invoice.client_id)
        rest: Money = ledger.open_of(session, invoice)
        link = letters.address_of(here, session, invoice.deal_id, f"invoice:{invoice_id}")
    return PayOrder(
        key=key, reference=invoice.number or "", invoice_id=invoice_id, deal_id=invoice.deal_id, amount=rest,
        title=f"{invoice.number}: {invoice.body['title']}", email=client.email, return_url=link,
    )  # fmt: skip


@step
def mail_invoice(invoice_id: int) -> str:
    """Send the link to an invoice; return the effect's state."""
    return mail_link(invoice_id, "invoice-ready")


def mail_link(invoice_id: int, name: str) -> str:
    """Send the letter of this name about an invoice to the client, and to the address that they gave for invoices; return the first's state."""
    with world().db.reading() as session:
        invoice = session.get_one(Invoice, invoice_id)
        client = session.get_one(Client, invoice.client_id)
    order = LetterOrder(name=name, deal_id=invoice.deal_id, to="client", invoice=invoice_id)
    state = letters.send(f"invoice/{invoice_id}/mail", order).state
    other = client.details.get("invoice_email", "")
    if other and other != client.email:
        letters.send(f"invoice/{invoice_id}/mail/copy", order.model_copy(update={"to": "colleague", "address": other}))
    return state
