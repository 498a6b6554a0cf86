"""Where a deal's course stands, read anew whenever something is decided: its letters, consent, replies, the project's clock."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from models import after_facts, clocks, facts, project_clock
from models.after_answers import CourseAnswered, MailCame, NextStepOffered
from models.clocks import Span
from models.company import Company
from models.course import CourseStand
from models.effects import EffectState
from models.stages import Stage
from models.tables import Client, Deal, Effect, Move
from models.tracks import CLOSED, Work

OUT = frozenset({EffectState.DONE, EffectState.UNKNOWN})
"""A letter that may have gone out is not sent again without a person's word."""
AFTER = frozenset({Work.COMPLETED, Work.HANDED_OVER})
INVITATION = "invitation"


def key_of(deal: Deal, letter: str) -> str:
    """The key under which a letter of the course goes out once: `deal/42/r1/next-steps/course-1`."""
    return f"deal/{deal.id}/r{deal.round}/{Stage.NEXT_STEPS}/{letter}"


def read(session: Session, company: Company, deal: Deal, now: datetime) -> CourseStand:
    """The course of a deal's round as it stands at `now`."""
    course, client = company.delivery.course, session.get_one(Client, deal.client_id)
    effects = {name: effect for name in (INVITATION, *course.letters) if (effect := session.get(Effect, key_of(deal, name)))}
    letters = {name: effect for name, effect in effects.items() if name != INVITATION}
    out = [name for name, effect in letters.items() if effect.state in OUT]
    sent = [effect.settled_at for name, effect in effects.items() if effect.settled_at and (name in out or name == INVITATION)]
    completed_at = _completed_at(session, deal)
    spans = _ended(project_clock.spans(session, deal, now), completed_at)
    return CourseStand(
        letters=course.letters, gap=course.gap, calendar=project_clock.calendar(company), out=out, last_at=max(sent, default=now), spans=spans,
        rests=_rests(session, company, deal, client, letters.values()), waits="" if completed_at else _waits(deal, spans, now),
        stopped=_stopped(session, company, deal, effects), ended=_ended_by(deal), completed_at=completed_at,
        is_offered=facts.find(session, "system", offer_key(deal)) is not None,
        holds_offer=f"letters to {client.email} come back" if client.bounced_at else "",
    )  # fmt: skip


def offer_key(deal: Deal) -> str:
    """The id of the fact that what comes next was offered in a deal's round, or why it was not."""
    return f"deal/{deal.id}/r{deal.round}/{NextStepOffered.kind}"


def answers(session: Session, deal: Deal) -> int:
    """How often the client of a deal has said yes or no to the course in it."""
    return len(facts.of_deal(session, deal.id or 0, CourseAnswered.kind))


def _rests(session: Session, company: Company, deal: Deal, client: Client, letters: Iterable[Effect]) -> str:
    """Why no letter may go out until somebody says something; "" when nothing stands in the way."""
    if client.course_off_at:
        return "the client wants no more letters of the course"
    if company.delivery.course.consent == "asked" and not after_facts.consents(session, deal.client_id):
        return "the client has not asked for its letters"
    if client.bounced_at:
        return f"letters to {client.email} come back"
    refused = next((effect for effect in letters if effect.state == EffectState.FAILED), None)
    if refused:
        return f"{refused.what} was refused ({refused.said})"
    return "the deal is on hold" if deal.held_since else ""


def _waits(deal: Deal, spans: list[Span], now: datetime) -> str:
    """Why the project waits for the client; "" while it does not."""
    if deal.work == Work.PAUSED:
        return "the project is paused"
    waited = clocks.waited_for(spans, now)
    return f"the project waits for the client: {waited[0].about}" if waited else ""


def _stopped(session: Session, company: Company, deal: Deal, effects: dict[str, Effect]) -> str:
    """Why the course goes no further: a letter was left out at the moment of sending, or the client has written since it began."""
    left_out = next((effect for name, effect in effects.items() if name != INVITATION and effect.state == EffectState.SKIPPED), None)
    if left_out:
        return f"{left_out.what} was left out: {left_out.said}"
    # Where nobody was asked the invitation is its first letter; who was asked may well answer the question by mail.
    first = company.delivery.course.letters[0] if company.delivery.course.consent == "asked" else INVITATION
    began = effects[first].settled_at if first in effects else None
    told = facts.of_deal(session, deal.id or 0, MailCame.kind) if began else []
    mails = [(fact, MailCame.model_validate(fact.payload)) for fact in told]
    if any(began and fact.known_at >= began and mail.from_client and not mail.is_auto for fact, mail in mails):
        return "the client has written to us"
    return ""


def _ended_by(deal: Deal) -> str:
    """Why nothing comes any more; "" while something may."""
    if deal.sales in CLOSED:
        return f"The deal is {deal.sales}."
    return "The work was cancelled." if deal.work == Work.CANCELLED else ""


def _completed_at(session: Session, deal: Deal) -> datetime | None:
    """When the work was completed; None before."""
    if Work(deal.work) not in AFTER:
        return None
    moves = select(Move).where(Move.deal_id == deal.id, Move.track == "work", Move.to == Work.COMPLETED.value)
    newest = session.exec(moves.order_by(col(Move.id).desc())).first()
    return newest.at if newest else deal.opened_at


def _ended(spans: list[Span], completed_at: datetime | None) -> list[Span]:
    """The spans of a project that is over: nobody is waited for any more."""
    if completed_at is None:
        return spans
    return [span._replace(answered=span.answered or max(span.asked, completed_at)) for span in spans]
