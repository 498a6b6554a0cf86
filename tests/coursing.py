"""Courses as far as a test wants them: letters that are out, clients who said yes."""

from datetime import datetime

from sqlmodel import Session

from models import course_state, effects
from models.after_answers import CourseAnswered, MailCame
from models.effects import EffectState
from models.tables import Deal, Effect, Fact
from models.tracks import Sales, Work, move
from tests.factories import a_deal, told
from tests.fakes import MONDAY
from tests.projecting import a_project


def a_course(session: Session, *, at: datetime = MONDAY, consent: str = "yes", invited: bool = True, whole: bool = False, **values) -> Deal:
    """A deal in production whose client was invited, and said yes unless told otherwise; a `whole` one has contract and project behind it."""
    light = {"sales": Sales.WON, "work": Work.PRODUCTION.value}
    deal = a_project(session, at=at, **{"accepted": 3} | values) if whole else a_deal(session, **light | values)
    if invited:
        a_letter(session, deal, course_state.INVITATION, at=at)
    if consent:
        told(session, deal, CourseAnswered(decision=consent), at=at)
    session.flush()
    return deal


def a_letter(session: Session, deal: Deal, name: str, *, at: datetime = MONDAY, state: EffectState = EffectState.DONE, said: str = "") -> Effect:
    """A letter of the course in any state of the ledger."""
    effect = effects.plan(session, course_state.key_of(deal, name), "letter", deal_id=deal.id, what=name, now=at)
    if state == EffectState.SKIPPED:
        effects.skip(session, effect, said, now=at)
    elif state != EffectState.PLANNED:
        effects.claim(session, effect, "a worker", now=at)
        if state != EffectState.CLAIMED:
            effects.settle(session, effect, state, said=said, now=at)
    session.flush()
    return effect


def a_mail(session: Session, deal: Deal, *, at: datetime = MONDAY, **values) -> Fact:
    """A letter that came in about a deal, from its client unless told otherwise."""
    return told(session, deal, MailCame(**{"sender": "orla@acme.example", "subject": "Re:", "text": "Thank you."} | values), at=at, actor="system")


def completed(session: Session, deal: Deal, *, at: datetime = MONDAY, to: Work = Work.COMPLETED) -> None:
    """The work is accepted, or handed over besides."""
    deal.work = Work.LAUNCH.value
    for place in (Work.COMPLETED, to):
        move(session, deal, place, why="accepted", fact=None, now=at)
    session.flush()
