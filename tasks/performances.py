"""Steps about performance: a project's row kept when it closes, a month's report kept when it is over, both as artifacts for operators."""

from collections.abc import Iterable

from prefect.artifacts import create_markdown_artifact

from models import monthly, performances, report_links
from models.delivery_tables import Performance
from models.markdown import plain
from models.monthly import Difference, Monthly, Report
from models.performance import Figures
from models.tables import Deal
from tasks import deals, runs
from tasks.step import step
from tasks.world import World, world

HEAD = (
    "| project | service | amount net | hours | planned | cost | margin | % | working days | calendar days | waiting | rounds | manager | review |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: |"
)


@step
def keep_row(deal_id: int) -> int:
    """Count a closed project and keep its row, once a round; return the row's id. Raises Missing when its work never began."""
    here = world()
    with here.db.writing() as session:
        return performances.keep(session, here.company, session.get_one(Deal, deal_id), here.now()).id or 0


@step
def show_row(row_id: int) -> None:
    """Keep a closed project's row as an artifact, where operators look."""
    here = world()
    with here.db.reading() as session:
        kept = session.get_one(Performance, row_id)
        shown = row_page(here, performances.as_kept(kept))
    create_markdown_artifact(shown, key=f"performance-deal-{kept.deal_id}", description=f"Performance of deal {kept.deal_id}")


@step
def conclude_closing() -> None:
    """End this stage: nothing comes after it."""
    with world().db.writing() as session:
        deals.finish(session, runs.current())


@step
def months_to_close(month: str = "") -> list[str]:
    """The months that are over and whose report is not kept yet, oldest first; or the one named. Raises Invalid for what is no month."""
    here = world()
    if month:
        return [monthly.month_of(month)]
    with here.db.reading() as session:
        return monthly.to_close(session, here.company, here.now())


@step
def close_month(month: str) -> str:
    """Keep a month's report as it is known now; one that was kept before stays as it was. Returns what is to be said of it.

    Raises Refused while the month is not over.
    """
    here = world()
    with here.db.writing() as session:
        monthly.close(session, here.company, month, here.now())
        report = monthly.report(session, here.company, month, here.now())
    count = report.reported.totals.projects if report.reported else 0
    return f"{month} is closed: {count} project{'' if count == 1 else 's'}{', restated since' if report.differences else ''}."


@step
def show_month(month: str) -> None:
    """Keep a month's report, as reported and as known now, as the artifact `performance-2026-05`."""
    here = world()
    with here.db.reading() as session:
        report = monthly.report(session, here.company, month, here.now())
    shown = month_page(here, report, address_of(here, month))
    create_markdown_artifact(shown, key=f"performance-{month}", description=f"Performance of {month}")


def address_of(here: World, month: str) -> str:
    """Where the oldest key that may read reports sees a month; "" where nobody may."""
    with here.db.reading() as session:
        links = report_links.everyones(session, here.secret, here.now())
    return f"{here.address}{links[0][1]}?month={month}" if links else ""


def row_page(here: World, row: Figures) -> str:
    """A project's row in Markdown."""
    locale = here.company.studio.locale
    roles = "\n".join(f"| {plain(here.company.role_title(one.role))} | {one.hours:.2f} | {one.planned:.2f} |" for one in row.roles)
    said = [f"# {plain(row.project)}, {plain(row.client)}: {row.outcome}", f"{HEAD}\n{_row(row, locale)}"]
    said += [f"| role | hours | planned |\n| --- | ---: | ---: |\n{roles}"] if roles else []
    return "\n\n".join([*said, *_strangers([row])])


def month_page(here: World, report: Monthly, address: str = "") -> str:
    """A month in Markdown: as reported, and as now where that differs; the totals below each table."""
    locale = here.company.studio.locale
    parts = [f"# Performance of {report.month}", *([f"[As a page]({address})"] if address else [])]
    if report.reported:
        parts += [f"## As reported on {report.reported.counted_at:%Y-%m-%d}", _table(report.reported, locale)]
    if report.differences:
        parts += [f"## As known on {report.now.counted_at:%Y-%m-%d}", _table(report.now, locale), _changed(report)]
    elif report.reported is None:
        parts += [f"## As known on {report.now.counted_at:%Y-%m-%d}; the month is not closed", _table(report.now, locale)]
    return "\n\n".join([*parts, *_strangers(report.now.projects)])


def _table(report: Report, locale: str) -> str:
    if not report.projects:
        return "No project was closed."
    sums = report.totals
    per_hour = f" ({sums.profit_per_hour.format(locale)} an hour)" if sums.profit_per_hour else ""
    last = (
        f"**{sums.projects} projects**", f"{sums.cancelled} cancelled", f"**{sums.amount.format(locale)}**", f"**{sums.hours:.2f}**",
        f"{sums.planned_hours:.2f}", f"**{sums.cost.format(locale)}**", f"**{sums.margin.format(locale)}**{per_hour}", _or_dash(sums.margin_percent),
        f"⌀ {sums.working_days}", f"⌀ {sums.calendar_days}", f"⌀ {sums.waiting_days}", f"⌀ {sums.rounds}", "", _or_dash(sums.review),
    )  # fmt: skip
    return "\n".join([HEAD, *(_row(row, locale) for row in report.projects), _cells(last)])


def _row(row: Figures, locale: str) -> str:
    return _cells((
        f"{plain(row.project)}, {plain(row.client)} (deal {row.deal})", plain(row.service_name), row.amount.format(locale), f"{row.hours:.2f}",
        f"{row.planned_hours:.2f}", row.cost.format(locale), row.margin.format(locale), _or_dash(row.margin_percent), row.working_days,
        row.calendar_days, row.waiting_days, row.rounds, plain(row.manager), _or_dash(row.review),
    ))  # fmt: skip


def _cells(values: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, values))} |"


def _or_dash(value: object) -> str:
    return "–" if value is None else str(value)


def _changed(report: Monthly) -> str:
    lines = [f"- deal {one.deal}, {plain(one.project)}: {_fields(one)}" for one in report.differences]
    return "\n".join(["What differs:", "", *lines])


def _fields(one: Difference) -> str:
    return "it was not in the report" if one.fields == ["project"] else ", ".join(one.fields).replace("_", " ")


def _strangers(rows: list[Figures]) -> list[str]:
    names = sorted({name for row in rows for name in row.strangers})
    return [f"studio.toml does not name {', '.join(map(plain, names))}: their hours are counted and cost nothing."] if names else []
