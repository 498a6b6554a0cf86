"""The task tracker: the seam between us and whoever keeps issues and hours. Chosen from settings by `tasks.world`."""

from datetime import date
from typing import Protocol

from models.tracking import Entry, IssueStatus, ProjectOrder, ProjectRef


class Tracker(Protocol):
    """Whoever keeps issues and hours.

    Every method raises Unavailable when the tracker is away (retried), Refused when it says no or is not set up for us. `name` is the
    source of its hours.
    """

    name: str

    def open_project(self, order: ProjectOrder) -> ProjectRef:
        """The project of this order with all of its issues; what is there already, by our keys, is left as it is.

        So it may be asked again after anything: a lost answer, a death half-way, beside another caller.
        """
        ...

    def statuses(self, ref: ProjectRef) -> list[IssueStatus]:
        """Where each of our issues stands; one that was deleted is not among them."""
        ...

    def entries(self, since: date, until: date) -> list[Entry]:
        """All hours on projects of ours that were worked from `since` to `until`, both included; complete, or an error."""
        ...

    def find(self, key: str) -> ProjectRef | None:
        """The project with this key, whether or not all of its issues were made; None when there is none."""
        ...
