"""Steps that correct what was issued: credit notes, refunds, the end of work before it is done. An issued invoice is never changed."""

from typing import Any

from prefect.artifacts import create_markdown_artifact
from sqlmodel import Session, col, select

from models import act_state, attempts, cash, completion, contract_parties, effects, facts, inbox, invoices, issued, ledger, waiting, wanted
from models.answers import Noted
from models.cash_answers import InvoiceCorrected, WorkCancelled
from models.cash_tables import Invoice
from models.errors import Invalid, Missing, Refused
from models.facts import News
from models.letters import LetterOrder
from models.markdown import plain
from models.money import Money
from models.stages import Stage
from models.tables import Client, Deal, Fact
from models.tracks import Sales, Work, move
from tasks import letters, refunds
from tasks.invoices import mail_link
from tasks.step import step
from tasks.world import World, world


@step
def credit_invoice(
    number: str, gross: str, reason: str, who: str, key: str, *, again: bool, details: dict[str, str] | None = None
) -> dict[str, Any]:
    """Issue a credit note: all of what is not credited yet, or `gross` (whole units and cents).

    Returns {note: its id, refunds: keys planned, by_hand: minor units to transfer}. With `again` the part's invoice is issued anew, to
    the client with these `details` corrected.
    Raises Missing for an unknown number, Refused for more than is left and for `again` where nothing could be issued anew, Invalid for an
    amount that cannot be.
    """
    here = world()
    with here.db.writing() as session:
        invoice = issued.numbered(session, number)
        waiting.lock(session, invoice.deal_id)  # first the deal, then the books, as a payment does
        amount, credit_key = _amount(gross, invoice.currency), f"{key}/credit/{invoice.id}"
        note = invoices.credit(session, here.company, invoice, gross=amount, reason=reason, key=credit_key, now=here.now())
        made, deal = _made(session, here, note), session.get_one(Deal, invoice.deal_id)
        client = session.get_one(Client, invoice.client_id)
        client.details = contract_parties.changed(client, details or {})
        session.add(client)
        _tell(session, here, deal, invoice, note, reason, who, again=again)
    here.nudge()
    return made


