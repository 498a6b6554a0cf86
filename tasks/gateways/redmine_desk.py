"""The support desk in a Redmine: each ticket an issue of its Support tracker, known by our line in it."""

import httpx

from models.errors import Missing, Refused
from models.tracking import Ticket, TicketRef
from tasks.gateways.redmine_issues import NewIssue, RedmineIssues
from tasks.gateways.redmine_line import RedmineLine
from tasks.gateways.redmine_records import Issue, Mark, RedmineNames


class RedmineDesk:
    """The project `project` of the Redmine at `url`."""

    can_ask = True

    def __init__(
        self, url: str, api_key: str, project: str = "support", names: RedmineNames | None = None,
        *, timeout: float = 20.0, transport: httpx.BaseTransport | None = None,
    ) -> None:  # fmt: skip
        self._names = names or RedmineNames()
        self._project = project
        self._line = RedmineLine(url, api_key, timeout=timeout, transport=transport)
        self._issues = RedmineIssues(self._line, Mark(self._names.word))

    def __repr__(self) -> str:
        return f"RedmineDesk({self._line.url}, {self._project})"

    def open_ticket(self, ticket: Ticket) -> TicketRef:
        """The issue with this key, made unless it is there.

        Raises Refused when there is no such project, tracker or priority in Redmine, Unavailable when it is away (retried).
        """
        if found := self.find(ticket.key):
            return found
        text = "\n\n".join(part for part in (f"Client: {ticket.client}" if ticket.client else "", ticket.body) if part)
        made = self._issues.make(self._project, [NewIssue(ticket.key, self._names.ticket, ticket.subject, text, self._priority(ticket))])
        return self._ref(self._issues.drop_twins(self._project, made, ticket.key)[ticket.key])

    def find(self, key: str) -> TicketRef | None:
        """The issue with this key, open or closed."""
        try:
            found = self._issues.ours(self._project, key).get(key)
        except Missing:
            said = f"Redmine has no project “{self._project}” that our key may see"
            raise Refused(f"{said}. Put its identifier into STUDIO_REDMINE_OPTIONS.") from None
        if found is None:
            self._line.check_key()
            return None
        return self._ref(found)

    def _ref(self, issue: Issue) -> TicketRef:
        return TicketRef(id=str(issue.id), url=self._issues.url(issue))

    def _priority(self, ticket: Ticket) -> dict[str, int]:
        """Nothing for a normal one: Redmine has a default of its own."""
        name = self._names.priorities.get(ticket.priority)
        return {"priority_id": self._line.named("/enumerations/issue_priorities.json", "issue_priorities", name, "priority")} if name else {}
