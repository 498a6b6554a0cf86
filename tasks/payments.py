"""Steps around the money of one invoice."""

from sqlmodel import Session

from models import cash, completion, issued, ledger, payments, waiting, wanted
from models.errors import Missing
from models.issued import of_part
from models.letters import LetterOrder
from models.stages import Stage
from models.tables import Deal
from models.tracks import Sales, Work, move
from tasks import deals, letters, runs
from tasks.step import step
from tasks.world import world


@step
def look(deal_id: int, part: int, heard: int) -> dict[str, str]:  # noqa: ARG001 (each look is another call)
    """How the money stands: {state: open, paid or credited; number; invoice: its id; starts: when its reminders count from}."""
    here = world()
    with here.db.reading() as session:
        stands = payments.standing(session, session.get_one(Deal, deal_id), part)
    if stands is None:
        raise Missing(f"Payment {part} of deal {deal_id} has no invoice yet.")
    starts = stands.ladder_from(here.company.studio.zone) or here.now()
    return {"state": stands.state, "number": stands.number, "invoice": str(stands.invoice), "starts": starts.isoformat()}


@step
def thank_client(deal_id: int, part: int, heard: int) -> list[str]:  # noqa: ARG001 (as above)
    """Write a receipt for each payment that has none yet, to client and salesperson; return the effects' states."""
    here = world()
    with here.db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        invoice = of_part(session, deal, part)
        if invoice is None:
            return []
        came = cash.received(session, invoice)
        rest = ledger.open_of(session, invoice)
        over = {payment.id: cash.too_much(session, payment) for payment, _ in came}
    states = []
    for payment, share in came:
        key, name = f"invoice/{invoice.id}/payment/{payment.id}", "payment-part" if rest.amount else "payment-received"
        words = {"amount": share.format(deal.locale or here.company.studio.locale), "payment": str(payment.id)}
        order = LetterOrder(name=name, deal_id=deal_id, to="client", invoice=invoice.id or 0, facts=words)
        states.append(letters.send(f"{key}/receipt", order).state)
        staff = LetterOrder(name="payment-received-staff", deal_id=deal_id, to="salesperson", invoice=invoice.id or 0, facts=words)
        states.append(letters.send(f"{key}/staff", staff).state)
        if payment.id and over[payment.id].amount > 0:
            more = words | {"over": over[payment.id].format(deal.locale or here.company.studio.locale)}
            surplus = LetterOrder(name="payment-over", deal_id=deal_id, to="client", invoice=invoice.id or 0, facts=more)
            states.append(letters.send(f"payment/{payment.id}/over", surplus).state)
    return states


@step
def tell_director(invoice_id: int) -> str:
    """Tell the director that an invoice's reminders have come to their end; return the effect's state."""
    with world().db.reading() as session:
        invoice = issued.invoice(session, invoice_id)
    words = {"what": f"the money of {invoice.number}, all reminders sent"}
    order = LetterOrder(name="client-silent", deal_id=invoice.deal_id, to="director", invoice=invoice_id, facts=words)
    return letters.send(f"invoice/{invoice_id}/director", order, guard=lambda session: _not_late(session, invoice_id)).state


@step
def conclude_payment(deal_id: int, part: int, state: str) -> str:
    """End this stage: the money track moved; with the first money the deal is won, work may start. Return where the money stands."""
    here, run = world(), runs.current()
    with here.db.writing() as session:
        deal, fact = waiting.lock(session, deal_id), deals.cause(session, deal_id)  # first the deal, then the books, as a payment does
        why, now_is = f"payment {part} is {state}", payments.standing(session, deal, part)
        stands = cash.settle(session, deal, why=why, fact=fact, now=here.now())
        if now_is and now_is.state == "paid" and deal.sales == Sales.SIGNED:
            move(session, deal, Sales.WON, why=why, fact=fact, now=here.now())
            move(session, deal, Work.KICKOFF, why="the first money is in", fact=fact, now=here.now())
            wanted.want(session, Stage.KICKOFF, deal=deal, fact=fact, now=here.now())
        deals.finish(session, run)
        completion.follow(session, deal, fact=fact, now=here.now())
        if now_is and now_is.state == "open":  # issued anew, or its money went back, while this run was ending
            wanted.want(session, Stage.PAYMENT, deal=deal, part=part, fact=fact, now=here.now())
    here.nudge()
    return stands


def _not_late(session: Session, invoice_id: int) -> str | None:
    """Why nobody is told of an invoice: issued anew, it may not even be due."""
    here, due = world(), issued.invoice(session, invoice_id).due_on
    return "It is not due yet." if due and due >= here.company.studio.today(here.now()) else None
