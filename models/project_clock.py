"""A project's clock, read from its waits: when the client was waited for, and the day that is promised now.

A wait's row is the fact: opened when we asked, closed when they answered. While only the checklist is open, before production, it holds
the work; once production runs a material is waited for only where a stage cannot begin without it (that stage waits itself).
"""

from datetime import date, datetime

from sqlmodel import Session, col, select

from models import clocks, facts, projects
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
    begun, found = _production_began(session, deal), []
    rows = list(session.exec(mine.order_by(col(Wait.id))))
    for wait in rows:
        before = wait.subject.rpartition("/materials/")[2] if wait.stage == Stage.PRODUCTION and "/materials/" in wait.subject else ""
        found += _lacking(session, deal, wait, rows, before) if before else _own(session, wait, begun)
    return found


def _lacking(session: Session, deal: Deal, held: Wait, rows: list[Wait], before: str) -> list[Span]:
    """A stage that lacks materials waits for the client only while one of them is missing: what was sent is ours to look at."""
    items = {facts.subject(deal.id or 0, deal.round, f"material/{one.slug}") for one in projects.stand(session, deal).needed_for(before)}
    end = _ended(session, held)
    spans = []
    for row in rows:
        if row.stage != Stage.MATERIALS or row.subject not in items:
            continue
        asked, answered = max(row.opened_at, held.opened_at), _ended(session, row)
        until = min((one for one in (answered, end) if one), default=None)
        if until is None or until > asked:
            spans.append(Span(asked, until, row.what))
    return spans


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


def _own(session: Session, wait: Wait, begun: datetime | None) -> list[Span]:
    answered = _ended(session, wait)
    if wait.stage == Stage.MATERIALS and begun:
        if wait.opened_at >= begun:
            return []
        answered = min(answered or begun, begun)
    return [Span(wait.opened_at, answered, wait.what)]


def _ended(session: Session, wait: Wait) -> datetime | None:
    """When a question was answered: at the moment the answer was known, not when the run went on."""
    fact = session.get(Fact, wait.fact_id) if wait.fact_id else None
    return max(fact.known_at, wait.opened_at) if fact else wait.closed_at


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
