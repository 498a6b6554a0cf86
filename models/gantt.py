"""From hours to a timetable: phases in working days, one after the other with some overlap."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from models.proposal import Phase
from models.rates import PhaseRule, Rules
from models.setup import Answers

WORKING_DAYS_A_MONTH = 21


def timetable(rules: Rules, hours: Mapping[str, Decimal], answers: Answers) -> list[Phase]:
    """The bars for `hours` by phase slug; hours without a phase take no days of their own. The last bar ends last.

    More hours never end earlier: a bar starts `overlap` days before the last one ends, but after that one started.
    """
    bars: list[Phase] = []
    for phase in rules.service.phases:
        if not hours.get(phase.slug):
            continue
        days = (_months(phase, answers) or days_for(rules, phase, hours[phase.slug])) + phase.review
        last = bars[-1] if bars else None
        start = max(last.start + last.days - phase.overlap, last.start + 1) if last else 0
        end = max(start + days, last.start + last.days) if last else days
        bars.append(Phase(title=phase.title, start=start, days=end - start))
    return bars


def days_for(rules: Rules, phase: PhaseRule | None, hours: Decimal) -> int:
    """Whole working days that `hours` take with the people who work in `phase` at once; none of its own in a phase counted by months."""
    if phase and phase.months:
        return 0
    return int((hours / (rules.hours_a_day * (phase.parallel if phase else 1))).to_integral_value(rounding=ROUND_CEILING))


def _months(phase: PhaseRule, answers: Answers) -> int:
    months = answers.get(phase.months)
    return WORKING_DAYS_A_MONTH * months if isinstance(months, int) else 0


def length(bars: list[Phase]) -> int:
    """Working days from the first day to the end of the last bar."""
    return max((bar.start + bar.days for bar in bars), default=0)
