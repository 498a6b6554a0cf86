"""What must hold before the project manager's word on a payment of the plan is kept. Read by `models.inbox`."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from models import cash, facts, waiting
from models.answer import Answer
from models.cash_answers import MilestoneReached
from models.errors import Refused
from models.tables import Deal


def next_due(session: Session, deal: Deal) -> int:
    """The payment of the plan that nobody has called due yet; 0 where all have been, or nobody asks."""
    about = facts.subject(deal.id or 0, deal.round, "delivery")
    is_asked = any(MilestoneReached.kind in wait.kinds for wait in waiting.open_waits(session, deal.id or 0))
    if not is_asked or facts.unconsumed(session, deal.id or 0, about, [MilestoneReached.kind]):
        return 0
    following = last_told(session, deal) + 1
    return following if following <= len(cash.agreed(session, deal).schedule) else 0


def last_told(session: Session, deal: Deal) -> int:
    """The payment of the plan that was called due last; the first is due by itself."""
    about = facts.subject(deal.id or 0, deal.round, "delivery")
    return 1 + sum(fact.subject == about for fact in facts.of_deal(session, deal.id or 0, MilestoneReached.kind))


def _check_milestone(session: Session, deal: Deal, answer: MilestoneReached, now: datetime) -> None:  # noqa: ARG001
    """One word calls one payment due: said on the page and in the Prefect UI at once, it counts once."""
    due = next_due(session, deal)
    if not due:
        raise Refused("This has been recorded already.")
    if answer.payment not in (0, due):
        raise Refused(f"Payment {due} is the next one of the plan, not payment {answer.payment}.")


CHECKS: dict[type[Answer], Callable] = {MilestoneReached: _check_milestone}
