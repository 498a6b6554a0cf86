"""What must hold before a fact about delivery is kept, and what follows from it at once. Read by `models.inbox`.

A client who was handed over is support's for good: whatever would lead back to the project is refused.
"""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session, col, select

from models import changes, letters, projects
from models.answer import Answer
from models.cash_answers import MilestoneReached
from models.delivery_answers import (
    ChangeAnswered,
    ChangeOffered,
    DateMoved,
    LaunchChecked,
    MaterialReviewed,
    MaterialSent,
    StageAnswered,
    StageReady,
    WorkPaused,
)
from models.errors import HandedBack, Invalid, Refused
from models.letters import LetterOrder
from models.tables import Deal, Fact, Move
from models.tracks import Sales, Work, move

AT_WORK = frozenset({Work.MATERIALS, Work.PRODUCTION, Work.LAUNCH, Work.PAUSED})


def check_under_way(session: Session, deal: Deal, answer: Answer, now: datetime) -> None:  # noqa: ARG001
    """Return if the project is under way. Raises HandedBack after the hand-over, Refused before and after the work."""
    if deal.work == Work.HANDED_OVER:
        raise HandedBack("This client was handed over to support for good. Please write to support; the project is not opened again.")
    if deal.sales != Sales.WON or Work(deal.work) not in AT_WORK:
        raise Refused(f"Nobody asks that now: the work of deal {deal.id} is {deal.work.replace('_', ' ')}.")


def _check_ready(session: Session, deal: Deal, answer: StageReady, now: datetime) -> None:
    check_under_way(session, deal, answer, now)
    stand = projects.stand(session, deal)
    stage = stand.stage(answer.stage)
    if stage.place == "accepted":
        raise Refused(f"{stage.plan.title} was accepted already.")
    if stage is not stand.current:
        raise Refused(f"{stand.current.plan.title if stand.current else 'The launch'} comes first.")
    if stage.place == "working" and any(not item.is_settled for item in stand.needed_for(stage.slug)):
        raise Refused(f"{stage.plan.title} lacks materials: accept them first, or do without them.")
    if stage.place == "priced":
        raise Refused("The client is asked about the price of a change; their answer comes first.")


def _check_answered(session: Session, deal: Deal, answer: StageAnswered, now: datetime) -> None:
    check_under_way(session, deal, answer, now)
    stage = projects.stand(session, deal).stage(answer.stage)
    if stage.place == "accepted":
        raise Refused("This has been answered already.")
    if stage.place != "shown" or answer.version != stage.version:
        raise Refused("This changed while you were reading: please look again.")


def _check_offered(session: Session, deal: Deal, answer: ChangeOffered, now: datetime) -> None:
    check_under_way(session, deal, answer, now)
    stage = projects.stand(session, deal).stage(answer.stage)
    if stage.place not in {"changes", "beyond"}:
        raise Refused(f"The client has asked for no change of {stage.plan.title} that could be priced.")


def _check_change(session: Session, deal: Deal, answer: ChangeAnswered, now: datetime) -> None:
    check_under_way(session, deal, answer, now)
    stage = projects.stand(session, deal).stage(answer.stage)
    offer = stage.offer
    if offer is None or stage.place != "priced" or offer.number != answer.offer:
        raise Refused("This has been answered already, or changed while you were reading: please look again.")
    if answer.decision == "accept" and changes.gross(session, deal, offer).amount != answer.total:
        raise Refused("This changed while you were reading: please look at the total again.")


def _check_sent(session: Session, deal: Deal, answer: MaterialSent, now: datetime) -> None:
    check_under_way(session, deal, answer, now)
    item = projects.stand(session, deal).material(answer.item)
    if item.is_settled:
        raise Refused(f"We have “{item.plan.title}” already. Please write to us, should it have to change.")


def _check_reviewed(session: Session, deal: Deal, answer: MaterialReviewed, now: datetime) -> None:
    check_under_way(session, deal, answer, now)
    item = projects.stand(session, deal).material(answer.item)
    fits = {"accept": item.place == "sent", "waive": not item.is_settled, "reject": item.place == "sent"}
    if not fits[answer.decision]:
        raise Refused(f"“{item.plan.title}” is {item.place}: there is nothing to {answer.decision}.")


