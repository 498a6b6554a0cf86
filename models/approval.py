"""When an estimate must be seen by a project manager before a client sees it."""

from decimal import Decimal
from typing import NamedTuple

from models.estimates import Inputs
from models.money import Money
from models.rates import Rules


class Sums(NamedTuple):
    """An estimate's sums: the work before the floor, the range after it, what is left after the discount."""

    counted: Money
    low: Money
    likely: Money
    high: Money
    net: Money


def reasons(rules: Rules, inputs: Inputs, sums: Sums) -> list[str]:
    """Sentences on why a manager must look; none when the estimate may go out by itself."""
    rule = rules.approval
    counted, low, likely, high, net = sums
    limit = Money.of_major(rules.service.approval_above or rule.above, rules.currency)
    floor = Money.of_major(rules.service.floor, rules.currency)
    spread = Decimal((high - low).amount) * 100 / likely.amount
    found = list(inputs.answer_flags)
    if limit < likely:
        found.append(f"The likely total of {likely.format()} is above {limit.format()}.")
    if spread > rule.uncertainty_percent:
        found.append(f"The range is wide: {spread:.0f} % of the total, more than {rule.uncertainty_percent.normalize():f} %.")
    if counted < floor:
        found.append(f"The work comes to {counted.format()}, below the floor of {floor.format()}.")
    elif net < floor:
        found.append(f"After the discount {net.format()} is left, below the floor of {floor.format()}.")
    if inputs.discount_percent > rule.discount_percent:
        given, allowed = inputs.discount_percent.normalize(), rule.discount_percent.normalize()
        found.append(f"A discount of {given:f} % is more than the {allowed:f} % that may be given freely.")
    return found + _over_budget(rules, inputs, net)


def _over_budget(rules: Rules, inputs: Inputs, net: Money) -> list[str]:
    answer = inputs.answers.get(rules.approval.budget_question)
    if not isinstance(answer, int) or not answer:
        return []
    budget = Money.of_major(answer, rules.currency)
    if not budget.times(1 + rules.approval.over_budget_percent / 100) < net:
        return []
    return [f"The total of {net.format()} is well above the {budget.format()} that the client named."]
