"""Money that goes back, at the provider that took it: planned in the transaction of its credit note, carried out once."""

from sqlmodel import Session, col, select

from models import effects, issued, ledger, payments
from models.cash_tables import Invoice, Payment
from models.effects import EffectState
from models.errors import Refused
from models.money import Money
from models.payments import Charge
from models.tables import Effect
from models.webhooks import ProviderEvent
from tasks import effects as acts
from tasks.effects import Act, Done
from tasks.gateways.payments import RefundOrder
from tasks.world import World


def plan(session: Session, here: World, note: Invoice) -> tuple[list[str], Money]:
    """Plan the refunds that a credit note calls for; return their keys, and what has to be transferred by hand.

    What this note makes too much of the client's money goes back to where it came from, the latest payment first. Said again it plans
    nothing more and returns the same.
    """
    known = _of_note(session, note)
    if known:
        return [one.key for one in known], Money(amount=int(known[0].args["by_hand"]), currency=note.currency)
    invoice = issued.invoice(session, note.corrects_id or 0)
    left, orders = _too_much(session, invoice, note), []
    for charge in payments.charges(session, invoice):
        back = min(left, _free(session, charge))
        if back > 0 and here.pay is not None and charge.payment.source == here.pay.name:
            orders.append((charge.payment.id, back))
            left -= back
    keys = [f"payment/{payment}/refund/{note.id}" for payment, _ in orders]
    for key, (payment, back) in zip(keys, orders, strict=True):
        args = {"payment": payment, "amount": back, "note": note.id, "by_hand": left}
        effects.plan(session, key, "refund", deal_id=invoice.deal_id, what=f"refund by {note.number}", now=here.now(), args=args)
    return keys, Money(amount=left, currency=invoice.currency)


def _of_note(session: Session, note: Invoice) -> list[Effect]:
    mine = select(Effect).where(Effect.kind == "refund", Effect.deal_id == note.deal_id)
    found = [one for one in session.exec(mine) if one.args.get("note") == note.id]
    return sorted(found, key=lambda one: -int(one.args["payment"]))


def _too_much(session: Session, invoice: Invoice, note: Invoice) -> int:
    """What this note, and none before it, makes too much of what was paid: a refund that is still on its way is not ordered twice."""
    notes = [one for one in issued.notes_on(session, invoice) if (one.id or 0) <= (note.id or 0)]
    paid, owed = ledger.paid_of(session, invoice).amount, invoice.gross - sum(one.gross for one in notes)
    return max(0, paid - owed) - max(0, paid - owed - note.gross)


def _free(session: Session, charge: Charge) -> int:
    """What of a charge no refund has been ordered for yet."""
    orders = session.exec(select(Effect).where(Effect.kind == "refund", col(Effect.key).like(f"payment/{charge.payment.id}/refund/%"))).all()
    return charge.left.amount - sum(int(one.args["amount"]) for one in orders if _is_under_way(session, charge.payment, one))


def _is_under_way(session: Session, payment: Payment, order: Effect) -> bool:
    if order.state != EffectState.DONE:
        return order.state not in {EffectState.SKIPPED, EffectState.FAILED}
    booked = select(Payment.id).where(Payment.source == payment.source, Payment.external_id == str(order.result.get("id")))
    return session.exec(booked).first() is None


def carry_out(here: World, key: str) -> Effect:
    """Give the money of a planned refund back, once, and book it. The same key gives the same refund at the provider."""
    provider = here.pay
    with here.db.reading() as session:
        planned = session.get_one(Effect, key)
        payment = session.get_one(Payment, planned.args["payment"])
        note = session.get_one(Invoice, planned.args["note"])
    amount = Money(amount=planned.args["amount"], currency=payment.currency)

    def act() -> Done:
        """Order the refund from whoever took the money. Raises Refused where that is not set up any more."""
        if provider is None or provider.name != payment.source:
            raise Refused(f"{payment.source} took the money and is no longer set up here: the refund is to be made by hand.")
        refund = provider.refund(RefundOrder(key=key, charge_id=payment.external_id, amount=amount, reason=str(note.body["reason"])))
        return Done(said=refund.said, result={"id": refund.id})

    # The provider makes one refund of a key: a dead worker's order is simply said again.
    order = Act(key=key, kind="refund", what=planned.what, deal_id=planned.deal_id, act=act, ask=lambda: None, args=planned.args)
    effect = acts.once(order)
    if effect.result.get("id"):
        _book(here, payment, amount, str(effect.result["id"]))
    return effect


def _book(here: World, payment: Payment, amount: Money, refund_id: str) -> None:
    """Book it at once; the provider's own word of the same refund changes nothing then."""
    event = ProviderEvent(
        id=refund_id, kind="refunded", charge_id=payment.external_id, refund_id=refund_id, reference="", amount=amount, at=here.now()
    )
    with here.db.writing() as session:
        payments.act_on(session, here.company, event, payment.source, None, now=here.now())
