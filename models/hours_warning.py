"""When a project manager is warned: more hours were worked than the part of the plan that is done may have cost. Pure.

    planned 100 h, 40 % done: up to 46 h are within 115 %          worked 52 h: 30 % above what was planned for so much
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from models.clocks import Span, WorkCalendar, working_days
from models.delivery_setup import LAUNCH, Hours
from models.performance import in_hours
from models.project_plan import StagePlan
from models.projects import Stand
from models.proposal import Record

_WHOLE, _NOTHING, _ALL = Decimal(100), Decimal(0), Decimal(1)
BUSY = frozenset({"working", "changes"})
"""Places of a stage in which the studio is at work on it; in the others it has been shown, and what it takes is spent."""


class HoursWarning(Record):
    """What the manager is told. Hours have two decimals, percents are whole; `over_percent` is above what the done part was planned at."""

    stage: str
    worked: Decimal
    planned: Decimal
    done_percent: int
    over_percent: int


def warn(stage: str, planned: Decimal, worked: Decimal, done: Decimal, rule: Hours) -> HoursWarning | None:
    """The warning, if the hours worked exceed `warn_percent` of those planned for the `done` share (0 to 1) of the plan.

    The first `from_percent` of a plan are taken as one: so early nobody can tell, unless more than all of them is spent already.
    """
    share = max(done, rule.from_percent / _WHOLE)
    expected = planned * share
    if not expected or worked * _WHOLE <= expected * rule.warn_percent:
        return None
    return HoursWarning(stage=stage, worked=worked, planned=planned, done_percent=_whole(done), over_percent=_whole(worked / expected - 1))


def _whole(share: Decimal) -> int:
    return int((share * _WHOLE).to_integral_value(ROUND_HALF_UP))


def of_project(stand: Stand, minutes: int, spans: Iterable[Span], calendar: WorkCalendar, rule: Hours, now: datetime) -> HoursWarning | None:
    """The warning about a project under way, if there is one; its stage is the one that the work is at."""
    changes = sum((Decimal(str(offer.offered.hours)) for offer in stand.changes), _NOTHING)
    planned = sum(stand.plan.hours.values(), _NOTHING) + changes
    stage = stand.current.slug if stand.current else LAUNCH
    return warn(stage, planned, in_hours(minutes), done(stand, spans, calendar, now), rule)


def done(stand: Stand, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> Decimal:
    """The share of the plan that is done, 0 to 1, weighed by planned hours (by days where there are none).

    Accepted stages count whole, so does one that waits for the client's word; the one at work by the working days that it has had,
    those lost to waiting for the client left out.
    """
    weights = weights_of(stand.plan.stages)
    accepted = sum((weights.get(stage.slug, _NOTHING) for stage in stand.accepted), _NOTHING)
    current = stand.current
    plan = current.plan if current else stand.plan.stage(LAUNCH)
    if plan is None:
        return accepted
    part = elapsed(stand, plan, spans, calendar, now) if current is None or current.place in BUSY else _ALL
    return accepted + weights[plan.slug] * part


def weights_of(stages: Sequence[StagePlan]) -> dict[str, Decimal]:
    """What share of the plan each stage is, 0 to 1."""
    hours = {stage.slug: stage.hours for stage in stages}
    sizes = hours if sum(hours.values(), _NOTHING) else {stage.slug: Decimal(stage.days) for stage in stages}
    whole = sum(sizes.values(), _NOTHING)
    return {slug: size / whole if whole else _NOTHING for slug, size in sizes.items()}


def elapsed(stand: Stand, plan: StagePlan, spans: Iterable[Span], calendar: WorkCalendar, now: datetime) -> Decimal:
    """The share of a stage's planned working days that has passed since the stage before it was accepted, at most 1."""
    ends = [calendar.day_of(stage.accepted_at) for stage in stand.accepted if stage.accepted_at]
    begins = max(ends) + timedelta(days=1) if ends else stand.project.begins_on
    passed = working_days(begins, calendar.day_of(now), spans, calendar, now)
    return min(_ALL, Decimal(passed) / plan.days) if plan.days else _ALL
