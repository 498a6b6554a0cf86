"""A project as a line in time: its stages with their days as they stand now, the promised day and why it moved, what happened. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from models import clocks
from models.clocks import PromisedDay, Span, WorkCalendar
from models.delivery_answers import ActDeemed, ActSigned, DateMoved, WorkPaused
from models.delivery_setup import LAUNCH
from models.project_pages import PromiseView, Reason, StageLine
from models.projects import Stand
from models.tables import Fact
from models.tracks import Work
from models.whose_move import UNDER_WAY, launch_of


def stages(stand: Stand, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> list[StageLine]:
    """Every stage in order, the launch last: when it was accepted, or from when to when it is planned now.

    What was lost to waiting, what changes added and what the studio asked for besides moves the stages to come; the last one ends on
    the promised day. Only what was accepted is done.
    """
    waits, done = list(spans), {stage.slug: stage for stage in stand.accepted}
    moved, reached = stand.days - stand.plan.days - sum(offer.offered.days for offer in stand.changes), 0
    finished = finished_at(stand)
    lines, current = [], stand.current.slug if stand.current else LAUNCH
    for plan in stand.plan.stages:
        begun = reached + (moved if plan.slug not in done else 0)
        reached += plan.days + sum(offer.offered.days for offer in stand.changes if offer.stage == plan.slug)
        stage = done.get(plan.slug)
        accepted = stage.accepted_at if stage else finished if plan.slug == LAUNCH else None
        ends = calendar.day_of(accepted) if accepted else clocks.promised(stand.plan.begins_on, reached + moved, waits, calendar, now)
        starts = min(clocks.promised(stand.plan.begins_on, begun + 1, waits, calendar, now), ends)
        is_now = plan.slug == current and Work(stand.deal.work) in UNDER_WAY
        lines.append(StageLine(
            slug=plan.slug, title=plan.title, state="done" if accepted else "now" if is_now else "next", starts=starts, ends=ends, days=plan.days,
            told=plan.told[0] if plan.told else "", asks=plan.asks, is_deemed=bool(stage and stage.is_deemed),
        ))  # fmt: skip
    return lines


def finished_at(stand: Stand) -> datetime | None:
    """When the work was accepted as a whole; None before."""
    if launch_of(stand.facts) != "accepted":
        return None
    return max(fact.happened_at for fact in stand.facts if fact.kind in {ActSigned.kind, ActDeemed.kind})


def promise(stand: Stand, promised: PromisedDay, calendar: WorkCalendar) -> PromiseView:
    """The promised day for its reader, with everything that moved it since the first day; the reasons sum to `moved`."""
    waited = [Reason(text=f"We waited for {_quoted(about)}", days=days) for about, days in promised.because]
    bought = [Reason(text=f"You added: {_short(one.offered.text)}", days=one.offered.days) for one in stand.changes if one.offered.days]
    ours = [Reason(text=f"We need longer: {_short(str(fact.payload['reason']))}", days=int(fact.payload["days"])) for fact in _moves(stand.facts)]
    reasons, finished = [*waited, *bought, *ours], finished_at(stand)
    return PromiseView(
        first=stand.plan.stages[-1].ends_on, day=promised.day, moved=sum(reason.days for reason in reasons), reasons=reasons,
        answer_by=promised.answer_by, late=promised.late, finished=calendar.day_of(finished) if finished else None,
    )  # fmt: skip


def day_of(lines: Sequence[StageLine], before: str) -> date | None:
    """The first day of the stage that something is needed for; None where it is the beginning of the work."""
    return next((line.starts for line in lines if line.slug == before), None)


def paused_for(told: Iterable[Fact]) -> str:
    """What a project rests for: what its newest pause names."""
    return next((str(fact.payload["what"]) for fact in reversed(list(told)) if fact.kind == WorkPaused.kind), "")


def _moves(told: Iterable[Fact]) -> list[Fact]:
    return [fact for fact in told if fact.kind == DateMoved.kind]


def _quoted(about: str) -> str:
    """What was waited for, within a sentence; an item of the checklist by its own name."""
    return f"“{about}”" if about[:1].isupper() else about


def _short(text: str, longest: int = 120) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
