"""Closing a project and a month, and what operators read of both."""

from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from models import keys, monthly, performances, report_links, wanted
from models.delivery_tables import ClosedMonth, Performance
from models.errors import Invalid, Missing, Refused
from models.stages import RunState, Stage
from models.tables import Deal, StageRun
from tasks import performances as steps
from tests.factories import a_deal
from tests.fakes import MONDAY
from tests.performing import a_closed_project, a_finished_project, cancelled, hours_on
from tests.projecting import a_project
from tests.tasks.stages import inside

JUNE = datetime(2026, 6, 1, 5, 0, tzinfo=UTC)


def test_a_project_that_is_over_is_counted_once_and_the_stage_ends(here) -> None:
    with here.db.writing() as session:
        deal = a_finished_project(session)
        hours_on(session, deal, "Hanna Lindqvist", 480)
    here.now.at = JUNE
    with inside(here, Stage.CLOSING, deal):
        first, again = steps.keep_row.fn(deal.id), steps.keep_row.fn(deal.id)
        steps.conclude_closing.fn()
    assert first == again
    with here.db.reading() as session:
        [kept] = session.exec(select(Performance))
        assert (kept.month, kept.closed_on, performances.as_kept(kept).hours) == ("2026-03", date(2026, 3, 23), 8)
        assert session.exec(select(StageRun.state).where(StageRun.stage == Stage.CLOSING)).all() == [RunState.DONE]
        assert wanted.live_of(session, deal.id) == []


def test_a_cancelled_project_is_counted_with_what_it_took(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, accepted=1)
        hours_on(session, deal, "Hanna Lindqvist", 480)
        cancelled(session, deal, at=MONDAY)
    with here_sqlite.db.reading() as session:
        row = performances.as_kept(session.get_one(Performance, steps.keep_row.fn(deal.id)))
    assert (row.outcome, row.hours, row.closed_on) == ("cancelled", 8, MONDAY.date())
    assert steps.row_page(here_sqlite, row).startswith(f"# {row.project}, Acme: cancelled\n\n| project |")


def test_what_has_no_project_cannot_be_counted(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
    with pytest.raises(Missing):
        steps.keep_row.fn(deal.id)


def test_the_months_that_are_over_are_closed_each_once(here) -> None:
    with here.db.writing() as session:
        a_closed_project(session)
    here.now.at = JUNE
    assert steps.months_to_close.fn() == ["2026-03", "2026-05"]
    assert [steps.close_month.fn(month) for month in steps.months_to_close.fn()] == ["2026-03 is closed: 1 project.", "2026-05 is closed: 0 projects."]
    assert steps.months_to_close.fn() == []
    with here.db.writing() as session:
        deal = session.exec(select(Deal)).one()
        hours_on(session, deal, "Marta Kowalska", 60)
    assert steps.close_month.fn("2026-03") == "2026-03 is closed: 1 project, restated since."
    with here.db.reading() as session:
        assert len(session.exec(select(ClosedMonth)).all()) == 2


def test_a_month_that_is_none_or_not_over_is_refused(here_sqlite) -> None:
    assert steps.months_to_close.fn("2026-02") == ["2026-02"]
    with pytest.raises(Invalid, match="write it like 2026-05"):
        steps.months_to_close.fn("May")
    with pytest.raises(Refused, match="is not over yet"):
        steps.close_month.fn("2026-03")


def test_operators_read_the_month_as_reported_and_as_known_now(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        kept = a_closed_project(session)
        open_ = monthly.report(session, here_sqlite.company, "2026-03", JUNE)
        monthly.close(session, here_sqlite.company, "2026-03", JUNE)
        same = monthly.report(session, here_sqlite.company, "2026-03", JUNE)
        hours_on(session, session.get_one(Deal, kept.deal_id), "Z|ed", 60)
        changed = monthly.report(session, here_sqlite.company, "2026-03", JUNE)
        empty = monthly.report(session, here_sqlite.company, "2026-02", JUNE)
    told = steps.month_page(here_sqlite, open_)
    assert "## As known on 2026-06-01; the month is not closed" in told
    assert "(deal 1)" in told
    assert "| 8.00 " in told
    told = steps.month_page(here_sqlite, same, "https://office.example/reports/x?month=2026-03")
    assert "[As a page](https://office.example/reports/x?month=2026-03)" in told
    assert told.count("| project |") == 1
    assert "## As known" not in told
    told = steps.month_page(here_sqlite, changed)
    assert told.count("| project |") == 2
    assert "What differs:\n\n- deal 1, " in told
    assert "hours, roles, strangers" in told
    assert r"studio.toml does not name Z\|ed: their hours are counted and cost nothing." in told
    assert "No project was closed." in steps.month_page(here_sqlite, empty)


def test_every_line_of_the_table_has_as_many_cells_as_its_head(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        a_closed_project(session)
        report = monthly.report(session, here_sqlite.company, "2026-03", JUNE)
    lines = [line for line in steps.month_page(here_sqlite, report).splitlines() if line.startswith("|")]
    assert len(lines) == 4
    assert {line.count("|") for line in lines} == {15}


def test_the_page_is_linked_where_somebody_may_read_it(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        assert report_links.everyones(session, here_sqlite.secret, JUNE) == []
        keys.add(session, "director", ["reports:read"], JUNE)
    assert steps.address_of(here_sqlite, "2026-03").startswith("https://office.example/reports/")
    assert steps.address_of(here_sqlite, "2026-03").endswith("?month=2026-03")