def _check_launch(session: Session, deal: Deal, answer: LaunchChecked, now: datetime) -> None:
    check_under_way(session, deal, answer, now)
    stand = projects.stand(session, deal)
    if deal.work == Work.MATERIALS or stand.current:
        raise Refused(f"{stand.current.plan.title if stand.current else 'The work'} comes first.")
    open_items = [item for item in stand.plan.checklist if item not in answer.items] if answer.items else []
    if open_items:
        raise Invalid(f"This is not done yet: {'; '.join(open_items)}.")


def _check_milestone(session: Session, deal: Deal, answer: MilestoneReached, now: datetime) -> None:  # noqa: ARG001
    if deal.sales != Sales.WON or deal.work == Work.CANCELLED:
        raise Refused(f"Nobody asks that now: deal {deal.id} is {deal.sales}, its work is {deal.work}.")
    due = changes.next_unissued(session, deal)
    if not due:
        raise Refused("Every payment of the plan has been asked for already.")
    if answer.payment not in (0, due):
        raise Refused(f"Payment {due} is the next one of the plan, not payment {answer.payment}.")


def _ask_payment(session: Session, deal: Deal, answer: MilestoneReached, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    changes.want_invoice(session, deal, changes.next_unissued(session, deal), fact=fact, now=now)


def _pause(session: Session, deal: Deal, answer: WorkPaused, fact: Fact, now: datetime) -> None:
    """The project rests, and both sides are told; it goes on when the client is back."""
    if move(session, deal, Work.PAUSED, why=f"waiting for {answer.what}", fact=fact, now=now):
        key = f"deal/{deal.id}/r{deal.round}/work/paused/{fact.id}"
        letters.plan(session, key, LetterOrder(name="project-paused", deal_id=deal.id or 0, to="client", facts={"what": answer.what}), now=now)
        staff = LetterOrder(name="project-paused-staff", deal_id=deal.id or 0, to="project_manager", facts={"what": answer.what})
        letters.plan(session, f"{key}/staff", staff, now=now)


def come_back(session: Session, deal: Deal, answer: Answer, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    """Whatever a client says ends a pause: work stands where it stood, with a new date, in the transaction that keeps their word."""
    if deal.work != Work.PAUSED:
        return
    paused = select(Move).where(Move.deal_id == deal.id, Move.track == "work", Move.to == Work.PAUSED.value).order_by(col(Move.id).desc())
    was = session.exec(paused).first()
    move(session, deal, Work(was.was) if was else Work.PRODUCTION, why="the client is back", fact=fact, now=now)
    order = LetterOrder(name="project-resumed", deal_id=deal.id or 0, to="client")
    letters.plan(session, f"deal/{deal.id}/r{deal.round}/work/resumed/{fact.id}", order, now=now)


def _send_back(session: Session, deal: Deal, answer: MaterialReviewed, fact: Fact, now: datetime) -> None:
    """A material that will not do is asked for again, with the reason, and only that one."""
    if answer.decision == "reject":
        key = f"deal/{deal.id}/r{deal.round}/material/{answer.item}/rejected/{fact.id}"
        order = LetterOrder(name="materials-rejected", deal_id=deal.id or 0, to="client", facts={"item": answer.item, "reason": answer.reason})
        letters.plan(session, key, order, now=now)


CHECKS: dict[type[Answer], Callable] = {
    StageReady: _check_ready, StageAnswered: _check_answered, ChangeOffered: _check_offered, ChangeAnswered: _check_change,
    MaterialSent: _check_sent, MaterialReviewed: _check_reviewed, LaunchChecked: _check_launch, DateMoved: check_under_way,
    WorkPaused: check_under_way, MilestoneReached: _check_milestone,
}  # fmt: skip
FOLLOWS: dict[type[Answer], Callable] = {
    StageAnswered: come_back, ChangeAnswered: come_back, MaterialSent: come_back, WorkPaused: _pause, MaterialReviewed: _send_back,
    MilestoneReached: _ask_payment,
}  # fmt: skip
