"""The project in the task tracker: what is ordered there, and its statuses told as facts."""

from sqlmodel import Session, col, select

from models import inbox, projects
from models.delivery_answers import StageReady
from models.delivery_tables import Project, TrackerIssue
from models.effects import EffectState
from models.errors import Refused
from models.project_plan import LAUNCH
from models.tables import Deal, Effect
from models.tracking import IssueOrder, IssueStatus, ProjectOrder, ProjectRef, issue_key, project_key
from tasks.effects import Act, Done
from tasks.step import step
from tasks.world import World, world

OPEN = ("production", "paused")
READY = ("ready", "closed")
EMBEDDED = "embedded"
"""Our own tables tell nothing that we do not know."""


def order_of(session: Session, deal: Deal) -> ProjectOrder:
    """The project of a deal's round as the tracker is asked for it: an issue for each stage, with its hours and days."""
    stand = projects.stand(session, deal)
    plan, number, round_ = stand.plan, deal.id or 0, deal.round
    issues = [
        IssueOrder(
            key=issue_key(number, round_, stage.slug), stage=stage.slug, subject=stage.title, description="\n\n".join(stage.told),
            hours=stage.hours, starts_on=stage.starts_on, due_on=stage.ends_on,
        )
        for stage in plan.stages
    ]  # fmt: skip
    return ProjectOrder(key=project_key(number, round_), name=f"{plan.title} (deal {number})"[:200], description=plan.service_name, issues=issues)


def opening(here: World, deal_id: int, order: ProjectOrder) -> Act:
    """The effect that makes a project in the tracker; whoever finds it half done looks it up there and completes it."""

    def done(ref: ProjectRef) -> Done:
        """What the ledger keeps of the project."""
        return Done(said=f"project {ref.id} in {here.tracker.name}", result={"id": ref.id, "url": ref.url})

    return Act(
        key=order.key, kind="tracker", what="project", deal_id=deal_id, act=lambda: done(here.tracker.open_project(order)),
        ask=lambda: done(here.tracker.open_project(order)) if here.tracker.find(order.key) else None,
    )  # fmt: skip


def refuse(effect: Effect) -> None:
    """Fail the stage over an effect that did not come about, with what the vendor said."""
    state = "Nobody knows whether it happened" if effect.state == EffectState.UNKNOWN else "It was refused"
    raise Refused(f"{effect.what} ({effect.key}): {state}. {effect.said}")


@step
def read_statuses() -> list[str]:
    """Tell what the tracker says of the stages under way: an issue that becomes ready there is the manager's word. Return what was told.

    A project that the tracker hides or has lost is said in a sentence, and keeps no other from being read. Raises Unavailable (retried).
    """
    here, told = world(), []
    if here.tracker.name == EMBEDDED:
        return told
    with here.db.reading() as session:
        under_way = [project for project in _under_way(session) if project.tracker == here.tracker.name and project.tracker_ref]
    for project in under_way:
        try:
            issues = here.tracker.statuses(ProjectRef(id=project.tracker_ref, url=project.tracker_url))
        except Refused as wrong:
            told.append(f"deal {project.deal_id}: {wrong}")
            continue
        fresh = [issue for issue in issues if issue.stage != LAUNCH and _tell(here, project, issue)]
        told += [f"deal {project.deal_id}: {issue.stage} is {issue.status}" for issue in fresh]
    here.nudge()
    return told


def _under_way(session: Session) -> list[Project]:
    mine = select(Project).join(Deal, (col(Deal.id) == Project.deal_id) & (col(Deal.round) == Project.round))
    return list(session.exec(mine.where(col(Deal.work).in_(OPEN))))


def _tell(here: World, project: Project, issue: IssueStatus) -> bool:
    """The manager's word that a stage is ready, each time its issue becomes so: after changes it goes back and comes again."""
    with here.db.writing() as session:
        deal = session.get_one(Deal, project.deal_id, with_for_update=True)
        seen = session.exec(select(TrackerIssue).where(TrackerIssue.key == issue.key)).first()
        if seen is None:
            seen = TrackerIssue(project_id=project.id or 0, key=issue.key, stage=issue.stage, subject=issue.stage, changed_at=here.now())
        was, seen.status, seen.changed_at = seen.status, issue.status, here.now()
        session.add(seen)
        stage = projects.stand(session, deal).current
        is_news = issue.status in READY and was not in READY
        if not is_news or stage is None or stage.slug != issue.stage or stage.place not in {"working", "changes"}:
            return False
        answer, key = StageReady(stage=issue.stage), f"{issue.key}/ready/{stage.version + 1}"
        who = here.tracker.name
        return inbox.tell(session, project.deal_id, answer, source=who, external_id=key, actor=f"machine:{who}", now=here.now())[1]
