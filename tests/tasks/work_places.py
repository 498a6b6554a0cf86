"""Deals at each place of the work, with everything behind them: what the project's letters are written about."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session, select

from models import act_state, acts, completion, inbox, projects, training
from models.after_answers import AccessListed, TrainingAnswered
from models.answer import Answer
from models.delivery_answers import (
    ActCodeAsked,
    ActDeemed,
    ActFaults,
    ActSigned,
    ChangeAnswered,
    ChangeOffered,
    FaultsMended,
    LaunchChecked,
    MaterialReviewed,
    StageAnswered,
    StageDeemed,
    StageReady,
    WorkPaused,
)
from models.stages import Stage
from models.tables import Client, Deal, Document
from models.tracks import Work
from tests.aftermath import ACCESSES, a_completed_project, a_review, handed_over
from tests.factories import a_fact, a_proposal, a_wait, told
from tests.fakes import MONDAY
from tests.projecting import a_material, a_project, a_shown_stage, comments
from tests.studio import the_company

WORK_PLACES = (
    "begun", "paused", "at work", "shown", "changes", "beyond", "priced", "change taken", "accepted stage", "deemed stage", "done stage",
    "launching", "act out", "act faulty", "act updated", "act signed", "act deemed", "completed", "booked", "handed over", "next step",
)  # fmt: skip
TEXT, DESIGN, HTML = "text", "design", "html"
"""The first stages of a landing page: the first two are approved by the client, the third is not shown to anybody."""
ENDS = MONDAY + timedelta(days=28)
TOMASZ = "staff:tomasz@northlight.example"


def at_work(session: Session, place: str, **values: Any) -> Deal:
    """A deal at `place` of its work, waiting for whom it waits for there."""
    if place in {"begun", "paused"}:
        deal = _begun(session, place, **values)
    elif place.startswith("act ") or place == "launching":
        deal = _launched(session, place, **values)
    elif place in {"completed", "booked", "handed over"}:
        deal = _completed(session, place, **values)
    elif place == "next step":
        deal = a_project(session, accepted=20, **values)
        a_proposal(session, deal)
    else:
        deal = _producing(session, place, **values)
    session.flush()
    return deal


def _begun(session: Session, place: str, **values: Any) -> Deal:
    """Nothing has come but one material that was sent back, and one that nobody has looked at yet; paused, it is silence that rests."""
    deal = a_project(session, work=Work.MATERIALS, materials=False, **values)
    first, second, *_ = projects.stand(session, deal).materials
    a_material(session, deal, first.slug, decision="reject")
    a_material(session, deal, second.slug, decision="")
    for item in projects.stand(session, deal).materials:
        whose = "client" if item.place == "missing" else "studio"
        _asks(session, deal, MaterialReviewed, Stage.MATERIALS, item.slug, whose=whose, what=item.plan.title)
    if place == "paused":
        told(session, deal, WorkPaused(what="your word on “Design”"), actor="system")
    return deal


def _producing(session: Session, place: str, **values: Any) -> Deal:
    deal = a_project(session, accepted=1 if place in {"at work", "accepted stage"} else 2 if place == "done stage" else 0, **values)
    if place == "done stage":
        a_shown_stage(session, deal, HTML)
    if place in {"at work", "accepted stage", "done stage"}:
        _asks(session, deal, StageReady, Stage.PRODUCTION, DESIGN, whose="studio")
        return deal
    a_shown_stage(session, deal, TEXT)
    if place == "deemed stage":
        told(session, deal, StageDeemed(stage=TEXT, version=1), actor="system")
    if place in {"shown", "deemed stage"}:
        _asks(session, deal, StageAnswered, Stage.PRODUCTION, TEXT)
        return deal
    comments(session, deal, TEXT)
    if place in {"beyond", "priced", "change taken"}:
        a_shown_stage(session, deal, TEXT)
        comments(session, deal, TEXT, text="And two more pages.")
    if place in {"changes", "beyond"}:
        _asks(session, deal, StageReady, Stage.PRODUCTION, TEXT, whose="studio")
        return deal
    offer = told(session, deal, ChangeOffered(stage=TEXT, text="Two more pages", price=Decimal(480), days=2), actor=TOMASZ)
    if place == "priced":
        _asks(session, deal, ChangeAnswered, Stage.PRODUCTION, TEXT)
    else:
        yes = ChangeAnswered(stage=TEXT, offer=offer.id or 0, decision="accept", total=59_040, name="Orla Byrne")
        told(session, deal, yes)
    return deal


def _launched(session: Session, place: str, **values: Any) -> Deal:
    deal = a_project(session, accepted=20, **values)
    deal.work = Work.LAUNCH.value
    if place == "launching":
        _asks(session, deal, LaunchChecked, Stage.LAUNCH, whose="studio")
        return deal
    told(session, deal, LaunchChecked(url="https://acme.example"), actor=TOMASZ)
    acts.publish(session, the_company(), deal, 1, now=MONDAY)
    if place in {"act faulty", "act updated"}:
        told(session, deal, ActFaults(version=1, text="The form arrives nowhere.", name="Orla Byrne"))
        _asks(session, deal, FaultsMended, Stage.LAUNCH, whose="studio")
    if place == "act updated":
        told(session, deal, FaultsMended(note="It arrives."), actor=TOMASZ)
        acts.publish(session, the_company(), deal, 2, now=MONDAY)
    if place == "act out":
        client = session.get_one(Client, deal.client_id)
        asked = ActCodeAsked(version=1, email=client.email, name="Orla Byrne", role="Owner")
        told(session, deal, asked, at=MONDAY + timedelta(minutes=2))  # the code for the contract went out at the same minute
        _asks(session, deal, ActSigned, Stage.LAUNCH)
    if place == "act signed":
        told(session, deal, ActSigned(version=1, name="Orla Byrne", role="Owner"), actor=TOMASZ)
    if place == "act deemed":
        fact = a_fact(session, deal, ActDeemed.kind, noun="act", payload={"version": 1})
        act_state.accept(session, session.exec(select(Document).where(Document.deal_id == deal.id, Document.kind == "act")).one(), fact)
    return deal


def _completed(session: Session, place: str, **values: Any) -> Deal:
    deal = a_completed_project(session, **values)
    if place == "completed":
        _asks(session, deal, TrainingAnswered, Stage.HANDOVER, key="training#1")
        _asks(session, deal, AccessListed, Stage.HANDOVER, whose="studio", key="access#1")
        return deal
    told(session, deal, TrainingAnswered(decision="book", slot=a_slot(deal), name="Fergus Daly"))
    if place == "handed over":
        told(session, deal, ACCESSES, actor=TOMASZ)
        handed_over(session, deal)
        deal.money = "paid"
        completion.follow(session, deal, fact=None, now=MONDAY)
        a_review(session, deal, stars=4, text="A week late, and well done.")
    return deal


def a_slot(deal: Deal) -> datetime:
    """A slot of the training that no other deal has: so many weeks on."""
    return training.slots(the_company(), set(), MONDAY + timedelta(days=7 * (deal.id or 0)))[0].starts_at


def _asks(session: Session, deal: Deal, model: type[Answer], stage: Stage, item: str = "", *, key: str = "", **values: Any) -> None:
    about = inbox.subject_of(deal, model, 0, item)
    a_wait(session, deal, model, stage=stage, subject=about, key=key or f"{item or 'answer'}#1", deadline=ENDS, at=MONDAY, **values)