@step
def cancel_work(deal_id: int, reason: str, keep: str, who: str, key: str) -> list[dict[str, Any]]:
    """End a deal's work: what is unpaid is credited, what was paid beyond `keep` (gross) goes back; nothing is waited for any more.

    An act of acceptance that is out is void. Returns a credit note each as `credit_invoice` does. Raises Refused where there is nothing to
    cancel, more is kept than was paid, or the client has accepted the work.
    """
    here = world()
    answer = WorkCancelled.model_validate({"reason": reason, "keep": keep})
    refused = attempts.written_down(here.db, deal_id, attempts.what_of(answer), f"staff:{who}", here.now())
    with refused, here.db.writing() as session:
        fact, is_new = inbox.tell(session, deal_id, answer, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
        deal = session.get_one(Deal, deal_id)
        if is_new:
            _end(session, here, deal, reason, fact)
            _keep_only(session, here, deal, answer, fact, key)
            cash.settle(session, deal, why=reason, fact=fact, now=here.now())
        notes = session.exec(select(Invoice).where(col(Invoice.key).startswith(f"{key}/credit/", autoescape=True)).order_by(col(Invoice.id)))
        made = [_made(session, here, note) for note in notes.all()]
    here.nudge()
    return made


def _end(session: Session, here: World, deal: Deal, reason: str, fact: Fact) -> None:
    if deal.sales not in {Sales.SIGNED, Sales.WON}:
        raise Refused(f"Deal {deal.id} is {deal.sales}: there is no work to cancel. Close it as lost instead.")
    act_state.withdraw(session, deal)
    move(session, deal, Work.CANCELLED, why=reason, fact=fact, now=here.now())
    if deal.sales == Sales.SIGNED:
        move(session, deal, Sales.LOST, why=reason, fact=fact, now=here.now())
    deal.held_since = deal.held_until = None
    waiting.drop_all(session, deal.id or 0, now=here.now())
    wanted.withdraw_all(session, deal.id or 0, why=reason, now=here.now())
    effects.drop_planned(session, deal.id or 0, "The work was cancelled.", now=here.now())
    completion.follow(session, deal, fact=fact, now=here.now())


def _keep_only(session: Session, here: World, deal: Deal, answer: WorkCancelled, fact: Fact, key: str) -> None:
    """Credit what is unpaid, and what was paid beyond what is kept, the earliest invoice keeping first."""
    kept = Money.of_major(answer.keep, deal.currency).amount
    for invoice in issued.of_deal(session, deal):
        left = invoice.gross - issued.credited(session, invoice).amount
        stays = min(ledger.paid_of(session, invoice).amount, left, kept)
        kept -= stays
        if left > stays:
            gross = invoices.nearest_credit(invoice, Money(amount=left - stays, currency=invoice.currency))
            credit_key = f"{key}/credit/{invoice.id}"
            invoices.credit(session, here.company, invoice, gross=gross, reason=answer.reason, key=credit_key, now=here.now(), fact=fact)


@step
def refund(key: str) -> str:
    """Carry a planned refund out at the provider and tell the client; return the effect's state.

    Raises Refused while nobody knows whether it went through.
    """
    here = world()
    effect = refunds.carry_out(here, key)
    if effect.state == effects.EffectState.UNKNOWN:
        raise Refused(f"Nobody knows whether {key} went through. Ask the provider, run settle-effect, then Retry.")
    if effect.state != effects.EffectState.DONE:
        raise Refused(f"The provider did not give the money back: {effect.said}")
    with here.db.reading() as session:
        note = session.get_one(Invoice, effect.args["note"])
        locale = session.get_one(Deal, note.deal_id).locale or here.company.studio.locale
    amount = Money(amount=effect.args["amount"], currency=note.currency).format(locale)
    order = LetterOrder(name="payment-refunded", deal_id=note.deal_id, to="client", invoice=note.id or 0, facts={"amount": amount})
    return letters.send(f"{key}/mail", order).state


@step
def mail_credit(note_id: int) -> str:
    """Send the link to a credit note; return the effect's state."""
    return mail_link(note_id, "credit-note")


@step
def show_transfers(made: list[dict[str, Any]]) -> str:
    """Show what has to be transferred by hand, as an artifact; return it, "" where nothing has."""
    shown = transfers(made)
    if shown:
        create_markdown_artifact(shown, key="transfers", description="Refunds that no provider can make.")
    return shown


def transfers(made: list[dict[str, Any]]) -> str:
    """What has to be transferred by hand, in Markdown; "" where nothing has."""
    here, lines = world(), []
    with here.db.reading() as session:
        for one in made:
            note = session.get_one(Invoice, one["note"])
            if one["by_hand"]:
                amount = Money(amount=one["by_hand"], currency=note.currency).format(here.company.studio.locale)
                lines.append(f"- {amount} to {plain(note.body['buyer']['name'])}, reference **{note.number}**")
    return "\n".join(["# To be transferred by hand", *lines]) if lines else ""


@step
def issue_proforma(deal_id: int, part: int, who: str, key: str, *, reason: str = "") -> int:
    """Make a pro-forma of a payment of the plan, without a number; return its id. Raises Missing before there is a contract."""
    here = world()
    with here.db.writing() as session:
        deal = session.get(Deal, deal_id)
        if deal is None:
            raise Missing(f"There is no deal {deal_id}.")
        made = invoices.proforma(session, here.company, deal, part, now=here.now())
        text = Noted(text=f"A pro-forma of payment {part} was sent. {reason}".strip())
        inbox.tell(session, deal_id, text, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
        return made.id or 0


@step
def mail_proforma(invoice_id: int) -> str:
    """Send the link to a pro-forma; return the effect's state."""
    return mail_link(invoice_id, "proforma-ready")


def _made(session: Session, here: World, note: Invoice) -> dict[str, Any]:
    """A credit note with what goes back because of it."""
    keys, by_hand = refunds.plan(session, here, note)
    return {"note": note.id, "refunds": keys, "by_hand": by_hand.amount}


def _tell(session: Session, here: World, deal: Deal, invoice: Invoice, note: Invoice, reason: str, who: str, *, again: bool) -> None:
    """Keep the fact that wakes whoever waits for the invoice's money, with what follows from it. Off the plan nobody waits, and it is kept."""
    key, actor, why = f"invoice/{note.id}", f"staff:{who}", f"credit note {note.number}"
    if not invoice.part or invoice.round != deal.round:
        told, about = {"part": invoice.part, "number": note.number, "reason": reason}, facts.off_plan(invoice)
        _, is_new = facts.keep(session, News(InvoiceCorrected.kind, "books", key, actor, deal.id, about, told), now=here.now())
        if is_new and again:
            raise Refused(f"Invoice {invoice.number} asks for no payment of the deal's plan as it is now: it can be credited, not issued again.")
        return
    answer = InvoiceCorrected(part=invoice.part, number=note.number or "", reason=reason, again=again)
    fact, is_new = inbox.tell(session, deal.id or 0, answer, source="books", external_id=key, actor=actor, now=here.now())
    cash.settle(session, deal, why=why, fact=fact, now=here.now())
    completion.follow(session, deal, fact=fact, now=here.now())
    if is_new and again:
        if not issued.is_credited(session, invoice):
            raise Refused(f"Only an invoice that is taken back whole is issued again, and of {invoice.number} a part stays: leave the amount empty.")
        wanted.want_anew(session, Stage.INVOICE, deal=deal, part=invoice.part, fact=fact, why=f"{why}: it is issued anew", now=here.now())


def _amount(gross: str, currency: str) -> Money | None:
    if not gross:
        return None
    try:
        return Money.of_major(gross, currency)
    except (ArithmeticError, ValueError):
        raise Invalid(f'"{gross}" is no amount; write it like 1230.50.') from None
