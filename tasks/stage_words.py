"""The words of letters about a stage of production, and about the price of a change to it."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date, format_timedelta

from models import changes, project_clock, projects
from models.delivery_answers import ChangeAnswered, StageAnswered
from models.delivery_setup import LAUNCH
from models.money import Money
from models.project_plan import StagePlan
from models.stage_state import Offer
from tasks.project_reading import heard, stage_of, stand_of

if TYPE_CHECKING:
    from tasks.words import About

FEW = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DECIDED = {"accept": "accepted", "decline": "declined", "lapse": "let pass"}
LAUNCH_ASKS = "Your signature under the act of acceptance, once it runs under its own address."
"""The launch asks one thing of every client, whatever the service."""


def _title(about: "About") -> str:
    return stage_of(about).plan.title


def _told(about: "About") -> str:
    return "\n".join(stage_of(about).plan.told)


def _rounds_left(about: "About") -> str:
    """How many rounds of changes are still included, as a sentence."""
    stage = stage_of(about)
    left = stage.rounds_left
    if left == 0 and stage.rounds:
        return "The rounds of changes that are included have been used. A further change has a price, which is agreed before anybody begins."
    if left == 0:
        return "No round of changes is included in this stage. A change has a price, which is agreed before anybody begins."
    count = f"{FEW[left] if left < len(FEW) else left}{' more' if stage.rounds else ''}".capitalize()
    return f"{count} round{'' if left == 1 else 's'} of changes {'is' if left == 1 else 'are'} included. A round is one list."


def _after(about: "About") -> StagePlan | None:
    return stand_of(about).plan.after(stage_of(about).slug)


def _next_title(about: "About") -> str:
    following = _after(about)
    return following.title if following else ""


def _next_asks(about: "About") -> str:
    """What the following stage asks of the client, with what of the checklist it still lacks."""
    following = _after(about)
    if following is None:
        return ""
    missing = [item.plan.title for item in stand_of(about).needed_for(following.slug) if item.place == "missing"]
    asks = LAUNCH_ASKS if following.slug == LAUNCH else following.asks
    return " ".join(filter(None, (asks, f"Still missing for it: {'; '.join(missing)}." if missing else "")))


def _planned_on(about: "About") -> str:
    return format_date(_due(about), "full", locale=about.locale)


def _due(about: "About") -> date:
    return project_clock.ready_on(about.session, about.company, about.deal, stage_of(about).slug, about.now)


def late(about: "About") -> str:
    """How long ago a stage should have been ready."""
    late = about.today - _due(about)
    return format_timedelta(late, granularity="day", threshold=1000, locale=about.locale) if late.days > 0 else ""


def approved_by(about: "About") -> str:
    """Who approved a stage; nobody, where silence did."""
    if stage_of(about).is_deemed:
        return "nobody; silence accepted, as the contract says"
    told = [said for _, said in heard(about, StageAnswered, stage_of(about).slug) if said.decision == "approve"]
    return (told[-1].name if told else "") or about.client.name


def comments(about: "About") -> str:
    """What the client wants changed."""
    return stage_of(about).comments


def note(about: "About") -> str:
    """The manager's word to the client about a stage."""
    return stage_of(about).note


def _offer(about: "About") -> Offer:
    """The change that the order names, else the stage's last. Raises LookupError where nothing was ever priced."""
    stage, named = stage_of(about), about.order.facts.get("offer")
    found = next((offer for offer in stage.offers if str(offer.number) == named), stage.offer)
    if found is None:
        raise LookupError(f"Nobody has put a price on a change of {stage.slug} in deal {about.deal_id}.")
    return found


def _price(about: "About") -> str:
    """What a change costs: "€590.40 with VAT (€480.00 net)"."""
    offer = _offer(about)
    net = Money.of_major(offer.offered.price, projects.contract_of(about.session, about.deal).currency)
    gross = changes.gross(about.session, about.deal, offer)
    if not net.amount:
        return "nothing"
    if net == gross:
        return f"{net.format(about.locale)}, to which no VAT is added"
    return f"{gross.format(about.locale)} with VAT ({net.format(about.locale)} net)"


def _days(about: "About") -> str:
    days = _offer(about).offered.days
    return f"{days} working day{'' if days == 1 else 's'}" if days else ""


def _decision(about: "About") -> str:
    """What became of the price: accepted, declined, let pass."""
    number = _offer(about).number
    told = [said.decision for _, said in heard(about, ChangeAnswered) if said.offer == number]
    return DECIDED[told[-1]] if told else ""


STAGE: dict[str, Callable[["About"], str]] = {
    "stage_title": _title, "told": _told, "url": lambda about: stage_of(about).url, "rounds_left": _rounds_left,
    "next_title": _next_title, "next_asks": _next_asks, "planned_on": _planned_on,
    "change": lambda about: _offer(about).offered.text, "price": _price, "days": _days, "decision": _decision,
}  # fmt: skip
