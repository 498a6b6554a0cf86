"""What the pages of reports show."""

from datetime import datetime

from models.monthly import Totals
from models.performance import Figures
from models.views import Page, View


class MonthLink(View):
    """A month that can be looked at; `month` is 2026-05, `name` as people write it."""

    month: str
    name: str


class RoleCell(View):
    """Hours of a role, worked and planned, in the column `role`."""

    role: str
    hours: float
    planned: float


class ProjectView(View):
    """A project as it is known now. `was` is how it was reported; `changed` names the fields that differ, `is_new` one that came later."""

    now: Figures
    was: Figures
    changed: list[str] = []
    is_new: bool = False
    roles: list[RoleCell] = []


class PerformancePage(Page):
    """`pages/performance.html`. GET `path`?month=2026-05; `path`.csv?month=2026-05[&basis=reported] gives the table.

    `role_titles` are the columns of the hours by role. `was` are the totals as reported, None while the month is not closed.
    """

    path: str
    month: str
    name: str
    months: list[MonthLink]
    counted_at: datetime
    reported_at: datetime | None = None
    projects: list[ProjectView]
    totals: Totals
    was: Totals | None = None
    is_restated: bool = False
    role_titles: dict[str, str] = {}
    strangers: list[str] = []
