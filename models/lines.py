"""Which components a brief calls for, how many of each, and what one line costs."""

from collections.abc import Mapping
from decimal import Decimal

from models import gantt
from models.estimates import Line, OptionLine, Span
from models.money import Money, total
from models.rates import Component, Overhead, Rules
from models.setup import Answers, chosen, holds

Changes = Mapping[str, Decimal]


def quantity(part: Component, answers: Answers) -> int:
    """How many units of `part` the answers ask for; never fewer for a greater answer."""
    packs = -(-(_count(answers, part.driver, part.default) - part.beyond) // part.per) if part.driver else 1
    return max(0, packs) * (_count(answers, part.times, 1) if part.times else 1)


def included(rules: Rules, answers: Answers) -> list[Component]:
    """The components in the price, in the order of the card: asked for by the brief, and whatever those need."""
    parts = {part.slug: part for part in rules.service.components}
    wanted = [part.slug for part in parts.values() if _counts(part, answers) and _is_asked(part, answers)]
    taken = with_needs(wanted, {slug: part.needs for slug, part in parts.items()})
    return [part for part in parts.values() if part.slug in taken]


def offered(rules: Rules, answers: Answers) -> list[Component]:
    """The components a client may tick besides, and whatever those need that is not in the price."""
    parts = {part.slug: part for part in rules.service.components}
    inside = {part.slug for part in included(rules, answers)}
    wanted = [part.slug for part in parts.values() if part.optional and part.slug not in inside and _counts(part, answers)]
    taken = with_needs(wanted, {slug: part.needs for slug, part in parts.items()}) - inside
    return [part for part in parts.values() if part.slug in taken]


def with_needs(wanted: list[str], needs: Mapping[str, list[str]]) -> set[str]:
    """`wanted` and everything it needs, directly or through others."""
    taken: set[str] = set()
    waiting = list(wanted)
    while waiting:
        slug = waiting.pop()
        if slug not in taken:
            taken.add(slug)
            waiting += needs.get(slug, [])
    return taken


def price_line(rules: Rules, part: Component, answers: Answers, changes: Changes) -> Line:
    """One component as a line; a needed one counts at least once."""
    count = max(1, quantity(part, answers))
    hours = _changed(part.slug, Span.of(part.hours, count), changes)
    rate = Money.of_major(rules.roles[part.role].price, rules.currency)
    each = f"{count} × {part.unit}, {f'{_h(part.hours.likely)} each = ' if count > 1 else ''}{_h(hours.likely)}"
    if part.slug in changes:
        each = f"{count} × {part.unit}, set by hand to {_h(hours.likely)}"
    return Line(
        slug=part.slug,
        title=part.title,
        description=part.description,
        unit=part.unit,
        units=part.units,
        role=part.role,
        phase=part.phase,
        driver=part.driver,
        quantity=count,
        hours=hours,
        rate=rate,
        net=rate.times(hours.likely),
        why=f"{part.title}: {each} at {rate.format()} an hour ({rules.roles[part.role].title}).",
    )


def overhead_lines(rules: Rules, work: list[Line], changes: Changes) -> list[Line]:
    """The work that grows with all other work, as percents of its hours."""
    return [_overhead(rules, rule, work, changes) for rule in rules.overheads if rule.percent]


def price_option(rules: Rules, part: Component, answers: Answers, changes: Changes) -> OptionLine:
    """A component as an option; its price holds the overheads that it causes, so that ticking it costs no more than it says."""
    line = price_line(rules, part, answers, changes)
    extra = total((item.net for item in overhead_lines(rules, [line], {})), rules.currency)
    phase = next((phase for phase in rules.service.phases if phase.slug == part.phase), None)
    names = " and ".join(rule.title.lower() for rule in rules.overheads)
    why = f"{line.why} With its share of {names} {(line.net + extra).format()}." if extra.amount else line.why
    update = {"net": line.net + extra, "why": why, "days": gantt.days_for(rules, phase, line.hours.likely), "needs": part.needs}
    return OptionLine.model_validate({**dict(line), **update})


def span_of(hours: int) -> Span:
    """The same hours, three times."""
    return Span(low=Decimal(hours), likely=Decimal(hours), high=Decimal(hours))


def _overhead(rules: Rules, rule: Overhead, work: list[Line], changes: Changes) -> Line:
    share = rule.percent / 100
    below = Span(
        low=sum((line.hours.low for line in work), Decimal(0)),
        likely=sum((line.hours.likely for line in work), Decimal(0)),
        high=sum((line.hours.high for line in work), Decimal(0)),
    )
    hours = _changed(rule.slug, below.scaled(share), changes)
    rate = Money.of_major(rules.roles[rule.role].price, rules.currency)
    counted = "set by hand to" if rule.slug in changes else f"{rule.percent.normalize():f} % of {_h(below.likely)} ="
    return Line(
        slug=rule.slug,
        title=rule.title,
        description=rule.description,
        unit="project",
        role=rule.role,
        phase=rule.phase,
        driver="",
        quantity=1,
        hours=hours,
        rate=rate,
        net=rate.times(hours.likely),
        why=f"{rule.title}: {counted} {_h(hours.likely)} at {rate.format()} an hour ({rules.roles[rule.role].title}).",
    )


def _changed(slug: str, hours: Span, changes: Changes) -> Span:
    if slug not in changes:
        return hours
    if not hours.likely:
        return Span(low=changes[slug], likely=changes[slug], high=changes[slug])
    factor = changes[slug] / hours.likely
    return Span(low=hours.low * factor, likely=changes[slug], high=hours.high * factor)


def _counts(part: Component, answers: Answers) -> bool:
    return holds(part.when, answers) and quantity(part, answers) > 0


def _count(answers: Answers, question: str, default: int) -> int:
    answer = answers.get(question)
    if answer is None:
        return default
    return answer if isinstance(answer, int) else len(chosen(answer))


def _is_asked(part: Component, answers: Answers) -> bool:
    return not part.optional or (part.asked_if is not None and part.asked_if.holds(answers))


def _h(hours: Decimal) -> str:
    return f"{hours.normalize():f} h"
