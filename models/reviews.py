"""Reviews: those that may be published, counted without looking at their stars; and the referral of a client who passes us on."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from sqlmodel import Session, col, select

from models import facts, links
from models.after_answers import ReviewGiven, ReviewReplied, ReviewWithdrawn
from models.errors import Missing
from models.tables import Deal, Fact

KINDS = (ReviewGiven.kind, ReviewReplied.kind, ReviewWithdrawn.kind)
STARS = (1, 2, 3, 4, 5)
REFER = "refer"


@dataclass(frozen=True)
class Review:
    """A review as it stands now: the client's words, the studio's newest reply, whether the permission was taken back.

    `number` is the fact's; later reviews have higher ones. `service` is a slug.
    """

    number: int
    service: str
    said: ReviewGiven
    given_at: datetime
    reply: str = ""
    is_withdrawn: bool = False

    @property
    def is_public(self) -> bool:
        """Whether everybody may read it: the client allows it, and nothing else is asked."""
        return self.said.publish and not self.is_withdrawn


@dataclass(frozen=True)
class Summary:
    """All published reviews in figures: how many in all and with how many stars, and how many more were given for the studio alone."""

    by_stars: dict[int, int]
    private: int

    @property
    def count(self) -> int:
        """How many are published."""
        return sum(self.by_stars.values())

    @property
    def average(self) -> Decimal | None:
        """Stars on average, to one decimal, half up; None without a review."""
        if not self.count:
            return None
        stars = sum(stars * many for stars, many in self.by_stars.items())
        return (Decimal(stars) / self.count).quantize(Decimal("0.1"), ROUND_HALF_UP)


def published(session: Session) -> tuple[list[Review], Summary]:
    """The reviews that everybody may read, the newest first, and all of them in figures."""
    everything = [review for _, review in _by_subject(session)]
    public = [review for review in everything if review.is_public]
    counted = Counter(review.said.stars for review in public)
    return public[::-1], Summary({stars: counted[stars] for stars in STARS}, len(everything) - len(public))


def page(reviews: list[Review], *, before: int = 0, size: int) -> tuple[list[Review], int]:
    """So many reviews below number `before` (0: from the newest), and the number to go on from; 0 on the last page."""
    rest = [review for review in reviews if not before or review.number < before]
    shown = rest[:size]
    return shown, shown[-1].number if len(rest) > size else 0


def of_deal(session: Session, deal: Deal) -> Review | None:
    """The review of a deal's round."""
    about = facts.subject(deal.id or 0, deal.round, "review")
    return next((review for subject, review in _by_subject(session, deal.id) if subject == about), None)


def source_of(session: Session, token: str) -> dict[str, str]:
    """Where an application comes from that carries this token of a referral; {} for one that was never given out, or was revoked."""
    try:
        found = links.find(session, token, REFER)
    except Missing:
        return {}
    return {"channel": "referral", "referred_by": f"deal {found.link.deal_id}"} if found.current else {}


def _by_subject(session: Session, deal_id: int | None = None) -> list[tuple[str, Review]]:
    """Each review by its subject, in the order in which they were given."""
    told = select(Fact, Deal.service).join(Deal, col(Deal.id) == Fact.deal_id).where(col(Fact.kind).in_(KINDS))
    mine = told.where(Fact.deal_id == deal_id) if deal_id else told
    found: dict[str, Review] = {}
    for fact, service in session.exec(mine.order_by(col(Fact.id))):
        about = fact.subject
        if fact.kind == ReviewGiven.kind:
            found[about] = Review(fact.id or 0, service, ReviewGiven.model_validate(fact.payload), fact.happened_at)
        elif about in found and fact.kind == ReviewReplied.kind:
            found[about] = replace(found[about], reply=fact.payload["text"])
        elif about in found:
            found[about] = replace(found[about], is_withdrawn=True)
    return list(found.items())
