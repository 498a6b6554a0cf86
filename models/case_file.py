"""The case file: all that support has to know about a project, as Markdown that reads well as plain text.

It goes to the support desk, so it holds neither secrets nor anything that opens a client's page: links are those for staff.
"""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date
from sqlmodel import Session, col, func, select

from models import projects, training
from models.after_answers import AccessListed
from models.company import Company
from models.delivery_answers import ActDeemed, ActSigned, LaunchChecked, StageReady
from models.delivery_tables import TimeEntry
from models.markdown import plain
from models.message import one_line
from models.projects import Stand
from models.stage_state import MaterialStand, StageStand
from models.studio import Staff
from models.tables import Client, Deal, Fact, Move
from models.tracks import Work

DOCUMENTS = {"contract": "Contract", "act": "Act of acceptance", "proposal": "Proposal", "project": "Project page"}
"""What support may open, by the name of its link."""


@dataclass(frozen=True)
class _Case:
    """What the sections are written from. `links` are whole addresses of pages for staff, by name."""

    session: Session
    company: Company
    deal: Deal
    client: Client
    stand: Stand
    links: Mapping[str, str]

    def day(self, when: date | datetime) -> str:
        """A day where the studio is, in its own language."""
        local = when.astimezone(ZoneInfo(self.company.studio.zone)).date() if isinstance(when, datetime) else when
        return format_date(local, "long", locale=self.company.studio.locale)

    def newest(self, *kinds: str) -> Fact | None:
        """The newest of the project's facts of these kinds."""
        return next((fact for fact in reversed(self.stand.facts) if fact.kind in kinds), None)


def case_file(session: Session, company: Company, deal: Deal, links: Mapping[str, str]) -> str:
    """Everything about a deal's project, newest state; the same rows give the same text. Raises Missing before work has begun."""
    case = _Case(session, company, deal, session.get_one(Client, deal.client_id), projects.stand(session, deal), links)
    sections = {
        "Client": _client(case), "People": _people(case), "Where it runs": _places(case), "Warranty": _warranty(case), "Training": _training(case),
        "Accesses": _accesses(case), "Stages": (_stage(case, stage) for stage in case.stand.stages), "Changes paid for": _changes(case),
        "Materials": (_material(item) for item in case.stand.materials), "Hours": _hours(case), "Documents, for staff": _documents(case),
    }  # fmt: skip
    told = {title: [f"- {line}" for line in lines if line] for title, lines in sections.items()}
    head = f"# {plain(case.stand.plan.title)} (deal {deal.id})"
    return "\n\n".join([head, *("\n".join([f"## {title}", "", *lines]) for title, lines in told.items() if lines)]) + "\n"


