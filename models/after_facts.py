"""What must hold before a fact about the time after the work is kept, and about mail; and what follows at once. Read by `models.inbox`."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session, col, select

from models import facts, letters, looks, passwords, projects, training, wanted
from models.after_answers import (
    AccessListed,
    AddressChanged,
    CourseAnswered,
    MailBounced,
    MailCame,
    ReviewGiven,
    ReviewReplied,
    ReviewWithdrawn,
    TrainingAnswered,
)
from models.answer import Answer
from models.db import serialise
from models.errors import HandedBack, Invalid, Refused
from models.field_types import normal_email
from models.letters import LetterOrder
from models.stages import Stage
from models.tables import Client, Deal, Effect, Fact
from models.tracks import Sales, Work


def consents(session: Session, client_id: int) -> bool:
    """Whether a client's newest word on the course, in any of their deals, is yes."""
    mine = select(Fact).join(Deal, col(Deal.id) == Fact.deal_id).where(Deal.client_id == client_id, Fact.kind == CourseAnswered.kind)
    newest = session.exec(mine.order_by(col(Fact.id).desc())).first()
    return newest is not None and newest.payload["decision"] == "yes"


def review_of(session: Session, deal: Deal) -> tuple[Fact, ReviewGiven] | None:
    """The review of a deal's round."""
    about = facts.subject(deal.id or 0, deal.round, "review")
    told = [fact for fact in facts.of_deal(session, deal.id or 0, ReviewGiven.kind) if fact.subject == about]
    return (told[-1], ReviewGiven.model_validate(told[-1].payload)) if told else None


def whose_mail(session: Session, deal: Deal) -> str:
    """The role that looks after what a client writes: support after the hand-over, the manager while there is a project, else the salesperson."""
    if deal.work == Work.HANDED_OVER:
        return "support"
    return "project_manager" if projects.find(session, deal) and deal.work != Work.CANCELLED else "salesperson"


def _check_course(session: Session, deal: Deal, answer: CourseAnswered, now: datetime) -> None:  # noqa: ARG001
    """Whoever wants no letters may say so whenever they like."""
    if answer.decision == "yes" and deal.sales != Sales.WON:
        raise Refused("There is no project yet that the letters could be about.")


