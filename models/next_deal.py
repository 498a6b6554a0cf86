"""The deal of what comes next: opened once for a client whose work is completed, its brief filled in, its estimate wanted.

    deal 42, completed ──▶ next-step.offered ──▶ deal 57: received ▶ briefing ▶ estimating ──▶ estimate, proposal, letter
"""

from datetime import datetime

from sqlmodel import Session, select

from models import briefs, course_state, documents, facts, inbox, intake, next_offer, projects, tracks, wanted
from models.after_answers import NextStepOffered
from models.company import Company
from models.delivery_answers import LaunchChecked
from models.errors import Refused
from models.next_offer import Built, Offered
from models.setup import Answers
from models.stages import Stage
from models.tables import Brief, Client, Deal, Fact
from models.tracks import Sales, move

CHANNEL = "next-step"
"""The channel in the source of a deal that was opened so; `from_deal` is the number of the one before."""


def offer(session: Session, company: Company, deal: Deal, *, now: datetime) -> int:
    """Open the deal of what comes after a completed one; return its number, 0 where nothing is offered: the fact says why. Once a round.

    Nothing is offered where nothing follows or can be counted, to who has an open deal for it, wants no letters at all, or cannot be
    written to. Raises Refused before the work is completed.
    """
    key = course_state.offer_key(deal)
    known = facts.find(session, "system", key)
    if known:
        return int(known.payload["deal"])
    if deal.work not in course_state.AFTER:
        raise Refused(f"The work of deal {deal.id} is {deal.work.replace('_', ' ')}; what comes next is offered when it is completed.")
    client = session.get_one(Client, deal.client_id)
    offered, why = None, _unwanted(client)
    if not why:
        offered, why = next_offer.choose(company, built(session, deal, company, now), briefs.known(deal, client), _open_services(session, deal))
    made = _open(session, company, deal, offered, now) if offered else None
    told = NextStepOffered(deal=made.id if made and made.id else 0, service=offered.service if offered else "", reason=why)
    fact, _ = inbox.tell(session, deal.id or 0, told, source="system", external_id=key, actor="system", now=now)
    if made and offered:
        _fill_in(session, made, offered.answers, fact, now)
        wanted.want(session, Stage.ESTIMATE, deal=made, fact=fact, now=now)
    return told.deal


def built(session: Session, deal: Deal, company: Company, now: datetime) -> Built:
    """What a deal delivered, as its estimate and its launch tell it."""
    about = inbox.subject_of(deal, LaunchChecked)
    launched = [fact for fact in facts.of_deal(session, deal.id or 0, LaunchChecked.kind) if fact.subject == about]
    return Built(
        service=deal.service, answers=projects.estimate_of(session, deal).inputs.answers, url=str(launched[-1].payload["url"]) if launched else "",
        finished_on=company.studio.today(now), locale=deal.locale or company.studio.locale,
    )  # fmt: skip


def before(session: Session, deal: Deal) -> Deal | None:
    """The deal that one was opened after; None for one that came by itself."""
    number = str(deal.source.get("from_deal", "")) if deal.source.get("channel") == CHANNEL else ""
    return session.get(Deal, int(number)) if number.isdigit() else None


def note(session: Session, company: Company, deal: Deal) -> str:
    """The words with which a deal is offered as a next step, in its first round; "" for every other."""
    was = before(session, deal) if deal.round == 1 else None
    return next_offer.note_of(company, was.service, deal.service) if was else ""


def texts(session: Session, company: Company, deal: Deal, answers: Answers) -> dict[str, str]:
    """How the first proposal of a next step begins, since nobody filled in its brief; empty for every other deal."""
    was = before(session, deal)
    if was is None:
        return {}
    client, seller = session.get_one(Client, deal.client_id), company.studio.person(deal.salesperson)
    signs = seller.name if seller else company.studio.name
    words = {"client_name": client.name, "client_company": client.company or client.name, "salesperson": signs}
    return next_offer.texts_of(company, was.service, deal.service, answers, words, deal.locale or company.studio.locale)


def _unwanted(client: Client) -> str:
    """Why nothing is offered to a client; "" when something may be."""
    if client.bounced_at:
        return f"Letters to {client.email} come back."
    if client.course_off_at and client.reminders_off_at:
        return "The client wants no letters beyond what the work needs."
    return ""


def _open_services(session: Session, deal: Deal) -> set[str]:
    """The services that a client has another open deal for, sold or not."""
    others = session.exec(select(Deal).where(Deal.client_id == deal.client_id, Deal.id != deal.id))
    return {other.service for other in others if tracks.is_open(other)}


def _open(session: Session, company: Company, deal: Deal, offered: Offered, now: datetime) -> Deal:
    """The new deal, with the salesperson whom the client knows; whoever has room where that one has left."""
    seller = company.studio.person(deal.salesperson)
    if seller is None:
        load, last = intake.loads(session)
        seller = intake.choose(company.studio.people, offered.service, deal.locale.split("_")[0], load, last)
    made = Deal(
        client_id=deal.client_id, service=offered.service, currency=deal.currency, locale=deal.locale, opened_at=now,
        salesperson=(seller or company.studio.people[0]).email, source={"channel": CHANNEL, "from_deal": str(deal.id)},
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _fill_in(session: Session, deal: Deal, answers: Answers, fact: Fact, now: datetime) -> None:
    """The brief as a version of ours, and the deal where its estimate begins."""
    session.add(Brief(deal_id=deal.id or 0, answers=dict(answers), revision=1, saved_at=now, sent_at=now))
    documents.add_version(session, deal, "brief", {"answers": dict(answers)}, made_by="system", now=now)
    move(session, deal, Sales.BRIEFING, why="offered when the work before it was completed", fact=fact, now=now)
    move(session, deal, Sales.ESTIMATING, why="its brief follows from what was built", fact=fact, now=now)
