"""Closing: what a project brought and what it took, kept on the day that it is over; and the month's report.

    completed, paid, handed over ──▶ hours read once more ──▶ counted ──▶ its row
                       cancelled ──▶┘
    a month is over ──▶ its projects counted ──▶ as reported, for good
"""

from typing import Annotated

from prefect.logging import get_run_logger
from pydantic import Field

from flows.brief import DealId
from models.stages import Stage
from tasks import hours, performances
from tasks.operation import chore
from tasks.stage import stage

Month = Annotated[str, Field(max_length=7, description="A month like 2026-05. Empty: every one that is over and not closed.")]


@stage(
    Stage.CLOSING,
    description="""The project is over: reads its hours once more, counts its performance (amount, hours by role, cost, margin, days, rounds) and
keeps the row as it is today; the artifact performance-deal-… shows it. It waits for nobody; while the tracker is away it tries again by
itself. **When it fails** mend what the log names and press Retry: a row is kept once.""",
)
def closing(deal_id: DealId) -> None:
    """Count one project that is over. Safe to replay from the first line."""
    hours.read_project(deal_id)
    row_id = performances.keep_row(deal_id)
    performances.show_row(row_id)
    performances.conclude_closing()


@chore(
    name="close-month",
    description="""Keeps the month's report: the projects closed in it, their sums and averages, as they are known on the day it runs. By itself it
runs on the first of each month at six. Later changes leave what was reported; the artifact performance-2026-05, the page and
`GET /api/reports/performance` show both. Run again it changes nothing.""",
)
def close_month(month: Month = "") -> None:
    """Close a month, or every one that is over."""
    for one in performances.months_to_close(month):
        get_run_logger().info(performances.close_month(one))
        performances.show_month(one)
