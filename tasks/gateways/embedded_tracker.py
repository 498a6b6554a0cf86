"""The tracker in our own tables: the default, where a studio has none. Hours come in by CSV or by an operator's form."""

import math
from collections.abc import Callable
from datetime import date, datetime

from sqlmodel import Session, col, select

from models.db import Database, serialise
from models.delivery_tables import Project, TimeEntry, TrackerIssue
from models.errors import Missing
from models.tracking import Entry, IssueOrder, IssueStatus, ProjectOrder, ProjectRef, issue_key, place_of, stage_of


class EmbeddedTracker:
    """Issues and hours beside the project's own row, which must be there before the tracker is asked for anything."""

    name = "embedded"

    def __init__(self, db: Database, now: Callable[[], datetime]) -> None:
        self._db = db
        self._now = now

    def open_project(self, order: ProjectOrder) -> ProjectRef:
        """The project of this order, with those of its issues made that are missing.

        Raises Missing when there is no such project, Unavailable when the database is busy (retried).
        """
        with self._db.writing() as session:
            serialise(session, order.key)
            project = _project(session, order.key)
            if project is None:
                raise Missing(f"There is no project of {order.key} yet: it is planned before it is tracked.")
            have = set(session.exec(select(TrackerIssue.key).where(TrackerIssue.project_id == project.id)))
            session.add_all([self._issue(project, issue) for issue in order.issues if issue.key not in have])
            return _ref(project)

    def statuses(self, ref: ProjectRef) -> list[IssueStatus]:
        """Where each issue of a project stands. Raises Missing when there is no such project."""
        with self._db.reading() as session:
            if session.get(Project, int(ref.id)) is None:
                raise Missing(f"There is no project {ref.id}.")
            found = session.exec(select(TrackerIssue).where(TrackerIssue.project_id == int(ref.id)).order_by(col(TrackerIssue.id)))
            return [IssueStatus.model_validate({"key": one.key, "stage": stage_of(one.key), "status": one.status}) for one in found]

    def entries(self, since: date, until: date) -> list[Entry]:
        """All hours of source `embedded` from `since` to `until`, both included: those that other trackers told are not its own."""
        own = (
            select(TimeEntry, Project)
            .join(Project, (col(Project.deal_id) == TimeEntry.deal_id) & (col(Project.round) == TimeEntry.round))
            .where(TimeEntry.source == self.name, col(TimeEntry.deleted_at).is_(None), TimeEntry.worked_on >= since, TimeEntry.worked_on <= until)
            .order_by(col(TimeEntry.id))
        )
        with self._db.reading() as session:
            return [_entry(entry, project) for entry, project in session.exec(own)]

    def find(self, key: str) -> ProjectRef | None:
        """The project with this key."""
        with self._db.reading() as session:
            project = _project(session, key)
            return _ref(project) if project else None

    def _issue(self, project: Project, order: IssueOrder) -> TrackerIssue:
        return TrackerIssue(
            project_id=project.id or 0, key=order.key, stage=order.stage, subject=order.subject, hours=math.ceil(order.hours), changed_at=self._now()
        )


def _project(session: Session, key: str) -> Project | None:
    deal, number = place_of(key)
    return session.exec(select(Project).where(Project.deal_id == deal, Project.round == number)).first()


def _ref(project: Project) -> ProjectRef:
    return ProjectRef(id=str(project.id))


def _entry(entry: TimeEntry, project: Project) -> Entry:
    return Entry(
        external_id=entry.external_id, project=_ref(project), issue_key=issue_key(project.deal_id, project.round, entry.stage) if entry.stage else "",
        stage=entry.stage, person=entry.person, role=entry.role, worked_on=entry.worked_on, minutes=entry.minutes, note=entry.note,
        changed_at=entry.changed_at,
    )  # fmt: skip
