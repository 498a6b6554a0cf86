"""Reminders of materials: one letter a day that names whatever is due, however many items there are; each keeps its own ladder."""

from collections.abc import Callable

from sqlmodel import Session

from models import projects
from models.ladder import ScheduledRung
from models.letters import LetterOrder
from models.tables import Deal, Wait
from tasks import letters
from tasks.world import World


def remind(here: World, wait: Wait, rung: ScheduledRung) -> None:
    """Send the letters of a due rung, each once a day for the whole checklist: to the client what is missing, to staff what lies untouched."""
    key = f"deal/{wait.deal_id}/r{wait.round}/materials/{rung.letter}/{here.company.studio.today(here.now())}"
    place = "missing" if wait.whose == "client" else "sent"
    still = _still(wait.deal_id, place)
    name, words = rung.letter, {}
    if place == "missing":
        letters.send(key, LetterOrder(name=name, deal_id=wait.deal_id, to="client", is_reminder=True), guard=still)
        name = "client-silent"
    with here.db.reading() as session:
        words = {"what": ", ".join(_titles(session, wait.deal_id, place))[:1000] or wait.what}
    for role in rung.tell:
        order = LetterOrder(name=name, deal_id=wait.deal_id, to=role, facts=words, is_reminder=True)
        letters.send(f"{key}/{role.replace('_', '-')}", order, guard=still)


def _titles(session: Session, deal_id: int, place: str) -> list[str]:
    return [item.plan.title for item in projects.stand(session, session.get_one(Deal, deal_id)).materials if item.place == place]


def _still(deal_id: int, place: str) -> Callable[[Session], str | None]:
    return lambda session: None if _titles(session, deal_id, place) else "Nothing of it is open any more."
