"""Reminders of materials: one letter a day that names whatever is missing, however many items are due; each keeps its own ladder."""

from sqlmodel import Session

from models import projects
from models.letters import LetterOrder
from models.tables import Deal, Effect, Wait
from tasks import letters
from tasks.world import World


def remind(here: World, wait: Wait, letter: str) -> Effect:
    """Send the letter of a due rung, once a day and letter for the whole checklist; return what the ledger says of it."""
    today = here.company.studio.today(here.now())
    key = f"deal/{wait.deal_id}/r{wait.round}/materials/{letter}/{today}"

    def still_missing(session: Session) -> str | None:
        deal = session.get_one(Deal, wait.deal_id)
        is_missing = any(item.place == "missing" for item in projects.stand(session, deal).materials)
        return None if is_missing else "Everything has come."

    return letters.send(key, LetterOrder(name=letter, deal_id=wait.deal_id, to="client", is_reminder=True), guard=still_missing)
