"""Issues in Redmine that carry our key: found by it, made once for it. What tracker and desk have in common."""

from dataclasses import dataclass
from typing import Any

from models.errors import Refused
from tasks.gateways.redmine_line import RedmineLine
from tasks.gateways.redmine_records import Issue, Mark, name_of


@dataclass(frozen=True)
class NewIssue:
    """An issue to be made. `tracker` is Redmine's name for its kind; `more` are fields as Redmine calls them."""

    key: str
    tracker: str
    subject: str
    text: str
    more: dict[str, Any]


class RedmineIssues:
    """The issues of ours in one Redmine."""

    def __init__(self, line: RedmineLine, mark: Mark) -> None:
        self._line = line
        self._mark = mark

    def url(self, issue: Issue) -> str:
        """Where people see it."""
        return f"{self._line.url}/issues/{issue.id}"

    def ours(self, project: int | str, containing: str = "") -> dict[str, Issue]:
        """Our issues in a project by key, closed ones too; of twins, the older one. Raises Missing when there is no such project."""
        found: dict[str, Issue] = {}
        for issue in sorted(self._all(project, containing), key=lambda one: one.id):
            if key := self._mark.of(issue.description):
                found.setdefault(key, issue)
        return found

    def make(self, project: int | str, orders: list[NewIssue]) -> list[int]:
        """Make these issues; return their ids."""
        kinds = {one: self._line.named("/trackers.json", "trackers", one, "tracker") for one in dict.fromkeys(order.tracker for order in orders)}
        return [self._make(project, kinds[order.tracker], order) for order in orders]

    def drop_twins(self, project: int | str, made: list[int], containing: str = "") -> dict[str, Issue]:
        """Our issues in a project after some were made; of those, take back whatever somebody else had made a moment before.

        Redmine keeps no key unique. Two callers at once may both look, find nothing, and both make; each of them looks again
        afterwards, the oldest issue stays, and each takes back only what it made itself, when nobody can have worked on it yet.
        """
        stay = self.ours(project, containing)
        for issue in set(made) - {one.id for one in stay.values()}:
            self._line.act("DELETE", f"/issues/{issue}.json", f"take back issue {issue}, which was made twice")
        return stay

    def _all(self, project: int | str, containing: str) -> list[Issue]:
        """The filter only spares the reading of a long list: what is found is compared with the whole key."""
        asked = {"project_id": project, "subproject_id": "!*", "status_id": "*", "sort": "id"}
        asked |= {"description": f"~{containing}"} if containing else {}
        return self._line.pages("/issues.json", "issues", Issue, "show the issues of a project", asked)

    def _make(self, project: int | str, tracker: int, order: NewIssue) -> int:
        subject = name_of(order.subject, order.key)
        what = {"project_id": project, "tracker_id": tracker, "subject": subject, "description": self._mark.on(order.text, order.key)} | order.more
        told = self._line.act("POST", "/issues.json", f"make the issue “{subject[:60]}”", {"issue": what})
        made: Issue = self._line.read(Issue, told.get("issue"))
        if self._mark.of(made.description) != order.key:
            raise Refused(f"Redmine took issue {made.id} without its description, by which we know it: the tracker must have that field. Delete it.")
        return made.id
