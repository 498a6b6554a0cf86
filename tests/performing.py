"""Projects that are over, with hours on them, as far as a test of figures wants them."""

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session

from models import cash, inbox, performances, projects
from models.cash_answers import WorkCancelled
from models.delivery_tables import Performance, TimeEntry
from models.tables import Deal
from models.tracks import Work, move
from tests.factories import a_payment, an_invoice
from tests.fakes import MONDAY
from tests.projecting import a_project
from tests.remembered import remembered
from tests.studio import the_company

TODAY = MONDAY.date()
_numbers = count(1)


def hours_on(session: Session, deal: Deal, person: str, minutes: int, *, on: date = TODAY, source: str = "embedded", **values: Any) -> TimeEntry:
    """Minutes that somebody worked on a deal."""
    defaults = {"external_id": f"test/{next(_numbers)}", "round": deal.round, "role": "", "seen_at": MONDAY, "changed_at": MONDAY}
    entry = TimeEntry(**{"source": source, "deal_id": deal.id, "person": person, "worked_on": on, "minutes": minutes} | defaults | values)
    session.add(entry)
    session.flush()
    return entry


@remembered
def a_finished_project(session: Session, *, at: datetime = MONDAY, days: int = 20, **values: Any) -> Deal:
    """A project that began at a moment, was completed and paid so many days later, and handed over the day after."""
    deal = a_project(session, at=at, accepted=99, **values)
    done = at + timedelta(days=days)
    move(session, deal, Work.LAUNCH, why="all accepted", fact=None, now=done)
    move(session, deal, Work.COMPLETED, why="signed", fact=None, now=done)
    for part in range(2, len(cash.agreed(session, deal).schedule) + 1):
        a_payment(session, an_invoice(session, deal, part=part, at=done), at=done)
    cash.settle(session, deal, why="paid", fact=None, now=done)
    move(session, deal, Work.HANDED_OVER, why="handed over", fact=None, now=done + timedelta(days=1))
    session.flush()
    return deal


@remembered
def a_closed_project(session: Session, *, at: datetime = MONDAY, days: int = 20, **values: Any) -> Performance:
    """A finished project with eight hours of the designer's on it, and its row."""
    deal = a_finished_project(session, at=at, days=days, **values)
    hours_on(session, deal, "Hanna Lindqvist", 480, on=at.date())
    return performances.keep(session, the_company(), deal, at + timedelta(days=days + 1))


def cancelled(session: Session, deal: Deal, *, at: datetime) -> None:
    """The deal's work, ended before it was done; the money is another matter."""
    answer = WorkCancelled(reason="The client was bought by another firm.")
    fact, _ = inbox.tell(session, deal.id or 0, answer, source="operator", external_id=f"cancel-{next(_numbers)}", actor="staff:x", now=at)
    move(session, deal, Work.CANCELLED, why="cancelled", fact=fact, now=at)
    session.flush()


def title_of(session: Session, deal: Deal) -> str:
    """What the project is called."""
    return projects.stand(session, deal).plan.title
