"""The rate card: what each service is made of, what an hour costs, and when a manager must look."""

import hashlib
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.setup import Condition, Sentences, SetUp, Slug
from models.terms import PaymentStep

Percent = Annotated[Decimal, Field(ge=0, le=100)]


class HourRange(SetUp):
    """Hours of one unit of work, as three guesses."""

    low: Decimal = Field(gt=0)
    likely: Decimal = Field(gt=0)
    high: Decimal = Field(gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low <= self.likely <= self.high:
            raise ValueError("hours must be low ≤ likely ≤ high")
        return self

    def times(self, factor: Decimal | int) -> Self:
        """The hours of `factor` units."""
        return self.model_copy(update={"low": self.low * factor, "likely": self.likely * factor, "high": self.high * factor})


class Role(SetUp):
    """A trade in the studio; `price` is what the client pays an hour, net, in major units."""

    title: str
    price: Decimal = Field(gt=0)


class Overhead(SetUp):
    """Work that grows with all other work: `percent` of its hours, done by `role` in `phase` ("": spread over all phases)."""

    slug: Slug
    title: str
    description: str
    role: str
    percent: Percent
    phase: str = ""


class Component(SetUp):
    """A piece of work, counted by the brief.

    Its quantity is the answer to `driver` (a number, or how many were chosen), less `beyond`, in packs of `per`, times the
    answer to `times`.

    It is offered or included only `when` the condition holds. An `optional` one is an option to tick, unless `asked_if` says that
    the brief asked for it. Whatever it `needs` comes with it.
    """

    slug: Slug
    title: str
    description: str
    unit: str
    units: str = ""
    hours: HourRange
    role: str
    phase: str
    driver: str = ""
    times: str = ""
    default: int = Field(1, ge=0)
    beyond: int = Field(0, ge=0)
    per: int = Field(1, ge=1)
    when: Condition | None = None
    optional: bool = False
    asked_if: Condition | None = None
    needs: list[str] = []


class PhaseRule(SetUp):
    """A phase of the Gantt chart: how many work in it at once, the client's days to answer, days it may start before the last ends.

    `months` names a question: then the phase lasts that many months, whatever its hours.
    """

    slug: Slug
    title: str
    parallel: int = Field(1, ge=1, le=20)
    review: int = Field(0, ge=0, le=60)
    overlap: int = Field(0, ge=0, le=60)
    months: str = ""


class Branch(SetUp):
    """A page (or screen) of the first structure. `drawn_from` names a question whose answer becomes its children."""

    title: str
    note: str = ""
    when: Condition | None = None
    drawn_from: str = ""
    children: list["Branch"] = []


class Service(SetUp):
    """One thing the studio sells, with everything a proposal says of it that is not the client's own words."""

    name: str
    title: str
    price_model: Literal["fixed", "tm"] = "fixed"
    floor: Decimal = Field(gt=0)
    approval_above: Decimal | None = Field(None, gt=0)
    price_note: str = ""
    payments: list[PaymentStep] = []
    overheads: list[Slug] | None = Field(None, description="Which overheads of the card apply; all of them when missing.")
    phases: list[PhaseRule] = Field(min_length=1)
    components: list[Component] = Field(min_length=1)
    task: Sentences = []
    result: Sentences
    materials: Sentences = []
    exclusions: Sentences
    assumptions: Sentences
    structure: list[Branch] = Field(min_length=1)


class Approval(SetUp):
    """When an estimate waits for a manager; amounts in major units, percents of the likely total."""

    above: Decimal = Field(gt=0)
    uncertainty_percent: Decimal = Field(gt=0)
    discount_percent: Percent
    over_budget_percent: Decimal = Field(ge=0)
    budget_question: str = ""


class Rules(SetUp):
    """The part of the card that one estimate rests on; kept inside the estimate, so that it is recomputed after the card has changed."""

    version: str
    currency: str
    hours_a_day: Decimal
    roles: dict[str, Role]
    overheads: list[Overhead]
    approval: Approval
    slug: str
    service: Service

    @property
    def digest(self) -> str:
        """SHA-256 of the rules, in hexadecimal."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class RateCard(SetUp):
    """`rates.toml`: roles, overheads, approval and services, under one version."""

    version: str = Field(pattern=r"^\d{4}-\d{2}(-\d{2})?$")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    hours_a_day: Decimal = Field(gt=0, le=12)
    roles: dict[str, Role]
    overheads: list[Overhead] = []
    approval: Approval
    services: dict[Slug, Service] = Field(min_length=1)

    def rules(self, service: str) -> Rules:
        """What an estimate of `service` rests on. Raises KeyError for a service that is not sold."""
        sold = self.services[service]
        return Rules(
            version=self.version,
            currency=self.currency,
            hours_a_day=self.hours_a_day,
            roles=self.roles,
            overheads=[o for o in self.overheads if sold.overheads is None or o.slug in sold.overheads],
            approval=self.approval,
            slug=service,
            service=sold,
        )
