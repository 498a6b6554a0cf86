"""Deals whose work has begun, as far as a test wants them."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from models import cash, projects
from models.delivery_answers import MaterialReviewed, MaterialSent, StageAnswered, StageReady
from models.project_plan import ProjectPlan
from models.tables import Deal
from models.tracks import Sales, Work
from tests.factories import a_payment, a_signed_deal, an_invoice, told
from tests.fakes import MONDAY
from tests.remembered import remembered
from tests.studio import the_company


@remembered
def a_won_deal(session: Session, *, at: datetime = MONDAY, **values: Any) -> Deal:
    """A deal whose first money is in: work may begin."""
    deal = a_signed_deal(session, at=at, **values)
    a_payment(session, an_invoice(session, deal, at=at), at=at)
    cash.settle(session, deal, why="the deposit is in", fact=None, now=at)
    deal.sales, deal.work = Sales.WON.value, Work.KICKOFF.value
    session.flush()
    return deal


@remembered
def a_project(session: Session, *, work: Work = Work.PRODUCTION, accepted: int = 0, materials: bool = True, at: datetime = MONDAY, **values: Any) -> Deal:
    """A deal with a project, its work where `work` says; so many stages are accepted, and the materials are there unless told otherwise."""
    deal = a_won_deal(session, at=at, **values)
    projects.open_project(session, the_company(), deal, begins_on=at.date(), now=at)
    deal.work = (Work.MATERIALS if work == Work.KICKOFF else Work.PRODUCTION).value if work != Work.MATERIALS else work.value
    session.flush()
    for item in plan_of(session, deal).materials if materials else []:
        a_material(session, deal, item.slug, at=at)
    for stage in plan_of(session, deal).production[:accepted]:
        an_accepted_stage(session, deal, stage.slug, at=at)
    deal.work = work.value
    session.flush()
    return deal


def plan_of(session: Session, deal: Deal) -> ProjectPlan:
    """The plan of a deal's project."""
    return projects.stand(session, deal).plan


def a_material(session: Session, deal: Deal, slug: str, *, at: datetime = MONDAY, decision: str = "accept") -> None:
    """A material that came; decision "" leaves it to be looked at."""
    told(session, deal, MaterialSent(item=slug, text="Here it is."), at=at)
    if decision:
        told(session, deal, MaterialReviewed(item=slug, decision=decision, reason="Too small." if decision == "reject" else ""), at=at, actor="staff:t")


def a_shown_stage(session: Session, deal: Deal, slug: str, *, at: datetime = MONDAY) -> int:
    """A stage that the client may look at; which showing it is."""
    told(session, deal, StageReady(stage=slug, url="https://test.example/x", note="Please look."), at=at, actor="staff:t")
    return projects.stand(session, deal).stage(slug).version


def an_accepted_stage(session: Session, deal: Deal, slug: str, *, at: datetime = MONDAY) -> None:
    """A stage that was shown and approved."""
    version = a_shown_stage(session, deal, slug, at=at)
    if projects.stand(session, deal).stage(slug).place == "shown":
        told(session, deal, StageAnswered(stage=slug, version=version, decision="approve", name="Orla Byrne"), at=at)


def comments(session: Session, deal: Deal, slug: str, *, at: datetime = MONDAY, text: str = "The logo is too small.") -> None:
    """The client's list of changes on a stage as it is shown."""
    version = projects.stand(session, deal).stage(slug).version
    told(session, deal, StageAnswered(stage=slug, version=version, decision="comment", text=text, name="Orla Byrne"), at=at)
