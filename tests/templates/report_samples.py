"""Rows and pages of reports, with ordinary words in them; whatever does not matter is filled in."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from models import monthly
from models.money import Money
from models.performance import PerformanceRow, RoleHours, percent
from models.report_pages import MonthLink, PerformancePage, ProjectView, RoleCell
from models.views import View
from tests.templates.samples import CHROME

CLOSED_AT, LATER = datetime(2026, 6, 1, 5, 0, tzinfo=UTC), datetime(2026, 6, 19, 14, 30, tzinfo=UTC)
TITLES = {"project_manager": "Project manager", "designer": "Designer", "frontend": "Frontend developer", "others": "Others"}
PLANNED = {"project_manager": "12", "designer": "46", "frontend": "60.5"}


def eur(amount: float | str) -> Money:
    return Money.of_major(str(amount), "EUR")


def a_row(deal: int = 42, *, amount: float = 11_890, cost: float = 5_120.75, hours: str = "121.25", **values: Any) -> PerformanceRow:
    """A closed project."""
    roles = [RoleHours(role=role, hours=Decimal(hours) / 3, planned=Decimal(planned)) for role, planned in PLANNED.items()]
    roles = [role.model_copy(update={"hours": role.hours.quantize(Decimal("0.01"))}) for role in roles]
    margin = eur(amount) - eur(cost)
    defaults = {
        "deal": deal, "round": 1, "project": "A corporate site for Hallam Oak", "client": "Hallam Oak Ltd", "service": "corporate-site",
        "service_name": "Corporate site", "outcome": "completed", "closed_on": date(2026, 5, 18), "amount": eur(amount), "hours": Decimal(hours),
        "planned_hours": Decimal("118.5"), "roles": roles, "cost": eur(cost), "margin": margin, "margin_percent": percent(margin, eur(amount)),
        "working_days": 41, "calendar_days": 73, "waiting_days": 9, "rounds": 3, "manager": "Tomasz Zielinski", "review": 5, "strangers": [],
        "people": [],
    }  # fmt: skip
    return PerformanceRow(**defaults | values)


ROWS = [
    a_row(),
    a_row(57, project="The landing page of Brightwater", client="Brightwater", service="landing-page", service_name="Landing page", amount=3_400,
          cost=3_720.5, hours="88.5", planned_hours=Decimal(52), working_days=12, calendar_days=30, waiting_days=2, rounds=1, review=None),
    a_row(61, project="Shop for Ballycotton Coffee Roasters and Friends of the Harbour", client="Ballycotton Coffee", service="shop",
          service_name="Online shop", amount=1_200, cost=860, hours="21", outcome="cancelled", working_days=8, waiting_days=22, rounds=0, review=None,
          strangers=["Zed Unknown"]),
]  # fmt: skip


def a_page(**values: Any) -> PerformancePage:
    """The page of May 2026, closed and nothing changed since."""
    rows = values.pop("rows", ROWS)
    views = [
        ProjectView(now=row, was=row, roles=[RoleCell(role=one.role, hours=float(one.hours), planned=float(one.planned)) for one in row.roles]
                    + [RoleCell(role="others", hours=0, planned=0)])
        for row in rows
    ]  # fmt: skip
    sums = monthly.totals(rows, "EUR")
    months = [MonthLink(month="2026-06", name="June 2026"), MonthLink(month="2026-05", name="May 2026"), MonthLink(month="2026-04", name="April 2026")]
    defaults = {
        "chrome": CHROME, "path": "/reports/tok", "month": "2026-05", "name": "May 2026", "months": months, "counted_at": LATER,
        "reported_at": CLOSED_AT, "projects": views, "totals": sums, "was": sums, "role_titles": TITLES,
    }  # fmt: skip
    return PerformancePage(**defaults | values)


def a_restated_page() -> PerformancePage:
    """One project has other hours and a credit note since, one came later, somebody is unknown."""
    page = a_page()
    first, second, third = page.projects
    was = a_row(cost=4_800, hours="112", amount=12_390, review=None)
    changed = first.model_copy(update={"was": was, "changed": ["amount", "hours", "cost", "margin", "margin_percent", "review", "roles"]})
    projects = [changed, second.model_copy(update={"is_new": True}), third]
    return page.model_copy(update={"projects": projects, "was": monthly.totals([was, ROWS[2]], "EUR"), "is_restated": True, "strangers": ["Zed Unknown"]})


def report_pages() -> dict[str, tuple[str, View]]:
    """Every state of the pages of reports."""
    pages = {
        "performance": a_page(), "performance-restated": a_restated_page(), "performance-empty": a_page(rows=[]),
        "performance-open": a_page(reported_at=None, was=None, month="2026-06", name="June 2026"),
    }  # fmt: skip
    return {name: ("pages/performance.html", page) for name, page in pages.items()}
