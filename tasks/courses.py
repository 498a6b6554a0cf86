"""Steps of the course: the invitation, its letters, each looked at once more at the very moment of sending."""

from sqlmodel import Session

from models import course, course_state, effects
from models.course import Due
from models.effects import EffectState
from models.errors import Refused
from models.letters import LetterOrder
from models.tables import Deal, Effect
from tasks import deals, letters, looks, runs
from tasks.step import step
from tasks.world import world


class NotDue(Refused):
    """The letter is not due any more; it stays as it was, to be sent when it is."""


@step
def invite_client(deal_id: int) -> str:
    """Tell the client what happens after the launch, and offer the course; return the effect's state."""
    with world().db.reading() as session:
        key = course_state.key_of(session.get_one(Deal, deal_id), course_state.INVITATION)
    return letters.send(key, LetterOrder(name="course-invitation", deal_id=deal_id, to="client")).state


def next_due(deal_id: int) -> Due:
    """What is due now: a letter of the course, the offer of the next step, or nothing ever. Until something is, the run is suspended."""
    return looks.look(lambda session: _decide(session, deal_id), what="the next letter of the course, or the end of the work")


@step
def send_letter(deal_id: int, letter: str, looked_at: str) -> str:  # noqa: ARG001 (another look is another call)
    """Send a letter of the course; return the effect's state, or why it is not due any more.

    Consent, unsubscribing, a reply and the project's clock are read again in the transaction that claims the letter. One that only has to
    wait stays as it was; one whose course has stopped meanwhile is left out, with the reason.
    """
    with world().db.reading() as session:
        key = course_state.key_of(session.get_one(Deal, deal_id), letter)
    try:
        return letters.send(key, LetterOrder(name=letter, deal_id=deal_id, to="client"), guard=lambda session: _guard(session, deal_id, letter)).state
    except NotDue as why:
        return str(why)


@step
def conclude_next_steps(deal_id: int, why: str) -> str:
    """End this stage: nothing of it will be due again, for the reason `why`; return where the work stands."""
    here = world()
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        for letter in here.company.delivery.course.letters:
            effect = session.get(Effect, course_state.key_of(deal, letter))
            if effect and effect.state == EffectState.PLANNED:  # the mail server was away when it was due, and then it was too late
                effects.skip(session, effect, why, now=here.now())
        deals.finish(session, runs.current())
        return deal.work


def _decide(session: Session, deal_id: int) -> Due:
    here = world()
    stand = course_state.read(session, here.company, session.get_one(Deal, deal_id), here.now())
    return course.decide(stand, here.now())


def _guard(session: Session, deal_id: int, letter: str) -> str | None:
    """Why a letter is left out for good; None to send it. Raises NotDue where it only has to wait."""
    here = world()
    stand = course_state.read(session, here.company, session.get_one(Deal, deal_id), here.now())
    if stand.stopped or stand.ended:
        return stand.stopped or stand.ended
    due = course.decide(stand, here.now())
    if due.letter != letter:
        raise NotDue(due.why)
    return None
