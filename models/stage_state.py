"""Where a production stage and a material stand: folded from their facts, in the order in which they came. Pure.

    working ──ready──▶ shown ──approve──▶ accepted            missing ──sent──▶ sent ──accept──▶ accepted
                        │ ▲ ready                                ▲               │ reject        waived
                comment ▼ │                                      └───────────────┘
                     changes ◀──accept── priced ──decline, lapse──▶ shown
                     beyond ──offered──▶ priced                (beyond: the included rounds are used)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.answers import read
from models.delivery_answers import ChangeAnswered, ChangeOffered, MaterialReviewed, MaterialSent, StageAnswered, StageDeemed, StageReady
from models.project_plan import MaterialPlan, StagePlan
from models.tables import Fact

Place = Literal["working", "shown", "changes", "beyond", "priced", "accepted"]
MaterialPlace = Literal["missing", "sent", "accepted", "waived"]


@dataclass(frozen=True)
class Offer:
    """What a change costs: the fact that offered it (`number`), its words, and whether the client took it."""

    number: int
    stage: str
    offered: ChangeOffered
    taken: bool = False
    at: datetime | None = None


@dataclass
class StageStand:
    """A stage as it stands. `version` counts showings, `rounds` the changes asked for that count, `bought` the further ones paid for.

    `moved_by` is the kind of the fact that brought it where it stands, `moved_fact` its number.
    """

    plan: StagePlan
    place: Place = "working"
    version: int = 0
    rounds: int = 0
    bought: int = 0
    url: str = ""
    note: str = ""
    comments: str = ""
    offers: tuple[Offer, ...] = ()
    accepted_at: datetime | None = None
    is_deemed: bool = False
    moved_by: str = ""
    moved_fact: int = 0
    changed_at: datetime | None = None

    @property
    def slug(self) -> str:
        """The stage's name."""
        return self.plan.slug

    @property
    def rounds_left(self) -> int:
        """Rounds of changes that are still included."""
        return max(0, self.plan.rounds + self.bought - self.rounds)

    @property
    def offer(self) -> Offer | None:
        """The change whose price the client is asked about, or was asked about last."""
        return self.offers[-1] if self.offers else None


@dataclass
class MaterialStand:
    """A material as it stands. `asked` counts how often it was asked for, from 1; `reason` is why it was sent back last."""

    plan: MaterialPlan
    place: MaterialPlace = "missing"
    asked: int = 1
    reason: str = ""
    sent: MaterialSent | None = None
    sent_fact: int = 0
    changed_at: datetime | None = None

    @property
    def slug(self) -> str:
        """The item's name."""
        return self.plan.slug

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is asked about it."""
        return self.place in {"accepted", "waived"}


def stage_stand(plan: StagePlan, told: Sequence[Fact]) -> StageStand:
    """A stage folded from the facts about it, oldest first. What does not fit where it stands changes nothing."""
    stand = StageStand(plan)
    for fact in told:
        if stand.place == "accepted":
            break
        _tell_stage(stand, fact, read(fact.kind, fact.payload))
    return stand


def _tell_stage(stand: StageStand, fact: Fact, said: object) -> None:
    was = stand.place
    match said:
        case StageReady() if stand.place != "priced":
            stand.version, stand.url, stand.note = stand.version + 1, said.url or stand.url, said.note
            stand.place = "shown" if stand.plan.approval else "accepted"
        case StageAnswered(decision="approve") | StageDeemed() if stand.place == "shown" and said.version == stand.version:
            stand.place, stand.is_deemed = "accepted", isinstance(said, StageDeemed)
        case StageAnswered(decision="comment") if stand.place == "shown" and said.version == stand.version:
            stand.rounds, stand.comments = stand.rounds + 1, said.text
            stand.place = "changes" if stand.rounds <= stand.plan.rounds + stand.bought else "beyond"
        case ChangeOffered() if stand.place in {"changes", "beyond"}:
            stand.place, stand.offers = "priced", (*stand.offers, Offer(fact.id or 0, stand.slug, said))
        case ChangeAnswered() if stand.place == "priced" and stand.offer and said.offer == stand.offer.number:
            _answer_offer(stand, fact, said)
    if stand.place != was or isinstance(said, StageReady):
        stand.changed_at, stand.moved_by, stand.moved_fact = fact.known_at, fact.kind, fact.id or 0
    if stand.place == "accepted":
        stand.accepted_at = fact.happened_at


def _answer_offer(stand: StageStand, fact: Fact, said: ChangeAnswered) -> None:
    """Taken: the change is made, and its round does not count. Declined: the stage is asked about as it was shown."""
    *before, last = stand.offers
    if said.decision == "accept":
        taken = Offer(last.number, last.stage, last.offered, taken=True, at=fact.known_at)
        stand.offers, stand.bought, stand.place = (*before, taken), stand.bought + 1, "changes"
    else:
        stand.place, stand.rounds = "shown", stand.rounds - 1


def material_stand(plan: MaterialPlan, told: Sequence[Fact]) -> MaterialStand:
    """A material folded from the facts about it, oldest first."""
    stand = MaterialStand(plan)
    for fact in told:
        said = read(fact.kind, fact.payload)
        was = stand.place
        match said:
            case MaterialSent() if not stand.is_settled:
                stand.place, stand.sent, stand.sent_fact = "sent", said, fact.id or 0
            case MaterialReviewed(decision="waive") if not stand.is_settled:
                stand.place = "waived"
            case MaterialReviewed(decision="accept") if stand.place == "sent":
                stand.place = "accepted"
            case MaterialReviewed(decision="reject") if stand.place == "sent":
                stand.place, stand.reason, stand.asked = "missing", said.reason, stand.asked + 1
        if stand.place != was or isinstance(said, MaterialSent):
            stand.changed_at = fact.known_at
    return stand
