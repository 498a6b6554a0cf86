"""A project's clock, read from its waits: when the client was waited for, and the day that is promised now.

A wait's row is the fact: opened when we asked, closed when they answered. While only the checklist is open, before production, it holds
the work; once production runs a material is waited for only where a stage cannot begin without it (that stage waits itself).
"""

from datetime import date, datetime

from sqlmodel import Session, col, select

from models import clocks, projects
from models.clocks import PromisedDay, Span, WorkCalendar
from models.company import Company
from models.stages import Stage
from models.tables import Deal, Fact, Move, Wait
from models.tracks import Work

STAGES = (Stage.MATERIALS.value, Stage.PRODUCTION.value, Stage.LAUNCH.value)


def calendar(company: Company) -> WorkCalendar:
    """When the studio works."""
    studio = company.studio
    return WorkCalendar(zone=studio.zone, country=studio.holidays, hours=studio.office)


def spans(session: Session, deal: Deal, now: datetime) -> list[Span]:
    """The times in which a deal's project waited for the client in its round, in the order asked; an open one has no end."""
    mine = select(Wait).where(
        Wait.deal_id == deal.id, Wait.round == deal.round, Wait.whose == "client", col(Wait.stage).in_(STAGES), Wait.opened_at <= now
    )
    begun = _production_began(session, deal)
    return [span for wait in session.exec(mine.order_by(col(Wait.id))) if (span := _span(session, wait, begun))]


def promise(session: Session, company: Company, deal: Deal, now: datetime) -> PromisedDay:
    """The day promised now, and why it moved. Raises Missing before work has begun."""
    stand = projects.stand(session, deal)
    return clocks.promise_of(stand.plan.begins_on, stand.days, spans(session, deal, now), calendar(company), now)


def ready_on(session: Session, company: Company, deal: Deal, slug: str, now: datetime) -> date:
    """When a stage should be ready: its planned end, moved by the days lost to waiting and by what was granted since."""
    stand = projects.stand(session, deal)
    names = [stage.slug for stage in stand.plan.stages]
    days = sum(stage.days for stage in stand.plan.stages[: names.index(slug) + 1]) + stand.days - stand.plan.days
    return clocks.promised(stand.plan.begins_on, days, spans(session, deal, now), calendar(company), now)


def _span(session: Session, wait: Wait, begun: datetime | None) -> Span | None:
    fact = session.get(Fact, wait.fact_id) if wait.fact_id else None
    answered = max(fact.known_at, wait.opened_at) if fact else wait.closed_at
    if wait.stage == Stage.MATERIALS and begun:
        if wait.opened_at >= begun:
            return None
        answered = min(answered or begun, begun)
    return Span(wait.opened_at, answered, wait.what)


def _production_began(session: Session, deal: Deal) -> datetime | None:
    """When the work first came to production in the deal's newest round."""
    moves = select(Move).where(Move.deal_id == deal.id, Move.track == "work").order_by(col(Move.id))
    found: datetime | None = None
    for move in session.exec(moves):
        if move.to == Work.NONE:
            found = None
        elif move.to == Work.PRODUCTION and found is None:
            found = move.at
    return found
