"""Steps of the training: offered with its slots, booked with an entry for the calendar."""

from sqlmodel import Session

from models import training
from models.letters import LetterOrder
from models.tables import Client, Deal
from tasks import letters
from tasks.step import step
from tasks.world import World, world

FILE = "training.ics"


@step
def offer_training(deal_id: int) -> str:
    """Offer the training with its slots, in support's name, once a round; return the effect's state. Raises Unavailable (retried)."""
    with world().db.reading() as session:
        round_ = session.get_one(Deal, deal_id).round
    order = LetterOrder(name="training-offer", deal_id=deal_id, to="client")
    return letters.send(f"deal/{deal_id}/r{round_}/handover/training", order).state


@step
def confirm_training(deal_id: int, heard: int) -> list[str]:  # noqa: ARG001 (each look is another call)
    """Send client and support the entry for their calendars where a slot is booked, once; return the effects' states, [] without one.

    Raises Unavailable (retried).
    """
    here = world()
    with here.db.reading() as session:
        orders = confirmations(session, here, session.get_one(Deal, deal_id))
    return [letters.send(key, order).state for key, order in orders.items()]


def confirmations(session: Session, here: World, deal: Deal) -> dict[str, LetterOrder]:
    """The letters about a booked slot by the key of each: the client's and support's, with the same entry; {} without one."""
    booked = training.booking(session, deal)
    if booked is None:
        return {}
    entry = {FILE: training.entry(here.company, session.get_one(Client, deal.client_id), booked)}
    key = f"deal/{deal.id}/r{deal.round}/handover/training/booked"
    return {
        key: LetterOrder(name="training-booked", deal_id=deal.id or 0, to="client", calendar=entry),
        f"{key}/staff": LetterOrder(name="training-booked-staff", deal_id=deal.id or 0, to="support", calendar=entry),
    }
