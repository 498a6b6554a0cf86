"""Projects, issues and hours in a Redmine. A project is known by its identifier, which follows from our key, and by our line in it."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx

from models.errors import Refused
from models.tracking import Entry, IssueOrder, IssueStatus, ProjectOrder, ProjectRef, Status, stage_of
from tasks.gateways.redmine_issues import NewIssue, RedmineIssues
from tasks.gateways.redmine_line import RedmineLine, no_such
from tasks.gateways.redmine_records import Issue, IssueStatusName, Mark, Project, RedmineNames, TimeEntry, name_of

_CHUNK = 100
_ACTIVE_OR_CLOSED = "1|5"


class RedmineTracker:
    """The Redmine at `url`, with the API key of a user who may make projects and issues in it and see everybody's hours."""

    name = "redmine"

    def __init__(
        self, url: str, api_key: str, names: RedmineNames | None = None, *, timeout: float = 20.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._names = names or RedmineNames()
        self._line = RedmineLine(url, api_key, timeout=timeout, transport=transport)
        self._mark = Mark(self._names.word)
        self._issues = RedmineIssues(self._line, self._mark)

    def __repr__(self) -> str:
        return f"RedmineTracker({self._line.url})"

    def open_project(self, order: ProjectOrder) -> ProjectRef:
        """The project of this order, with those of its issues made that are missing.

        Raises Refused when the identifier is somebody else's, or a name of the settings is not Redmine's; Unavailable as everywhere.
        """
        project = self._find(order.key) or self._make(order)
        have = self._issues.ours(project.id)
        missing = [self._new(issue) for issue in order.issues if issue.key not in have]
        if missing:
            self._issues.drop_twins(project.id, self._issues.make(project.id, missing))
        return self._ref(project)

    def find(self, key: str) -> ProjectRef | None:
        """The project with this key. Raises Refused when it is archived, or no longer says that it is ours."""
        project = self._find(key)
        return self._ref(project) if project else None

    def statuses(self, ref: ProjectRef) -> list[IssueStatus]:
        """Where each of our issues in a project stands. Raises Missing when the project is gone."""
        meaning = self._meaning()
        found = self._issues.ours(ref.id)
        return [
            IssueStatus(key=key, stage=stage_of(key), status=meaning.get(issue.status.id, "started"), url=self._issues.url(issue))
            for key, issue in found.items()
        ]

    def entries(self, since: date, until: date) -> list[Entry]:
        """All hours on our projects from `since` to `until`, both included, in minutes.

        Time on a subtask counts for the stage above it. Hours of an archived project are hidden by Redmine: `find` then refuses.
        """
        self._line.check_key()
        listed = self._line.pages("/projects.json", "projects", Project, "show its projects", {"status": _ACTIVE_OR_CLOSED})
        ours = {project.id: self._ref(project) for project in listed if self._mark.is_ours(project.identifier)}
        asked = {"from": since.isoformat(), "to": until.isoformat(), "sort": "created_on"}
        logged = self._line.pages("/time_entries.json", "time_entries", TimeEntry, "show everybody's hours", asked)
        own = [entry for entry in logged if entry.project.id in ours]
        keys = self._keys({entry.issue.id for entry in own if entry.issue})
        return [_entry(entry, ours[entry.project.id], keys.get(entry.issue.id, "") if entry.issue else "") for entry in own]

    def _ref(self, project: Project) -> ProjectRef:
        return ProjectRef(id=str(project.id), url=f"{self._line.url}/projects/{project.identifier}")

    def _find(self, key: str) -> Project | None:
        name = self._mark.identifier(key)
        told = self._line.look(f"/projects/{name}.json", f"show the project {name}")
        if told is None:
            self._line.check_key()
            return None
        found: Project = self._line.read(Project, told.get("project"))
        if self._mark.of(found.description) != key:
            raise Refused(
                f"Redmine's project {name} (“{found.name[:60]}”) does not say that it is ours. If it is, put the line "
                f"{self._mark.line(key)} at the end of its description; if not, give it another identifier."
            )
        return found

    def _make(self, order: ProjectOrder) -> Project:
        identifier = self._mark.identifier(order.key)
        what = {
            "name": name_of(order.name, identifier), "identifier": identifier, "is_public": False,
            "description": self._mark.on(order.description, order.key),
        }  # fmt: skip
        try:
            told = self._line.act("POST", "/projects.json", "make a project", {"project": what})
        except Refused:
            # Somebody may have made it between our look and our word: then Redmine says that the identifier is taken.
            if found := self._find(order.key):
                return found
            raise
        return self._oldest(self._line.read(Project, told.get("project")), order.key)

    def _oldest(self, made: Project, key: str) -> Project:
        """Redmine compares identifiers before it writes, so two at once may both be taken: the older one stays, ours is taken back."""
        asked = {"status": _ACTIVE_OR_CLOSED, "description": f"~{key}"}
        listed = self._line.pages("/projects.json", "projects", Project, "show its projects", asked)
        first = min((one for one in listed if one.identifier == made.identifier), key=lambda one: one.id, default=made)
        if first.id < made.id:
            self._line.act("DELETE", f"/projects/{made.id}.json", f"take back project {made.id}, which was made twice")
            return first
        return made

    def _new(self, order: IssueOrder) -> NewIssue:
        days = {"start_date": order.starts_on, "due_date": order.due_on}
        more: dict[str, Any] = {name: day.isoformat() for name, day in days.items() if day}
        more |= {"estimated_hours": float(order.hours)} if order.hours else {}
        return NewIssue(order.key, self._names.stage, order.subject, order.description, more)

    def _meaning(self) -> dict[int, Status]:
        told = self._line.act("GET", "/issue_statuses.json", "read its status names")
        have: list[IssueStatusName] = self._line.read(list[IssueStatusName], told.get("issue_statuses"))
        known = {one.name.casefold() for one in have}
        if unknown := next((name for name in self._names.statuses if name.casefold() not in known), ""):
            raise Refused(no_such("status", unknown, [one.name for one in have]))
        named = {name.casefold(): status for name, status in self._names.statuses.items()}
        open_ones: dict[int, Status] = {one.id: "new" if one is have[0] else "started" for one in have}
        return {one.id: named.get(one.name.casefold(), "closed" if one.is_closed else open_ones[one.id]) for one in have}

    def _keys(self, wanted: set[int]) -> dict[int, str]:
        """Our key by issue: its own, or that of the nearest issue above it which has one."""
        seen: dict[int, Issue] = {}
        while asked := sorted(wanted - set(seen)):
            for start in range(0, len(asked), _CHUNK):
                ids = ",".join(map(str, asked[start : start + _CHUNK]))
                found = self._line.pages("/issues.json", "issues", Issue, "show issues", {"issue_id": ids, "status_id": "*", "sort": "id"})
                seen |= {one.id: one for one in found}
            above = {seen[one].parent for one in asked if one in seen and not self._mark.of(seen[one].description)}
            wanted = {parent.id for parent in above if parent}
        return {one: self._key(one, seen) for one in seen}

    def _key(self, issue: int, seen: Mapping[int, Issue]) -> str:
        at = seen.get(issue)
        while at and not self._mark.of(at.description):
            at = seen.get(at.parent.id) if at.parent else None
        return self._mark.of(at.description) if at else ""


def _entry(entry: TimeEntry, project: ProjectRef, key: str) -> Entry:
    return Entry(
        external_id=str(entry.id), project=project, issue_key=key, stage=stage_of(key), person=entry.user.name if entry.user else "",
        worked_on=entry.spent_on, minutes=round(entry.hours * 60), note=entry.comments or "", changed_at=entry.updated_on,
    )  # fmt: skip
