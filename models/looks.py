"""A stage that looks again by itself at a moment: whatever changes what it would see makes it look at once."""

from datetime import datetime

from sqlmodel import Session, col, select

from models.stages import Stage
from models.tables import Deal, Wait

KEY = "look"
"""The name of the pause; a stage has one at most, and another moment each time."""


def look_now(session: Session, stage: Stage, *, now: datetime, deal: Deal | None = None, client_id: int | None = None) -> int:
    """End the pauses of a stage at once, of one deal or of all of a client's; how many there were."""
    open_pauses = select(Wait).where(Wait.stage == stage.value, Wait.key == KEY, col(Wait.closed_at).is_(None))
    if deal:
        open_pauses = open_pauses.where(Wait.deal_id == deal.id)
    else:
        open_pauses = open_pauses.join(Deal, col(Deal.id) == Wait.deal_id).where(Deal.client_id == client_id)
    found = list(session.exec(open_pauses))
    for pause in found:
        pause.deadline = pause.due_at = now
        session.add(pause)
    return len(found)