def add_months(day: date, count: int) -> date:
    """The same day `count` months later, the month's last where it has none of that number."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def completed_on(session: Session, company: Company, deal: Deal) -> date | None:
    """The day on which the work of a deal was completed, where the studio is; None before that."""
    moves = select(Move).where(Move.deal_id == deal.id, Move.track == "work", Move.to == Work.COMPLETED.value).order_by(col(Move.id).desc())
    done = session.exec(moves).first()
    return company.studio.today(done.at) if done else None


def warranty_until(session: Session, company: Company, deal: Deal) -> date | None:
    """The last day of the warranty, counted from acceptance as the contract says; None where it names no months."""
    months, done = projects.contract_of(session, deal).terms.warranty_months, completed_on(session, company, deal)
    return add_months(done, months) if months and done else None


def _client(case: _Case) -> Iterator[str]:
    client, buyer = case.client, projects.contract_of(case.session, case.deal).buyer
    yield ", ".join(plain(part) for part in (client.name, client.company) if part)
    yield ", ".join(one_line(part) for part in (client.email, client.phone) if part)
    yield f"Contracting party: {', '.join(plain(part) for part in (buyer.name, *buyer.address) if part)}"
    yield f"Writes in {one_line(case.deal.locale)}" if case.deal.locale else ""
    yield f"Letters to this address come back: {plain(client.bounce_said)}" if client.bounced_at else ""


def _people(case: _Case) -> Iterator[str]:
    studio, deal = case.company.studio, case.deal
    support = next(iter(studio.with_role("support", deal.service) or studio.with_role("support")), None)
    yield _person("Support, whom the client writes to from now on", support)
    yield _person("Led the project; off it now", studio.person(case.stand.project.manager))
    yield _person("Money and further work", studio.person(deal.salesperson))


def _person(what: str, person: Staff | None) -> str:
    return f"{what}: {person.name}, {person.email}, {person.phone}" if person else ""


def _places(case: _Case) -> Iterator[str]:
    launched = case.newest(LaunchChecked.kind)
    shown = [fact.payload.get("url", "") for fact in case.stand.facts if fact.kind in {StageReady.kind, LaunchChecked.kind}]
    yield next((one_line(url) for url in reversed(shown) if url), "")
    yield plain(launched.payload.get("note", ""), 1000) if launched else ""
    yield f"Tracker: {case.stand.project.tracker_url}" if case.stand.project.tracker_url else ""


def _warranty(case: _Case) -> Iterator[str]:
    until, done = warranty_until(case.session, case.company, case.deal), completed_on(case.session, case.company, case.deal)
    yield f"Completed on {case.day(done)}" if done else ""
    yield f"Warranty until {case.day(until)}" if until else "Warranty: as the contract says"


def _training(case: _Case) -> Iterator[str]:
    booked, said = training.booking(case.session, case.deal), training.answered(case.session, case.deal)
    studio = case.company.studio
    if booked:
        yield f"Booked: {training.in_words(booked.starts_at, studio.zone, studio.locale)}"
    else:
        yield "The client wants none" if said else "Offered; the client has not answered and may still ask"


def _accesses(case: _Case) -> Iterator[str]:
    listed = case.newest(AccessListed.kind)
    items = AccessListed.model_validate(listed.payload).items if listed else []
    for one in items:
        rest = ", ".join(filter(None, (one_line(one.where), f"held by {one_line(one.held_by)}" if one.held_by else "")))
        yield f"{one_line(one.what)}: {rest}" if rest else one_line(one.what)


def _stage(case: _Case, stage: StageStand) -> str:
    done = f"accepted {case.day(stage.accepted_at)}{' by silence' if stage.is_deemed else ''}" if stage.accepted_at else "not accepted"
    rounds = f", {stage.rounds} {'round' if stage.rounds == 1 else 'rounds'} of changes" if stage.rounds else ""
    return f"{plain(stage.plan.title)}: {done}{rounds}"


def _changes(case: _Case) -> Iterator[str]:
    for offer in case.stand.changes:
        price = f"{offer.offered.price} {case.deal.currency} net"
        yield f"{plain(offer.offered.text)} ({price}{f', {case.day(offer.at)}' if offer.at else ''})"


def _material(item: MaterialStand) -> str:
    sent = item.sent if item.place == "accepted" else None
    files = len(sent.uploads) if sent else 0
    told = {f"{files} {'file' if files == 1 else 'files'}": files, "a link": sent and sent.link, "words": sent and sent.text}
    parts = ", ".join(name for name, is_there in told.items() if is_there)
    return f"{plain(item.plan.title)}: {item.place}{f' ({parts})' if parts else ''}"


def _hours(case: _Case) -> Iterator[str]:
    mine = (TimeEntry.deal_id == case.deal.id, TimeEntry.round == case.deal.round, col(TimeEntry.deleted_at).is_(None))
    rows = case.session.exec(select(TimeEntry.role, func.sum(TimeEntry.minutes)).where(*mine).group_by(TimeEntry.role).order_by(TimeEntry.role))
    for role, minutes in rows:
        yield f"{plain(case.company.role_title(role)) if role else 'Others'}: {int(minutes) // 60}:{int(minutes) % 60:02} h"


def _documents(case: _Case) -> Iterator[str]:
    yield from (f"{title}: {case.links[name]}" for name, title in DOCUMENTS.items() if case.links.get(name))
    accepted = case.newest(ActSigned.kind, ActDeemed.kind)
    if accepted:
        who = f"signed by {plain(accepted.payload['name'])}" if accepted.kind == ActSigned.kind else "accepted by silence"
        yield f"Act of acceptance: {who}, {case.day(accepted.happened_at)}"
