"""What a brief costs: answers × rate card. Pure, explained line by line, and the same to the cent whenever it is repeated."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from models import gantt
from models.approval import Sums, reasons
from models.errors import Invalid, Missing, Refused
from models.estimates import Estimate, HourChange, Inputs, Line, OptionLine
from models.lines import included, offered, overhead_lines, price_line, price_option, span_of
from models.money import Money, total
from models.questionnaire import Questionnaire, flags, settled
from models.rates import RateCard, Rules
from models.setup import Answers

HOURS_MAX = Decimal(10_000)
WHOLE = 100
MINIMUM = "minimum"


def estimate(card: RateCard, service: str, answers: Answers, questionnaire: Questionnaire) -> Estimate:
    """The estimate of `service` for the answers of its brief. Raises Missing for a service that is not sold."""
    if service not in card.services:
        raise Missing(f'We do not offer a service "{service}".')
    inputs = Inputs(answers=settled(questionnaire, answers), answer_flags=flags(questionnaire, answers))
    return compute(card.rules(service), inputs)


def recompute(before: Estimate, card: RateCard | None = None) -> Estimate:
    """The same estimate again, by its own rules; with `card`, what the same inputs cost under that card."""
    rules = card.rules(before.service) if card else before.rules
    return compute(rules, before.inputs)


def change_hours(before: Estimate, hours: Mapping[str, Decimal | float | str], reason: str, who: str) -> Estimate:
    """The estimate with other likely hours, in all, of the lines or options named; low and high move in proportion.

    Raises Refused for a line that is not there, hours that are none, and a change without a reason.
    """
    if not reason.strip():
        raise Invalid("Please say why the hours change; the reason stays with the estimate.")
    known = {line.slug for line in (*before.lines, *before.options)} - {MINIMUM}
    changes = {change.slug: change for change in before.inputs.changes}
    for slug, value in hours.items():
        if slug not in known:
            raise Invalid(f'There is no line "{slug}" in this estimate; lines are {", ".join(sorted(known))}.')
        changes[slug] = HourChange(slug=slug, hours=_hours(slug, value), reason=reason.strip(), who=who)
    return compute(before.rules, before.inputs.model_copy(update={"changes": list(changes.values())}))


def discount(before: Estimate, percent: Decimal | float | str, reason: str) -> Estimate:
    """The estimate with `percent` off its lines (options keep their price); 0 takes a discount back. Raises Refused."""
    try:
        value = Decimal(str(percent))
    except InvalidOperation:
        raise Invalid(f'A discount is a number of percent, not "{percent}".') from None
    if not value.is_finite() or not 0 <= value <= WHOLE:
        raise Invalid("A discount lies between 0 and 100 percent.")
    if value and not reason.strip():
        raise Invalid("Please say why there is a discount; the client reads the reason.")
    words = reason.strip() if value else ""
    return compute(before.rules, before.inputs.model_copy(update={"discount_percent": value, "discount_reason": words}))


def explain(done: Estimate) -> list[str]:
    """The estimate in sentences for a manager: each line, the sum, the range, the days, the flags."""
    sentences = [line.why for line in done.lines]
    sentences += [f"Option. {option.why}" for option in done.options]
    sentences += [f"{change.who} set {change.slug} to {change.hours.normalize():f} h: {change.reason}" for change in done.inputs.changes]
    if done.discount.amount:
        percent = done.inputs.discount_percent.normalize()
        off = f"{done.discount.format()} off ({done.inputs.discount_reason})"
        sentences.append(f"Discount of {percent:f} % on {done.likely.format()}: {off}.")
    sentences.append(f"In all {done.total.format()} net and {done.days} working days; before any discount between "
                     f"{done.low.format()} and {done.high.format()}, most likely {done.likely.format()}.")  # fmt: skip
    sentences.append(f"Counted by rate card {done.card_version} ({done.card_hash[:12]}).")
    return sentences + [f"A project manager must look: {flag}" for flag in done.flags]


def compute(rules: Rules, inputs: Inputs) -> Estimate:
    """The one computation behind all of the above: rules and inputs in, estimate out."""
    changes = {change.slug: change.hours for change in inputs.changes}
    work = [price_line(rules, part, inputs.answers, changes) for part in included(rules, inputs.answers)]
    work += overhead_lines(rules, work, changes)
    options = [price_option(rules, part, inputs.answers, changes) for part in offered(rules, inputs.answers)]
    options = _with_known_needs(options)
    counted = total((line.net for line in work), rules.currency)
    floor = Money.of_major(rules.service.floor, rules.currency)
    lines = [*work, _minimum(rules, floor, counted)] if counted < floor else work
    likely = max(counted, floor)
    off = likely.times(inputs.discount_percent / 100)
    bars = gantt.timetable(rules, _hours_by_phase(work), inputs.answers)
    low, high = _bound(rules, work, "low", floor), _bound(rules, work, "high", floor)
    return Estimate(
        service=rules.slug,
        currency=rules.currency,
        card_version=rules.version,
        card_hash=rules.digest,
        rules=rules,
        inputs=inputs,
        lines=lines,
        options=options,
        low=low,
        likely=likely,
        high=max(high, likely),
        discount=off,
        total=likely - off,
        days=gantt.length(bars),
        timeline=bars,
        flags=reasons(rules, inputs, Sums(counted, low, likely, max(high, likely), likely - off)),
    )


def _bound(rules: Rules, work: list[Line], side: str, floor: Money) -> Money:
    return max(total((line.rate.times(getattr(line.hours, side)) for line in work), rules.currency), floor)


def _hours_by_phase(work: list[Line]) -> dict[str, Decimal]:
    hours: dict[str, Decimal] = {}
    for line in work:
        hours[line.phase] = hours.get(line.phase, Decimal(0)) + line.hours.likely
    return hours


def _minimum(rules: Rules, floor: Money, counted: Money) -> Line:
    return Line(
        slug=MINIMUM,
        title="Up to our smallest project",
        description="Setting up, leading and handing over a project costs the same however small it is.",
        unit="project",
        role="project_manager",
        phase="",
        driver="",
        quantity=1,
        hours=span_of(0),
        rate=Money(amount=0, currency=rules.currency),
        net=floor - counted,
        why=f"Up to our smallest project: the work comes to {counted.format()}; {rules.service.name} starts at {floor.format()}.",
    )


def _with_known_needs(options: list[OptionLine]) -> list[OptionLine]:
    slugs = {option.slug for option in options}
    return [option.model_copy(update={"needs": [need for need in option.needs if need in slugs]}) for option in options]


def _hours(slug: str, value: Decimal | float | str) -> Decimal:
    try:
        hours = Decimal(str(value))
    except InvalidOperation:
        raise Invalid(f'The hours of {slug} are a number, not "{value}".') from None
    if not hours.is_finite() or not 0 <= hours <= HOURS_MAX:
        raise Refused(f"The hours of {slug} lie between 0 and {HOURS_MAX:,}.")
    return hours
