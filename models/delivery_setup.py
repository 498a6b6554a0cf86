"""`delivery.toml`: the stages of each service, what clients are told about them, what is asked of them, and what comes after."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from models.delivery_letters import DELIVERY_NEEDS
from models.service_checks import blank_problems
from models.setup import Answer, SetUp, Slug

if TYPE_CHECKING:
    from models.company import Company

FILE = "delivery.toml"
LAUNCH = "launch"
"""The last stage of every service: the checklist, the act of acceptance and the end."""
LADDERS = (
    "materials", "materials-late", "material-review", "stage-ready", "stage-approval", "stage-changes", "change-price", "change-offer",
    "launch", "act", "act-faults", "training", "access", "review",
)  # fmt: skip


class StageText(SetUp):
    """One kind of production stage. `told`: what the client looks at when it is shown; `asks`: what it will ask of them.

    Without `approval` it ends by the project manager's word alone.
    """

    title: str = Field(min_length=1, max_length=80)
    told: list[str] = Field(min_length=1)
    asks: str = ""
    approval: bool = True


class StageShare(SetUp):
    """A stage in a service's order: the phase of rates.toml whose days and hours it takes, or a share of them by `weight`."""

    stage: Slug
    phase: str = ""
    weight: int = Field(1, ge=1, le=100)


class NextStep(SetUp):
    """A service offered when this one is completed. `answers` fill its brief; {slug} takes an answer of the brief that was built from.

    `note` stands in its letter. `greeting` and `task` begin the proposal, since nobody filled in a brief; their blanks are the new brief's.
    """

    service: Slug
    answers: dict[str, Answer] = {}
    note: str = Field(min_length=1)
    greeting: str = ""
    task: list[str] = []


class ServiceDelivery(SetUp):
    """How one service is delivered: its stages in order (launch comes last by itself), and what is offered after it."""

    stages: list[StageShare] = Field(min_length=1)
    launch: list[str] = Field(default=[], description="Its own launch checklist; empty: the general one.")
    next: list[NextStep] = []


class MaterialRule(SetUp):
    """When a material is needed: its sentence has one of `words`; `before` names the stage, "" the start of the work."""

    words: list[str] = Field(min_length=1)
    before: str = ""
    hint: str = ""


class Course(SetUp):
    """The letters on what happens after launch. `consent` asked: only to who said yes; soft: to every client until they say no."""

    letters: list[Slug] = Field(min_length=4, max_length=6)
    gap: int = Field(2, ge=1, le=30, description="Working days between two letters that were not spent waiting for the client.")
    consent: Literal["asked", "soft"] = "asked"


class Training(SetUp):
    """The training that support gives: how long, what about, when it may begin, and how many slots are offered."""

    title: str
    minutes: int = Field(60, ge=15, le=480)
    place: str
    starts: list[time] = Field(min_length=1)
    days_ahead: int = Field(2, ge=1, le=30, description="Working days between the offer and the first slot.")
    slots: int = Field(6, ge=1, le=30)


class Hours(SetUp):
    """When the manager is warned: hours above `warn_percent` of what the done share of the plan may have cost.

    The first `from_percent` of a plan are taken as one: so early nobody can tell.
    """

    warn_percent: int = Field(115, ge=100, le=400)
    from_percent: int = Field(20, ge=0, le=100)


class Delivery(SetUp):
    """`delivery.toml`, whole. Texts of the welcome may hold {manager}, {first_stage}, {promised_on}."""

    welcome: list[str] = Field(min_length=1)
    stages: dict[Slug, StageText] = Field(min_length=1)
    services: dict[Slug, ServiceDelivery] = Field(min_length=1)
    materials: list[MaterialRule] = []
    launch: list[str] = Field(min_length=1)
    access: list[str] = Field(min_length=1)
    course: Course
    training: Training
    hours: Hours = Hours()

    @model_validator(mode="after")
    def _no_stage_is_called_launch(self) -> Self:
        if LAUNCH in self.stages:
            raise ValueError('a stage may not be called "launch": that one comes last by itself')
        return self


WELCOME_WORDS = {"manager", "first_stage", "promised_on"}
LAUNCHED_WORDS = {"launched_url", "starts_on"}
"""Blanks in the answers of a next step that no brief has."""
OFFER_WORDS = {"client_name", "client_company", "salesperson", "built"}
"""Blanks in its greeting and task: `built` is the name of the service that was delivered."""


def problems_of(company: Company) -> Iterator[str]:
    """What is wrong with the delivery's set-up, as "file: key: reason"."""
    delivery, services = company.delivery, company.rates.services
    for place, text in enumerate(delivery.welcome):
        yield from (f"{FILE}: {problem}" for problem in blank_problems(f"welcome.{place}", text, WELCOME_WORDS))
    for slug in services.keys() - delivery.services.keys():
        yield f"{FILE}: services.{slug}: rates.toml sells this service, and nothing says how it is delivered"
    for slug, one in delivery.services.items():
        if slug not in services:
            yield f"{FILE}: services.{slug}: rates.toml has no such service"
            continue
        yield from (f"{FILE}: services.{slug}.{problem}" for problem in _service(company, slug, one))
    yield from (f'{FILE}: materials.{n}.before: there is no stage "{rule.before}"' for n, rule in enumerate(delivery.materials)
                if rule.before and rule.before not in {*delivery.stages, LAUNCH})  # fmt: skip
    yield from (f'{FILE}: course.letters: there is no letter "{name}" of a course' for name in delivery.course.letters
                if name not in DELIVERY_NEEDS or not name.startswith("course-") or name == "course-invitation")  # fmt: skip
    yield from (f"ladders.toml: {name}: this ladder is missing" for name in LADDERS if name not in company.ladders)
    if not company.studio.with_role("support"):
        yield "studio.toml: people: nobody has the role support, to whom clients are handed over"


def _service(company: Company, slug: str, one: ServiceDelivery) -> Iterator[str]:
    known, phases = company.delivery.stages, {phase.slug for phase in company.rates.services[slug].phases}
    named = [share.stage for share in one.stages]
    for share in one.stages:
        if share.stage not in known:
            yield f'stages: there is no stage "{share.stage}"; stages are {", ".join(known)}'
        if named.count(share.stage) > 1:
            yield f'stages: "{share.stage}" is there twice'
        if share.phase and share.phase not in phases:
            yield f'stages: there is no phase "{share.phase}"; phases are {", ".join(sorted(phases))}'
    for offer in one.next:
        if offer.service not in company.rates.services:
            yield f'next: there is no service "{offer.service}"'
        elif {slug, offer.service} <= company.briefs.keys():  # a missing brief is named elsewhere
            yield from (f"next.{problem}" for problem in _offer(company, slug, offer))


def _offer(company: Company, slug: str, offer: NextStep) -> Iterator[str]:
    questions, was = company.briefs[offer.service].by_slug(), company.briefs[slug].by_slug()
    for name, given in offer.answers.items():
        if name not in questions:
            yield f'answers: the brief of {offer.service} has no question "{name}"'
        if isinstance(given, str):
            yield from blank_problems(f"answers.{name}", given, {*was, *LAUNCHED_WORDS})
    for name, text in [("greeting", offer.greeting), *(("task", line) for line in offer.task)]:
        yield from blank_problems(name, text, {*questions, *OFFER_WORDS})
