"""Deals whose work is done, as far as a test wants them."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from models import acts, completion, tracks
from models.after_answers import Access, AccessListed, HandedOver, ReviewGiven, ReviewReplied, ReviewWithdrawn
from models.delivery_answers import ActSigned, LaunchChecked
from models.tables import Deal, Fact
from models.tracks import Cash, Sales, Work
from tests.factories import a_deal, told
from tests.fakes import MONDAY
from tests.projecting import a_project
from tests.remembered import remembered
from tests.studio import the_company

ACCESSES = AccessListed(items=[Access(what="Domain", where="registrar.example, account AC_17", held_by="Orla Byrne"), Access(what="Hosting")])


def a_paid_deal(session: Session, *, work: Work = Work.COMPLETED, at: datetime = MONDAY, **values: Any) -> Deal:
    """A deal that is completed and paid, with nothing behind it: its review is wanted."""
    deal = a_deal(session, **{"sales": Sales.WON, "work": work.value, "money": Cash.PAID.value} | values)
    completion.follow(session, deal, fact=None, now=at)
    session.flush()
    return deal


@remembered
def a_completed_project(session: Session, *, at: datetime = MONDAY, url: str = "https://acme.example", **values: Any) -> Deal:
    """A project whose stages are accepted and which is launched; its work is completed."""
    deal = a_project(session, at=at, accepted=20, **values)
    deal.work = Work.LAUNCH.value
    launched = told(session, deal, LaunchChecked(url=url, note="Both languages."), at=at, actor="staff:tomasz@northlight.example")
    tracks.move(session, deal, Work.COMPLETED, why="the act is signed", fact=launched, now=at)
    session.flush()
    return deal


def handed_over(session: Session, deal: Deal, *, at: datetime = MONDAY) -> Deal:
    """The deal, handed over to support."""
    fact = told(session, deal, HandedOver(ticket="7"), at=at, actor="system")
    tracks.move(session, deal, Work.HANDED_OVER, why="ticket 7", fact=fact, now=at)
    session.flush()
    return deal


@remembered
def a_handed_over_project(session: Session, *, at: datetime = MONDAY, **values: Any) -> Deal:
    """A project with everything behind it, its act signed, that is support's for good."""
    deal = a_project(session, at=at, accepted=20, **values)
    deal.work = Work.LAUNCH.value
    told(session, deal, LaunchChecked(url="https://acme.example"), at=at, actor="staff:tomasz@northlight.example")
    acts.publish(session, the_company(), deal, 1, now=at)
    signed = told(session, deal, ActSigned(version=1, name="Orla Byrne", role="Owner"), at=at, actor="staff:tomasz@northlight.example")
    tracks.move(session, deal, Work.COMPLETED, why="the act is signed", fact=signed, now=at)
    return handed_over(session, deal, at=at)


def a_review(session: Session, deal: Deal, *, at: datetime = MONDAY, reply: str = "", withdrawn: bool = False, **values: Any) -> Fact:
    """A client's review of a deal, five stars and published unless told otherwise."""
    said = ReviewGiven(**{"stars": 5, "text": "Quick and kind.", "publish": True, "name": "Orla Byrne", "company": "Acme"} | values)
    fact = told(session, deal, said, at=at)
    if reply:
        told(session, deal, ReviewReplied(text=reply), at=at, actor="staff:aoife@northlight.example")
    if withdrawn:
        told(session, deal, ReviewWithdrawn(), at=at)
    return fact
