"""Reports: how closed projects did, for other systems and on a page for the studio's own people."""

from datetime import date
from typing import Annotated, Any, Literal

from babel.dates import format_date
from fastapi import APIRouter, Depends, Query, Request, Response

from api.access import MAY_SEE_REPORTS, problems
from api.door import Door, Here
from models import keys, monthly, performance_csv, report_links
from models.errors import Missing
from models.monthly import Monthly
from models.performance import Figures
from models.report_pages import MonthLink, PerformancePage, ProjectView, RoleCell
from models.tables import ApiKey

routes = APIRouter(prefix="/api/reports", tags=["reports"])
pages = APIRouter(include_in_schema=False)
Month = Annotated[str, Query(max_length=20, description="A month like 2026-05; empty: the last one that is over.")]
Format = Annotated[Literal["json", "csv"] | None, Query(description="csv gives the table for spreadsheets, as `Accept: text/csv` does.")]
Basis = Annotated[Literal["now", "reported"], Query(description="Of the CSV: as known now, or as reported when the month was closed.")]
CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
BOM = "\ufeff"
"""Without it spreadsheets take a downloaded file for some other encoding than UTF-8."""
MOST_MONTHS = 24


@routes.get(
    "/performance", summary="Read a month's closed projects", response_description="As reported, and as known now", response_model=Monthly,
    dependencies=[MAY_SEE_REPORTS], responses=CSV | problems(404),
)  # fmt: skip
def read(request: Request, here: Here, month: Month = "", format: Format = None, basis: Basis = "now") -> Any:  # noqa: A002
    """How the projects did that closed in a month: amount, hours, cost, margin, days, review. `reported` is null until the month is closed.

    404: the CSV as reported is asked for and the month is not closed.
    """
    report = report_of(here, month)
    if format == "csv" or (format is None and wants_csv(request.headers.get("accept", ""))):
        return csv_of(here, report, basis)
    return report


def wants_csv(accept: str) -> bool:
    """Whether a client asks for CSV and not for JSON."""
    kinds = {kind.partition(";")[0].strip().lower() for kind in accept.split(",")}
    return "text/csv" in kinds and "application/json" not in kinds


def report_of(here: Door, month: str) -> Monthly:
    """A month's report; the last month's for "". Raises Invalid for what is no month."""
    wanted = monthly.month_of(month.strip()) if month.strip() else monthly.before(here.company.studio.today(here.now()))
    with here.db.reading() as session:
        return monthly.report(session, here.company, wanted, here.now())


def csv_of(here: Door, report: Monthly, basis: str, start: str = "") -> Response:
    """A month's table for spreadsheets. Raises Missing when it is asked for as reported and was not reported."""
    if basis == "reported" and report.reported is None:
        raise Missing(f"{report.month} is not closed yet: there is nothing that was reported.")
    shown = report.reported if basis == "reported" and report.reported else report.now
    name = f"performance-{report.month}{'-reported' if basis == 'reported' else ''}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"}
    return Response(start + performance_csv.table(here.company, shown.projects), media_type="text/csv", headers=headers)


def reader(token: str, here: Here) -> ApiKey:
    """Whose address a page was opened by. Raises Missing for one that is nobody's."""
    with here.db.reading() as session:
        key = report_links.find(session, here.secret, token, here.now())
    if keys.is_news(key, here.now()):
        with here.db.writing() as session:
            keys.note_use(session, key.id or 0, here.now())
    return key


Reader = Depends(reader)


@pages.get("/reports/{token}.csv", dependencies=[Reader])
def download(here: Here, month: Month = "", basis: Basis = "now") -> Response:
    """The table of a month, to open in a spreadsheet."""
    return csv_of(here, report_of(here, month), basis, BOM)


@pages.get("/reports/{token}", dependencies=[Reader])
def show(token: str, here: Here, month: Month = "") -> Response:
    """A month's closed projects as a page."""
    report = report_of(here, month)
    with here.db.reading() as session:
        known = monthly.known_months(session, here.company, here.now())
    return here.page("pages/performance.html", view(here, f"{report_links.PATH}/{token}", report, known))


def view(here: Door, path: str, report: Monthly, known: list[str]) -> PerformancePage:
    """The page of a report."""
    was = {row.key: row for row in report.reported.projects} if report.reported else {}
    changed = {(one.deal, one.round): one.fields for one in report.differences}
    months = sorted({*known[:MOST_MONTHS], report.month}, reverse=True)
    roles = list(dict.fromkeys(one.role for row in report.now.projects for one in row.roles))
    return PerformancePage(
        chrome=here.chrome, path=path, month=report.month, name=name_of(here, report.month),
        months=[MonthLink(month=month, name=name_of(here, month)) for month in months], counted_at=report.now.counted_at,
        reported_at=report.reported.counted_at if report.reported else None, totals=report.now.totals,
        projects=[project(row, was.get(row.key), changed.get(row.key, []), roles) for row in report.now.projects],
        was=report.reported.totals if report.reported else None, is_restated=bool(report.differences),
        role_titles={role: "Others" if role == "others" else here.company.role_title(role) for role in roles},
        strangers=sorted({name for row in report.now.projects for name in row.strangers}),
    )  # fmt: skip


def project(now: Figures, was: Figures | None, changed: list[str], roles: list[str]) -> ProjectView:
    """A project's line, with a cell for each role of the page."""
    by_role = {one.role: RoleCell(role=one.role, hours=float(one.hours), planned=float(one.planned)) for one in now.roles}
    cells = [by_role.get(role, RoleCell(role=role, hours=0, planned=0)) for role in roles]
    return ProjectView(now=now, was=was or now, changed=changed if was else [], is_new="project" in changed and was is None, roles=cells)


def name_of(here: Door, month: str) -> str:
    """A month as people write it: "May 2026"."""
    year, number = map(int, month.split("-"))
    return format_date(date(year, number, 1), "LLLL y", locale=here.company.studio.locale)