def _keep_course(session: Session, deal: Deal, answer: CourseAnswered, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    client = session.get_one(Client, deal.client_id)
    client.course_off_at = None if answer.decision == "yes" else client.course_off_at or now
    session.add(client)
    looks.look_now(session, Stage.NEXT_STEPS, client_id=client.id, now=now)


def _check_training(session: Session, deal: Deal, answer: TrainingAnswered, now: datetime) -> None:
    """That a slot is one of those offered is for the page to say; staff may agree on any hour that is free."""
    if deal.work == Work.HANDED_OVER:
        raise Refused("Support looks after you now. Please write to them: they find a day for the training with you.")
    if deal.work != Work.COMPLETED:
        raise Refused("The training comes when the work is completed; we write to you then.")
    if training.answered(session, deal):
        raise Refused("We have your answer about the training already. Please write to support, should it have to change.")
    if answer.slot is None:
        return
    if answer.slot <= now:
        raise Refused("This slot is past. Please choose another.")
    serialise(session, "training")  # two clients may want the same hour at the same moment
    if answer.slot in training.taken(session, but=deal):
        raise Refused("Somebody was quicker with this slot. Please choose another.")


def _check_access(session: Session, deal: Deal, answer: AccessListed, now: datetime) -> None:  # noqa: ARG001
    if deal.work == Work.HANDED_OVER:
        raise HandedBack("This client was handed over to support for good; the inventory is support's now.")
    if deal.work != Work.COMPLETED:
        raise Refused(f"The inventory comes when the work is completed; it is {deal.work.replace('_', ' ')}.")
    if any(passwords.looks_like_one(text) for item in answer.items for text in (item.what, item.where, item.held_by)):
        raise Invalid("This looks like a password. Please say only where it is and who holds it: the list goes to the support desk and by mail.")


def _check_review(session: Session, deal: Deal, answer: ReviewGiven, now: datetime) -> None:  # noqa: ARG001
    if not wanted.was_wanted(session, Stage.REVIEW, deal):
        raise Refused("Nobody asks for a review yet; it comes when the work is completed and paid.")
    if review_of(session, deal):
        raise Refused("We have your review already. Thank you! Write to us, should you want to change it.")


def _tell_review(session: Session, deal: Deal, answer: ReviewGiven, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    """The client is thanked; whoever led the project and the director read it, however many stars and however late."""
    key = f"deal/{deal.id}/r{deal.round}/review"
    letters.plan(session, f"{key}/thanks", LetterOrder(name="review-thanks", deal_id=deal.id or 0, to="client"), now=now)
    for role in ("project_lead", "director"):
        order = LetterOrder(name="review-came", deal_id=deal.id or 0, to=role)
        letters.plan(session, f"{key}/came/{role.replace('_', '-')}", order, now=now)


def _check_there(session: Session, deal: Deal, answer: Answer, now: datetime) -> None:  # noqa: ARG001
    if review_of(session, deal) is None:
        raise Refused(f"There is no review of deal {deal.id} yet.")


def _check_withdrawn(session: Session, deal: Deal, answer: ReviewWithdrawn, now: datetime) -> None:
    _check_there(session, deal, answer, now)
    given = review_of(session, deal)
    if given and not given[1].publish:
        raise Refused("Your review is not published: you gave no permission, so there is none to take back.")


def _tell_mail(session: Session, deal: Deal, answer: MailCame, fact: Fact, now: datetime) -> None:
    """Somebody of the studio is told; a machine's answer is nobody's business. Nothing is ever promised to the client."""
    if answer.is_auto:
        return
    words = {
        "from_name": answer.name or answer.sender, "address": answer.sender, "subject": answer.subject, "message": answer.text[:4000],
        "files": ", ".join(answer.files),
    }  # fmt: skip
    order = LetterOrder(name="mail-came", deal_id=deal.id or 0, to=whose_mail(session, deal), facts=words)
    letters.plan(session, f"deal/{deal.id}/mail/{fact.id}", order, now=now)


def _mark_bounce(session: Session, deal: Deal, answer: MailBounced, fact: Fact, now: datetime) -> None:
    """The letter's effect says that it came back; a client's address that is dead for good gets no further letters until it is changed."""
    effect = session.get(Effect, answer.effect) if answer.effect else None
    if effect:
        effect.result = {**effect.result, "bounced": {"address": answer.address, "status": answer.status, "said": answer.said[:500]}}
        session.add(effect)
    client = session.get_one(Client, deal.client_id)
    if answer.permanent and normal_email(answer.address) == client.email:
        client.bounced_at, client.bounce_said = client.bounced_at or now, answer.said[:500]
        session.add(client)
    if answer.permanent:
        words = {"address": answer.address, "said": answer.said}
        order = LetterOrder(name="mail-bounced", deal_id=deal.id or 0, to=whose_mail(session, deal), facts=words)
        letters.plan(session, f"deal/{deal.id}/mail/bounced/{fact.id}", order, now=now)


def _check_address(session: Session, deal: Deal, answer: AddressChanged, now: datetime) -> None:  # noqa: ARG001
    if not (email := normal_email(answer.email)):
        raise Invalid("This does not look like an e-mail address.")
    client = session.get_one(Client, deal.client_id)
    if email == client.email and not client.bounced_at:  # the same one again says that a mailbox takes letters again
        raise Refused(f"Letters go to {email} already.")


def _change_address(session: Session, deal: Deal, answer: AddressChanged, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    client = session.get_one(Client, deal.client_id)
    client.email, client.bounced_at, client.bounce_said = normal_email(answer.email), None, ""
    session.add(client)
    looks.look_now(session, Stage.NEXT_STEPS, client_id=client.id, now=now)


CHECKS: dict[type[Answer], Callable] = {
    CourseAnswered: _check_course, TrainingAnswered: _check_training, AccessListed: _check_access, ReviewGiven: _check_review,
    ReviewReplied: _check_there, ReviewWithdrawn: _check_withdrawn, AddressChanged: _check_address,
}  # fmt: skip
FOLLOWS: dict[type[Answer], Callable] = {
    CourseAnswered: _keep_course, ReviewGiven: _tell_review, MailCame: _tell_mail, MailBounced: _mark_bounce, AddressChanged: _change_address,
}  # fmt: skip
