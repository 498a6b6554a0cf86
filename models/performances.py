"""Performance counted: from contract, invoices, hours, waits and moves. Kept on the day that a project closes, counted anew ever after."""

from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from models import after_facts, cash, changes, hours, invoices, issued, project_clock, projects
from models.clocks import clocks_of
from models.company import Company
from models.db import serialise
from models.delivery_tables import Performance
from models.money import Money, total
from models.performance import Known, Outcome, PerformanceRow, counted, restated
from models.projects import Stand
from models.tables import Client, Deal, Move
from models.tracks import Cash, Work


def count(session: Session, company: Company, deal: Deal, now: datetime) -> PerformanceRow:
    """A project's figures as they stand now, under way or over. Raises Missing before work has begun."""
    stand, studio = projects.stand(session, deal), company.studio
    begins, today = stand.project.begins_on, company.studio.today(now)
    closed, done, paid = closed_on(session, company, deal), _done_on(session, company, deal), first_paid_on(session, deal)
    client, manager, review = session.get_one(Client, deal.client_id), studio.person(stand.project.manager), after_facts.review_of(session, deal)
    clocks = clocks_of(
        begins, done or today, paid or begins, closed or today, project_clock.spans(session, deal, now), project_clock.calendar(company), now
    )
    known = Known(
        deal=deal.id or 0, round=deal.round, project=stand.plan.title, client=client.company or client.name, service=stand.plan.service,
        service_name=stand.plan.service_name, outcome=_outcome(deal, closed), closed_on=closed, amount=amount_of(session, deal),
        planned=stand.plan.hours, changes=hours_of_changes(stand), clocks=clocks, rounds=sum(stage.rounds for stage in stand.stages),
        manager=manager.name if manager else stand.project.manager, review=review[1].stars if review else None,
    )  # fmt: skip
    return counted(studio, known, hours.of_deal(session, deal.id or 0, deal.round))


def keep(session: Session, company: Company, deal: Deal, now: datetime) -> Performance:
    """The row of a closed project: the one there is, or one counted now. Raises Missing before work has begun."""
    serialise(session, f"performance/{deal.id}/{deal.round}")
    known = find(session, deal)
    if known:
        return known
    row = count(session, company, deal, now)
    day = row.closed_on or company.studio.today(now)
    kept = Performance(deal_id=row.deal, round=row.round, closed_on=day, month=f"{day:%Y-%m}", body=row.model_dump(mode="json"), made_at=now)
    session.add(kept)
    session.flush()
    return kept


def find(session: Session, deal: Deal) -> Performance | None:
    """The row of a deal's round, once it is closed."""
    return session.exec(select(Performance).where(Performance.deal_id == deal.id, Performance.round == deal.round)).first()


def as_kept(kept: Performance) -> PerformanceRow:
    """A project as it was counted when it closed."""
    return PerformanceRow.model_validate(kept.body)


def as_now(session: Session, company: Company, kept: Performance) -> PerformanceRow:
    """A closed project with its hours, money and review as they are known now."""
    deal = _in_round(session.get_one(Deal, kept.deal_id), kept)
    review = after_facts.review_of(session, deal)
    worked = hours.of_deal(session, kept.deal_id, kept.round)
    amount, stars = amount_of(session, deal), review[1].stars if review else None
    return restated(company.studio, as_kept(kept), worked, amount=amount, review=stars)


def _in_round(deal: Deal, kept: Performance) -> Deal:
    """The deal as it stood in the round that was closed, should it have been opened again since. Not a row of the session."""
    if deal.round == kept.round:
        return deal
    before = Deal(**deal.model_dump())
    before.round, before.work = kept.round, Work.CANCELLED.value
    return before


def amount_of(session: Session, deal: Deal) -> Money:
    """What a project brings, net: its invoices less what was credited, and what is still to be invoiced unless it was cancelled.

    Changes taken are payments of the plan; an invoice credited whole and issued anew counts once. Interest and the like stand outside.
    """
    papers = [paper for paper in issued.of_deal(session, deal) if paper.part]
    nets = [invoices.left_of(session, paper).net for paper in papers]
    if deal.work != Work.CANCELLED:
        asked = {paper.part for paper in papers}
        plan = changes.with_changes(session, deal, projects.contract_of(session, deal)).schedule
        nets += [part.net for part in plan if part.part not in asked]
    return total(nets, deal.currency)


def hours_of_changes(stand: Stand) -> Decimal:
    """Hours that the changes taken were estimated at."""
    return sum((Decimal(str(offer.offered.hours)) for offer in stand.changes), Decimal(0))


def first_paid_on(session: Session, deal: Deal) -> date | None:
    """The day on which the first money of a deal's round came in; None before."""
    days = [payment.happened_on for paper in issued.of_deal(session, deal) for payment, _ in cash.received(session, paper)]
    return min(days, default=None)


def closed_on(session: Session, company: Company, deal: Deal) -> date | None:
    """The day on which a project was over: handed over and paid, whichever came last, or cancelled; None while it is not."""
    if deal.work == Work.CANCELLED:
        return _day(company, _moves(session, deal), Work.CANCELLED)
    if deal.work != Work.HANDED_OVER or deal.money != Cash.PAID:
        return None
    return _day(company, _moves(session, deal), Work.HANDED_OVER, Cash.PAID)


def _done_on(session: Session, company: Company, deal: Deal) -> date | None:
    return _day(company, _moves(session, deal), Work.COMPLETED, Work.CANCELLED)


def _day(company: Company, moves: list[Move], *to: Work | Cash) -> date | None:
    days = [company.studio.today(move.at) for move in moves if move.to in to]
    return max(days, default=None)


def _moves(session: Session, deal: Deal) -> list[Move]:
    """The moves of a deal's newest round, oldest first: work that is cancelled and opened again begins anew."""
    every = list(session.exec(select(Move).where(Move.deal_id == deal.id).order_by(col(Move.id))))
    begins = max((place for place, move in enumerate(every) if move.track == "work" and move.to == Work.NONE), default=-1)
    return every[begins + 1 :]


def _outcome(deal: Deal, closed: date | None) -> Outcome:
    if deal.work == Work.CANCELLED:
        return "cancelled"
    return "completed" if closed or deal.work in {Work.COMPLETED, Work.HANDED_OVER} else "under way"
