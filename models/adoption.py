"""A deal that is taken up on its way to where it stands: what was ordered, and how its past is told."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from sqlmodel import Session

from models import adopted, inbox, tracks
from models.adopted import Newcomer, Past
from models.answer import Answer
from models.company import Company
from models.stages import Stage
from models.tables import Deal, Fact
from models.tracks import Place

ADOPTED = "deal.adopted"
MUTED = "adopted: it belongs to the time before the deal was kept here"
"""Why the effects of stages before the one that a deal is taken up at are left out."""
CAME_BEFORE = "It came before the deal was kept here."


@dataclass(frozen=True)
class Order:
    """What an operator wants taken up, and where; `key` is that of the form's run."""

    stage: Stage
    service: str
    client: Newcomer
    past: Past
    who: str
    reason: str
    key: str


@dataclass
class Way:
    """A deal on its way to where it stands."""

    session: Session
    company: Company
    order: Order
    now: datetime
    deal: Deal
    fact: Fact
    told: list[Fact] = field(default_factory=list)

    def has(self, stage: Stage) -> bool:
        """Whether the deal has come as far as this stage."""
        return adopted.reached(self.order.stage, stage)

    def tell(self, answer: Answer, on: date | None = None) -> Fact:
        """Tell a fact of the past, by the operator, with the day on which it happened."""
        key = f"{self.order.key}/past/{len(self.told) + 1}"
        fact, _ = inbox.tell(
            self.session, self.deal.id or 0, answer, source="operator", external_id=key, actor=f"staff:{self.order.who}", now=self.now,
            happened_at=noon(on) if on else None,
        )  # fmt: skip
        self.told.append(fact)
        return fact

    def move(self, *places: Place) -> None:
        """Move the deal along a track."""
        for place in places:
            tracks.move(self.session, self.deal, place, why="adopted", fact=self.fact, now=self.now)


def noon(day: date) -> datetime:
    """The middle of a day of which nobody knows the hour."""
    return datetime.combine(day, time(12), UTC)
