"""Whose move it is in a project: read from where it stands, so that it is right before any stage has opened its wait. Pure.

    client   a material is missing that the next stage needs · a stage is shown · a change has its price · the act is out · a training is offered
    studio   whatever else there is to do until the client is handed over
    nobody   handed over to support, or cancelled
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.after_answers import HandedOver, TrainingAnswered
from models.delivery_answers import ActDeemed, ActFaults, ActSigned, FaultsMended, LaunchChecked
from models.delivery_setup import LAUNCH
from models.projects import Stand
from models.stage_state import MaterialStand
from models.tables import Fact
from models.tracks import Work

Whose = Literal["client", "studio", "nobody"]
What = Literal[
    "materials", "stage", "change", "act", "training",
    "plan", "check", "working", "changes", "price", "launch", "faults", "handover",
    "support", "cancelled",
]  # fmt: skip
Launch = Literal["open", "act", "faults", "accepted"]
UNDER_WAY = frozenset({Work.MATERIALS, Work.PRODUCTION, Work.LAUNCH, Work.PAUSED})


@dataclass(frozen=True)
class Turn:
    """Whose move it is, and what. `stage` names the stage it is about ("launch" for the last one), `items` the materials.

    `since` is when it became their move; None where nobody has to do anything. `is_paused`: the project rests until the client is back.
    """

    whose: Whose
    what: What
    stage: str = ""
    items: tuple[str, ...] = ()
    since: datetime | None = None
    is_paused: bool = False


@dataclass(frozen=True)
class Duties:
    """What the project manager may say now; each of these words would be taken, and no other.

    `check` are materials that came, `waive` those that could be done without. `show` and `price` name the current stage; it can be `again`
    that the stage is shown.
    """

    check: tuple[str, ...] = ()
    waive: tuple[str, ...] = ()
    show: str = ""
    again: bool = False
    price: str = ""
    launch: bool = False
    mend: bool = False
    access: bool = False
    date: bool = False


def move_of(stand: Stand) -> Turn:
    """Whose move it is now."""
    match Work(stand.deal.work):
        case Work.HANDED_OVER:
            return Turn("nobody", "support")
        case Work.CANCELLED:
            return Turn("nobody", "cancelled")
        case Work.NONE | Work.KICKOFF:
            return Turn("studio", "plan", since=stand.project.opened_at)
        case Work.COMPLETED:
            return _completed(stand)
    turn = _in_stage(stand) if stand.current else _at_launch(stand)
    return Turn(turn.whose, turn.what, turn.stage, turn.items, turn.since, is_paused=stand.deal.work == Work.PAUSED)


def blocking(stand: Stand) -> list[MaterialStand]:
    """The materials, sent or not, without which the next stage cannot be shown; none once it was: it evidently could be."""
    if Work(stand.deal.work) not in UNDER_WAY:
        return []
    stage = stand.current
    if stage is None:
        needed = stand.needed_for(LAUNCH) if launch_of(stand.facts) == "open" else []
    elif stage.version:
        needed = []
    else:
        needed = [*(stand.needed_for("") if not stand.accepted else []), *stand.needed_for(stage.slug)]
    return [item for item in needed if not item.is_settled]


def launch_of(told: Iterable[Fact]) -> Launch:
    """Where the launch stands: the checklist is open, the act is with the client, its faults are with us, it is accepted."""
    at: Launch = "open"
    for fact in told:
        match at, fact.kind:
            case "open", LaunchChecked.kind:
                at = "act"
            case "act" | "faults", ActSigned.kind | ActDeemed.kind:
                return "accepted"
            case "act", ActFaults.kind:
                at = "faults"
            case "faults", FaultsMended.kind:
                at = "act"
    return at


def duties(stand: Stand) -> Duties:
    """What the project manager may say now. A stage that lacks materials is not shown: they are accepted or waived first."""
    work = Work(stand.deal.work)
    if work == Work.COMPLETED:
        return Duties(access=True)
    if work not in UNDER_WAY:
        return Duties()
    stage, launch = stand.current, launch_of(stand.facts)
    may_show = stage is not None and stage.place != "priced" and not blocking(stand)
    return Duties(
        check=tuple(item.slug for item in stand.materials if item.place == "sent"),
        waive=tuple(item.slug for item in stand.materials if not item.is_settled),
        show=stage.slug if stage and may_show else "",
        again=bool(stage and stage.version),
        price=stage.slug if stage and stage.place in {"changes", "beyond"} else "",
        launch=stage is None and work != Work.MATERIALS and launch == "open" and not blocking(stand),
        mend=stage is None and launch == "faults",
        date=True,
    )


def _in_stage(stand: Stand) -> Turn:
    stage = stand.current
    if stage is None:
        raise ValueError("Every stage is accepted.")
    lacks = blocking(stand)
    if lacks:
        return _materials(stand, lacks, stage.slug)
    since = stage.changed_at or _last_accepted(stand)
    match stage.place:
        case "shown":
            return Turn("client", "stage", stage.slug, since=since)
        case "priced":
            return Turn("client", "change", stage.slug, since=since)
        case "changes":
            return Turn("studio", "changes", stage.slug, since=since)
        case "beyond":
            return Turn("studio", "price", stage.slug, since=since)
    came = [item.changed_at for item in stand.needed_for(stage.slug) if item.changed_at]
    return Turn("studio", "working", stage.slug, since=max([since, *came]))


def _at_launch(stand: Stand) -> Turn:
    lacks = blocking(stand)
    if lacks:
        return _materials(stand, lacks, LAUNCH)
    match launch_of(stand.facts):
        case "act":
            return Turn("client", "act", LAUNCH, since=_newest(stand, LaunchChecked.kind, FaultsMended.kind))
        case "faults":
            return Turn("studio", "faults", LAUNCH, since=_newest(stand, ActFaults.kind))
        case "accepted":
            return _completed(stand)
    return Turn("studio", "launch", LAUNCH, since=_last_accepted(stand))


def _materials(stand: Stand, lacks: list[MaterialStand], stage: str) -> Turn:
    """The client's while one is missing; ours while we look at the last one that came."""
    missing = [item for item in lacks if item.place == "missing"]
    asked = _last_accepted(stand)
    since = min(max(asked, item.changed_at or asked) for item in missing or lacks)
    return Turn("client" if missing else "studio", "materials" if missing else "check", stage, tuple(one.slug for one in missing or lacks), since)


def _completed(stand: Stand) -> Turn:
    told = {fact.kind for fact in stand.facts}
    since = _newest(stand, ActSigned.kind, ActDeemed.kind)
    if HandedOver.kind in told:
        return Turn("nobody", "support")
    if TrainingAnswered.kind not in told:
        return Turn("client", "training", since=since)
    return Turn("studio", "handover", since=_newest(stand, TrainingAnswered.kind))


def _last_accepted(stand: Stand) -> datetime:
    """When the newest stage was accepted; when the project was opened where none was."""
    return max((stage.accepted_at for stage in stand.accepted if stage.accepted_at), default=stand.project.opened_at)


def _newest(stand: Stand, *kinds: str) -> datetime | None:
    return max((fact.known_at for fact in stand.facts if fact.kind in kinds), default=None)
