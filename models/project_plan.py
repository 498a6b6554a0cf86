"""The plan of a project: its stages with days and hours, what is needed of the client, made once from what was agreed. Pure."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from models.contract import ContractBody, DeliveryTerms, Instalment
from models.delivery_setup import LAUNCH, Delivery, StageShare
from models.estimates import Estimate
from models.proposal import Record
from models.worktime import NINE_TO_SIX, OfficeHours, add_working_days

LAUNCH_TITLE = "Launch"
_WORD = re.compile(r"[^a-z0-9]+")


class StagePlan(Record):
    """A stage: working days from `starts_on` to `ends_on` as planned on the first day, hours as estimated, rounds of changes included."""

    slug: str
    title: str
    told: list[str]
    asks: str
    approval: bool
    rounds: int
    days: int
    hours: Decimal
    starts_on: date
    ends_on: date


class MaterialPlan(Record):
    """Something the client gives us; `before` is the stage it is needed for, "" the start of the work."""

    slug: str
    title: str
    hint: str = ""
    before: str = ""


class ProjectPlan(Record):
    """What was agreed, laid out. `days` are working days; `hours` the estimate's by role; `checklist` is the launch's."""

    title: str
    service: str
    service_name: str
    days: int
    begins_on: date
    stages: list[StagePlan]
    materials: list[MaterialPlan]
    hours: dict[str, Decimal]
    terms: DeliveryTerms
    checklist: list[str]
    access: list[str]

    def stage(self, slug: str) -> StagePlan | None:
        """The stage of this name."""
        return next((stage for stage in self.stages if stage.slug == slug), None)

    def after(self, slug: str) -> StagePlan | None:
        """The stage that follows one; the first for "", None after the last."""
        names = ["", *(stage.slug for stage in self.stages)]
        place = names.index(slug) if slug in names else len(names)
        return self.stages[place] if place < len(self.stages) else None

    @property
    def production(self) -> list[StagePlan]:
        """The stages before launch."""
        return [stage for stage in self.stages if stage.slug != LAUNCH]


def make(
    delivery: Delivery, contract: ContractBody, estimate: Estimate, *, begins_on: date, country: str, hours: OfficeHours = NINE_TO_SIX
) -> ProjectPlan:
    """The plan of a signed contract and the estimate behind it, beginning on a day; days without work are left out."""
    own = delivery.services[estimate.service]
    shares = [*own.stages, StageShare(stage=LAUNCH, phase=LAUNCH)]
    weights, worked = _weights(shares, estimate), _hours(shares, estimate, contract)
    days = spread(contract.days, weights)
    first, stages, done = add_working_days(begins_on, 0, country, hours), [], 0
    for share, length in zip(shares, days, strict=True):
        text = delivery.stages.get(share.stage)
        start = add_working_days(first, done, country, hours)
        last = add_working_days(first, max(done + length - 1, done), country, hours)
        done += length
        made = StagePlan(
            slug=share.stage, title=text.title if text else LAUNCH_TITLE, told=text.told if text else [], asks=text.asks if text else "",
            approval=bool(text and text.approval), rounds=contract.terms.rounds_of(share.stage), days=length, hours=worked[share.stage],
            starts_on=start, ends_on=last,
        )  # fmt: skip
        stages.append(made)
    return ProjectPlan(
        title=contract.title, service=estimate.service, service_name=contract.service_name, days=contract.days, begins_on=begins_on,
        stages=stages, materials=materials(delivery, contract.materials, [share.stage for share in shares]), hours=by_role(estimate, contract),
        terms=contract.terms, checklist=own.launch or delivery.launch, access=delivery.access,
    )  # fmt: skip


def spread(days: int, weights: Sequence[Decimal]) -> list[int]:
    """`days` shared out by weight, each share rounded so that they sum to it; nobody with a weight goes without while there are days enough."""
    total, done, given = sum(weights) or Decimal(len(weights)), Decimal(0), []
    for weight in weights:
        done += weight if sum(weights) else Decimal(1)
        given.append(int((days * done / total).to_integral_value()) - sum(given))
    while days >= len(given) and 0 in given:
        most = max(range(len(given)), key=lambda place: given[place])
        given[most] -= 1
        given[given.index(0)] += 1
    return given


def materials(delivery: Delivery, told: Sequence[str], stages: Sequence[str]) -> list[MaterialPlan]:
    """The checklist: each sentence of the contract is an item, needed for the stage that the first fitting rule names."""
    found: list[MaterialPlan] = []
    for title in told:
        rule = next((one for one in delivery.materials if any(word.casefold() in title.casefold() for word in one.words)), None)
        before = rule.before if rule and rule.before in stages[1:] else ""
        slug = slug_of(title, {one.slug for one in found})
        found.append(MaterialPlan(slug=slug, title=title, hint=rule.hint if rule else "", before=before))
    return found


def slug_of(title: str, taken: set[str]) -> str:
    """A short name for an item that no other has: "the-name-of-one-person"."""
    stem = "-".join(_WORD.sub(" ", title.casefold()).split()[:5])[:40].strip("-") or "item"
    return next(name for name in (stem, *(f"{stem}-{number}" for number in range(2, 1000))) if name not in taken)


def by_role(estimate: Estimate, contract: ContractBody) -> dict[str, Decimal]:
    """Likely hours by role, of the lines and of the options that were taken."""
    found: dict[str, Decimal] = {}
    for line in _lines(estimate, contract):
        found[line.role] = found.get(line.role, Decimal(0)) + line.hours.likely
    return found


def due_after(schedule: Sequence[Instalment], stages: Sequence[str]) -> dict[int, str]:
    """For each payment of the plan but the first, the stage whose acceptance makes it due.

    A payment that names no stage of this plan is spread: of n payments the last falls due with the end, those between evenly before it.
    """
    found = {}
    for one in schedule:
        if one.part == 1:
            continue
        place = -(-(one.part - 1) * len(stages) // max(1, len(schedule) - 1)) - 1
        found[one.part] = one.after if one.after in stages else stages[min(place, len(stages) - 1)]
    return found


def _weights(shares: Sequence[StageShare], estimate: Estimate) -> list[Decimal]:
    slugs = {phase.title: phase.slug for phase in estimate.rules.service.phases}
    days = {slugs.get(bar.title, ""): Decimal(bar.days) for bar in estimate.timeline}
    whole = _whole(shares)
    return [days.get(share.phase, Decimal(0)) * share.weight / whole[share.phase] if share.phase else Decimal(share.weight) for share in shares]


def _hours(shares: Sequence[StageShare], estimate: Estimate, contract: ContractBody) -> dict[str, Decimal]:
    """Hours by stage: those of its phase by weight; what belongs to no phase (management) goes along with the others."""
    whole, lines = _whole(shares), _lines(estimate, contract)
    by_phase: dict[str, Decimal] = {}
    for line in lines:
        by_phase[line.phase] = by_phase.get(line.phase, Decimal(0)) + line.hours.likely
    named = {share.stage: by_phase.get(share.phase, Decimal(0)) * share.weight / whole[share.phase] for share in shares if share.phase}
    total, placed = sum(by_phase.values(), Decimal(0)), sum(named.values(), Decimal(0))
    factor = total / placed if placed else Decimal(0)
    return {share.stage: (named.get(share.stage, Decimal(0)) * factor).quantize(Decimal("0.1")) for share in shares}


def _lines(estimate: Estimate, contract: ContractBody) -> list:
    taken = {option.slug for option in contract.options}
    return [*estimate.lines, *(option for option in estimate.options if option.slug in taken)]


def _whole(shares: Sequence[StageShare]) -> Mapping[str, Decimal]:
    whole: dict[str, Decimal] = {}
    for share in shares:
        whole[share.phase] = whole.get(share.phase, Decimal(0)) + share.weight
    return whole
