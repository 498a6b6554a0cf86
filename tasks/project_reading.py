"""What the words of a project's letters are read from: where it stands, what was told in its round, which question a letter is about."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from babel.dates import format_timedelta

from models import facts, ladder, projects, waiting
from models.answer import Answer
from models.delivery_letters import DELIVERY_NEEDS
from models.projects import Stand
from models.stage_state import StageStand
from models.tables import Fact, Wait

if TYPE_CHECKING:
    from tasks.words import About

Typed = TypeVar("Typed", bound=Answer)
NOUNS = {
    "materials-": "material", "stage-": "stage", "change-": "stage", "launch-": "launch", "act-": "act", "training-": "training",
    "access-": "handover",
}  # fmt: skip
"""What a letter asks about, as the subjects of facts name it."""
LADDERS = {
    "materials-": "materials", "stage-shown": "stage-approval", "change-offer": "change-offer", "act-": "act", "training-": "training",
}  # fmt: skip
"""The ladder of the wait that a letter goes before: where it is not open yet, it ends as if it were opened now."""
JUST_NOW = timedelta(hours=1)
LATELY = ("stage-accepted", "stage-deemed", "stage-done")


def by_letter(ways: Mapping[str, Callable[["About"], str]]) -> Callable[["About"], str]:
    """A word that letters count in their own way, by how their names begin; "" for all others."""
    return lambda about: next((count(about) for start, count in ways.items() if about.order.name.startswith(start)), "")


def stand_of(about: "About") -> Stand:
    """Where the project of a letter stands. Raises Missing before work has begun."""
    return projects.stand(about.session, about.deal)


def stage_of(about: "About") -> StageStand:
    """The stage that the order names; without one that which was accepted last, in letters about that, else the current one."""
    stand = stand_of(about)
    named = about.order.facts.get("stage")
    if named:
        return stand.stage(named)
    if about.order.name.startswith(LATELY) and stand.accepted:
        return stand.accepted[-1]
    return stand.current or stand.stages[-1]


def heard(about: "About", model: type[Typed], item: str = "") -> list[tuple[Fact, Typed]]:
    """What was told of one kind in the deal's round, oldest first; about one item where there are several."""
    start = facts.subject(about.deal_id, about.deal.round, "")
    told = [fact for fact in facts.of_deal(about.session, about.deal_id, model.kind) if fact.subject.startswith(start)]
    return [(fact, model.model_validate(fact.payload)) for fact in told if not item or fact.subject.endswith(f"/{item}")]


def newest(about: "About", model: type[Typed], item: str = "") -> Typed | None:
    """What was told of one kind last."""
    told = heard(about, model, item)
    return told[-1][1] if told else None


def is_asked_about(about: "About", noun: str) -> bool:
    """Whether the client is asked now about something of this kind."""
    return bool(_asked(about, noun, "client"))


def waits_of(about: "About") -> list[Wait]:
    """The open questions that a letter is about: its reader's, oldest first."""
    noun = next((noun for start, noun in NOUNS.items() if about.order.name.startswith(start)), "")
    return _asked(about, noun, "studio" if DELIVERY_NEEDS[about.order.name].staff else "client") if noun else []


def _asked(about: "About", noun: str, whose: str) -> list[Wait]:
    start = facts.subject(about.deal_id, about.deal.round, noun)
    rows = waiting.open_waits(about.session, about.deal_id)
    return [wait for wait in rows if wait.kinds and wait.whose == whose and wait.subject.startswith(start)]


def waited(about: "About") -> str:
    """How long a letter's question has been open: "3 days"; "" for one that has just been put."""
    age = about.now - min((wait.opened_at for wait in waits_of(about)), default=about.now)
    return format_timedelta(age, locale=about.locale) if age >= JUST_NOW else ""


def closes_on(about: "About") -> str:
    """The day on which silence is an answer; "" for a question without an end."""
    ends = _end(about)
    return about.day(ends) if ends else ""


def _end(about: "About") -> datetime | None:
    rows = waits_of(about)
    if rows:
        return min((wait.deadline for wait in rows if wait.deadline), default=None)
    name = next((name for start, name in LADDERS.items() if about.order.name.startswith(start)), "")
    studio = about.company.studio
    return ladder.open_ladder(about.company.ladders[name], about.now, studio.zone, studio.holidays, studio.office).deadline if name else None


def lines(rows: list[str]) -> str:
    """Rows as a letter's list takes them: one a line, none of them empty."""
    return "\n".join(" ".join(row.split()) for row in rows if row.strip())
