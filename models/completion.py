"""What follows when a project is completed, paid, handed over or cancelled, whichever comes last. Each follows once a round."""

from datetime import datetime

from sqlmodel import Session

from models import looks, projects, wanted
from models.stages import Stage
from models.tables import Deal, Fact
from models.tracks import Cash, Work

DELIVERED = frozenset({Work.COMPLETED, Work.HANDED_OVER})


def is_completed_and_paid(deal: Deal) -> bool:
    """Whether the work is done and all its money is in."""
    return Work(deal.work) in DELIVERED and deal.money == Cash.PAID


def follow(session: Session, deal: Deal, *, fact: Fact | None, now: datetime) -> list[Stage]:
    """Want what is due now and never was: the review when completed and paid, the closing when handed over besides or cancelled.

    However often the money toggles, a review is asked for once. Completed work is offered its next step at once, paid or not. Called in
    the transaction of whatever moved the deal.
    """
    if Work(deal.work) in DELIVERED:
        looks.look_now(session, Stage.NEXT_STEPS, deal=deal, now=now)
    due = [Stage.REVIEW] if is_completed_and_paid(deal) else []
    if (is_completed_and_paid(deal) and deal.work == Work.HANDED_OVER) or (deal.work == Work.CANCELLED and projects.find(session, deal)):
        due.append(Stage.CLOSING)
    fresh = [stage for stage in due if not wanted.was_wanted(session, stage, deal)]
    for stage in fresh:
        wanted.want(session, stage, deal=deal, fact=fact, now=now)
    return fresh
