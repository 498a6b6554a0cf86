"""Projects: opened when the first money is in, and where one stands: read from its plan, its facts and its deal, never stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session, col, select

from models import contract_state, documents, facts
from models.company import Company
from models.contract import ContractBody
from models.delivery_answers import DateMoved
from models.delivery_tables import Project
from models.errors import Missing
from models.estimates import Estimate
from models.project_plan import MaterialPlan, ProjectPlan, make
from models.stage_state import MaterialStand, Offer, StageStand, material_stand, stage_stand
from models.studio import Staff
from models.tables import Deal, Fact

START = "start"


@dataclass(frozen=True)
class Stand:
    """Where a project stands. `facts` are those of its round, oldest first."""

    project: Project
    plan: ProjectPlan
    deal: Deal
    stages: list[StageStand]
    materials: list[MaterialStand]
    facts: list[Fact] = field(default_factory=list)

    @property
    def current(self) -> StageStand | None:
        """The first stage of production that is not accepted; None when all are."""
        return next((stage for stage in self.stages if stage.place != "accepted"), None)

    @property
    def accepted(self) -> list[StageStand]:
        """The stages accepted so far, in order."""
        return [stage for stage in self.stages if stage.place == "accepted"]

    @property
    def changes(self) -> list[Offer]:
        """The changes that the client took, in the order in which they were."""
        taken = [offer for stage in self.stages for offer in stage.offers if offer.taken]
        return sorted(taken, key=lambda offer: (offer.at or self.project.opened_at, offer.number))

    @property
    def days(self) -> int:
        """Working days in all: what was agreed, what changes added, what the studio asked for besides."""
        asked = sum(int(fact.payload["days"]) for fact in self.facts if fact.kind == DateMoved.kind)
        return self.plan.days + sum(offer.offered.days for offer in self.changes) + asked

    def stage(self, slug: str) -> StageStand:
        """A stage of production by name. Raises Missing for one that the project does not have."""
        found = next((stage for stage in self.stages if stage.slug == slug), None)
        if found is None:
            raise Missing(f'The project of deal {self.deal.id} has no stage "{slug}"; it has {", ".join(one.slug for one in self.stages)}.')
        return found

    def material(self, slug: str) -> MaterialStand:
        """A material by name. Raises Missing for one that the checklist does not have."""
        found = next((one for one in self.materials if one.slug == slug), None)
        if found is None:
            raise Missing(f'The checklist of deal {self.deal.id} has no "{slug}"; it has {", ".join(one.slug for one in self.materials)}.')
        return found

    def needed_for(self, before: str) -> list[MaterialStand]:
        """The materials that a stage needs ("" or "start": the beginning of the work)."""
        return [one for one in self.materials if one.plan.before == before.replace(START, "")]


def open_project(session: Session, company: Company, deal: Deal, *, begins_on: date, now: datetime) -> Project:
    """The project of a deal's round: the one there is, or a new one planned from its contract and estimate.

    Raises Missing before there is a contract.
    """
    known = find(session, deal)
    if known:
        return known
    studio = company.studio
    plan = make(
        company.delivery, contract_of(session, deal), estimate_of(session, deal), begins_on=begins_on, country=studio.holidays, hours=studio.office
    )
    project = Project(
        deal_id=deal.id or 0, round=deal.round, manager=choose_manager(session, company, deal).email, begins_on=begins_on,
        plan=plan.model_dump(mode="json"), opened_at=now,
    )  # fmt: skip
    session.add(project)
    session.flush()
    return project


def choose_manager(session: Session, company: Company, deal: Deal) -> Staff:
    """Who leads the project: of those who do this service, whoever leads the fewest that are under way; the first of the file where equal."""
    studio = company.studio
    people = studio.with_role("project_manager", deal.service) or studio.with_role("project_manager")
    led = select(Project.manager).join(Deal).where(Deal.round == Project.round, col(Deal.work).in_(UNDER_WAY))
    load = list(session.exec(led))
    return min(people, key=lambda person: load.count(person.email))


UNDER_WAY = ("kickoff", "materials", "production", "launch", "paused", "completed")


def find(session: Session, deal: Deal) -> Project | None:
    """The project of a deal's round, once work has begun."""
    return session.exec(select(Project).where(Project.deal_id == deal.id, Project.round == deal.round)).first()


def of(session: Session, deal: Deal) -> Project:
    """The project of a deal's round. Raises Missing before work has begun."""
    found = find(session, deal)
    if found is None:
        raise Missing(f"The work of deal {deal.id} has not begun.")
    return found


def stand(session: Session, deal: Deal) -> Stand:
    """Where the project of a deal's round stands. Raises Missing before work has begun."""
    project = of(session, deal)
    start = facts.subject(deal.id or 0, deal.round, "")
    mine = [fact for fact in facts.of_deal(session, deal.id or 0) if fact.subject.startswith(start)]
    return stand_of(project, deal, mine)


def stand_of(project: Project, deal: Deal, mine: Sequence[Fact]) -> Stand:
    """Where a project stands by the facts of its round, oldest first. Pure."""
    plan = ProjectPlan.model_validate(project.plan)
    about: dict[str, list[Fact]] = {}
    for fact in mine:
        about.setdefault(fact.subject, []).append(fact)

    def told(noun: str, slug: str) -> list[Fact]:
        """What was told of one item, in order."""
        return about.get(facts.subject(deal.id or 0, deal.round, f"{noun}/{slug}"), [])

    items: list[MaterialPlan] = plan.materials
    return Stand(
        project=project, plan=plan, deal=deal, stages=[stage_stand(stage, told("stage", stage.slug)) for stage in plan.production],
        materials=[material_stand(item, told("material", item.slug)) for item in items], facts=list(mine),
    )  # fmt: skip


def contract_of(session: Session, deal: Deal) -> ContractBody:
    """The contract that the work rests on. Raises Missing before there is one."""
    document = contract_state.of_round(session, deal)
    if document is None:
        raise Missing(f"Deal {deal.id} has no contract yet.")
    return ContractBody.model_validate(document.body)


def estimate_of(session: Session, deal: Deal) -> Estimate:
    """The estimate that the contract rests on. Raises Missing without one."""
    document = documents.latest(session, deal.id or 0, "estimate")
    if document is None:
        raise Missing(f"Deal {deal.id} has no estimate.")
    return Estimate.model_validate(document.body)
