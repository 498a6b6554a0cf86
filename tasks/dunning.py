"""Reminders of money: one letter a client, however many invoices are open, in the salesperson's name."""

from datetime import timedelta

from sqlmodel import Session, col, select

from models import cash, issued
from models.effects import EffectState
from models.letters import LetterOrder
from models.tables import Deal, Effect, Wait
from tasks import letters
from tasks.letters import Guard
from tasks.world import World

REST = timedelta(days=3)
"""For so long a client who was reminded of all that is open hears nothing more of it."""


def remind(here: World, wait: Wait, name: str, guard: Guard) -> None:
    """Send the letter `name` about the invoice of this wait; it lists all the client's open ones, and counts for them all."""
    with here.db.reading() as session:
        deal = session.get_one(Deal, wait.deal_id)
        invoice = issued.of_part(session, deal, wait.part)
        client_id, today = deal.client_id, here.company.studio.today(here.now())
    if invoice is None:
        return
    ours = invoice.id or 0

    def still_due(session: Session) -> str | None:
        """Why the letter is not wanted any more; None to send it."""
        if not any(one.id == ours for one, _ in cash.open_of_client(session, client_id)):
            return "It has been paid."
        return guard(session) or _reminded(session, client_id, name, here)

    order = LetterOrder(name=name, deal_id=wait.deal_id, to="client", invoice=ours)
    letters.send(f"client/{client_id}/dunning/{today}/{name}/{ours}", order, guard=still_due)


def _reminded(session: Session, client_id: int, name: str, here: World) -> str | None:
    """Why no further letter goes out: one of the same or a later rung listed everything a moment ago."""
    may_have_gone_out = [EffectState.DONE.value, EffectState.UNKNOWN.value]
    sent = select(Effect).where(col(Effect.key).like(f"client/{client_id}/dunning/%"), col(Effect.state).in_(may_have_gone_out))
    recent = [one for one in session.exec(sent) if one.settled_at and one.settled_at > here.now() - REST]
    grades = list(dict.fromkeys(rung.letter for rung in here.company.ladders["payment"].rungs))
    weight = {grade: index for index, grade in enumerate(grades)}
    if any(weight.get(one.what, 0) >= weight.get(name, 0) for one in recent):
        return "The client was reminded of everything that is open a short while ago."
    return None
