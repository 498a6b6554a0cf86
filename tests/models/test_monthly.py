"""A month closed: as reported for good, as known now beside it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from models import hours, monthly, performances
from models.delivery_tables import ClosedMonth
from models.errors import Invalid, Refused
from models.money import Money
from models.performance import Figures
from models.tables import Deal
from tests.fakes import MONDAY
from tests.performing import a_closed_project, hours_on
from tests.studio import the_company
from tests.templates.report_samples import ROWS, a_row, eur

COMPANY = the_company()
APRIL = datetime(2026, 4, 1, 5, 0, tzinfo=UTC)


def test_the_sums_and_averages_of_a_month_by_hand() -> None:
    sums = monthly.totals(ROWS, "EUR")
    assert (sums.projects, sums.completed, sums.cancelled) == (3, 2, 1)
    assert (sums.amount, sums.cost, sums.margin) == (eur(16_490), eur("9701.25"), eur("6788.75"))
    assert (sums.margin_percent, sums.hours, sums.planned_hours) == (Decimal("41.2"), Decimal("230.75"), 289)
    assert sums.profit_per_hour == eur("29.42")  # 6788.75 / 230.75 = 29.4204
    assert (sums.working_days, sums.calendar_days, sums.waiting_days, sums.rounds, sums.review) == (
        Decimal("20.3"), Decimal("58.7"), Decimal("11.0"), Decimal("1.3"), Decimal("5.0"),
    )  # fmt: skip


def test_a_month_without_projects_has_no_averages() -> None:
    sums = monthly.totals([], "EUR")
    assert (sums.projects, sums.amount, sums.hours, sums.profit_per_hour, sums.working_days, sums.margin_percent) == (0, eur(0), 0, None, None, None)


def test_projects_in_another_currency_are_counted_and_not_summed() -> None:
    foreign = a_row(7, hours="10").model_copy(update={name: Money(amount=100, currency="GBP") for name in ("amount", "cost", "margin")})
    sums = monthly.totals([ROWS[0], foreign], "EUR")
    assert (sums.projects, sums.amount, sums.hours) == (2, eur(11_890), Decimal("131.25"))
    assert sums.profit_per_hour == Money(amount=round(sums.margin.amount / Decimal("121.25")), currency="EUR")


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 3000)), max_size=12))
def test_whatever_the_projects_the_sums_agree_with_the_rows(figures: list[tuple[int, int, int]]) -> None:
    rows = [a_row(deal, amount=amount / 100, cost=cost / 100, hours=str(Decimal(many) / 4)) for deal, (amount, cost, many) in enumerate(figures)]
    sums = monthly.totals(rows, "EUR")
    assert sums.amount.amount == sum(row.amount.amount for row in rows)
    assert sums.margin.amount == sum(row.margin.amount for row in rows) == sums.amount.amount - sums.cost.amount
    assert sums.hours == sum((row.hours for row in rows), Decimal(0))


@pytest.mark.parametrize("text", ["2026-05", "2000-01", "2100-12"])
def test_a_month_is_written_like_2026_05(text: str) -> None:
    assert monthly.month_of(text) == text


@pytest.mark.parametrize("text", ["", "2026", "2026-5", "2026-13", "2026-00", "1999-12", "0000-01", "2026-05-01", "05-2026", "２０２６-05", "2026-1a", " 2026-05", "-026-05"])
def test_anything_else_is_no_month(text: str) -> None:
    with pytest.raises(Invalid, match="write it like 2026-05"):
        monthly.month_of(text)


@pytest.mark.parametrize(("day", "before"), [(date(2026, 1, 1), "2025-12"), (date(2026, 3, 31), "2026-02"), (date(2026, 12, 5), "2026-11")])
def test_the_month_before_and_after_one(day: date, before: str) -> None:
    assert monthly.before(day) == before
    assert monthly.after(before) == f"{day:%Y-%m}"


def test_every_field_that_differs_is_named_and_a_project_that_came_later() -> None:
    was = a_row(cost=4_800, review=None)
    found = monthly.differences([was, ROWS[2]], ROWS)
    assert [(one.deal, one.fields) for one in found] == [(42, ["cost", "margin", "margin_percent", "review"]), (57, ["project"])]
    assert monthly.differences(ROWS, ROWS) == []


@pytest.mark.parametrize("field", sorted(Figures.model_fields.keys() - {"deal", "round"}))
def test_no_difference_is_overlooked(field: str) -> None:
    now = {
        "closed_on": date(2026, 5, 19), "margin_percent": None, "review": None, "roles": [], "outcome": "cancelled", "strangers": ["x"],
        **dict.fromkeys(("amount", "cost", "margin"), eur(1)), **dict.fromkeys(("hours", "planned_hours"), Decimal(1)),
        **dict.fromkeys(("working_days", "calendar_days", "waiting_days", "rounds"), 99),
    }  # fmt: skip
    changed = now.get(field, "another")
    [found] = monthly.differences([ROWS[0]], [ROWS[0].model_copy(update={field: changed})])
    assert found.fields == [field]


def test_a_closed_month_stays_as_it_was_reported_and_shows_what_is_known_now(here) -> None:
    with here.db.writing() as session:
        kept = a_closed_project(session, days=20)
        deal = session.get_one(Deal, kept.deal_id)
        monthly.close(session, COMPANY, "2026-03", APRIL)
        report = monthly.report(session, COMPANY, "2026-03", APRIL)
        assert report.differences == []
        assert report.reported == report.now
        hours_on(session, deal, "Marta Kowalska", 60, on=date(2026, 3, 30))
    with here.db.writing() as session:
        monthly.close(session, COMPANY, "2026-03", APRIL + timedelta(days=40))
        later = monthly.report(session, COMPANY, "2026-03", APRIL + timedelta(days=40))
        assert later.reported == report.reported
        assert later.now.totals.hours == 9
        assert later.now.totals.cost == eur(8 * 41 + 45)
        assert [(one.deal, one.fields) for one in later.differences] == [(kept.deal_id, ["hours", "roles", "cost", "margin", "margin_percent"])]
        assert len(session.exec(select(ClosedMonth)).all()) == 1


def test_what_came_between_closing_the_project_and_the_month_is_in_the_months_report(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        kept = a_closed_project(session, days=20)
        hours_on(session, session.get_one(Deal, kept.deal_id), "Marta Kowalska", 60)
        monthly.close(session, COMPANY, "2026-03", APRIL)
        report = monthly.report(session, COMPANY, "2026-03", APRIL)
        assert report.reported.totals.hours == 9
        assert performances.as_kept(kept).hours == 8


def test_a_project_whose_row_came_after_the_month_was_closed_is_known_now(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        monthly.close(session, COMPANY, "2026-03", APRIL)
        kept = a_closed_project(session, days=20)
        report = monthly.report(session, COMPANY, "2026-03", APRIL)
        assert (report.reported.totals.projects, report.now.totals.projects) == (0, 1)
        assert [(one.deal, one.fields) for one in report.differences] == [(kept.deal_id, ["project"])]


def test_a_report_names_nobodys_costs(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        kept = a_closed_project(session, days=20)
        closed = monthly.close(session, COMPANY, "2026-03", APRIL)
        assert "people" in kept.body
        assert "hourly_cost" not in str(closed.body)
        assert "hourly_cost" not in monthly.report(session, COMPANY, "2026-03", APRIL).model_dump_json()


@pytest.mark.parametrize(
    ("now", "is_over"),
    [
        (datetime(2026, 3, 31, 22, 59, tzinfo=UTC), False), (datetime(2026, 3, 31, 23, 0, tzinfo=UTC), True),  # midnight in Dublin's summer
        (datetime(2026, 2, 28, 12, 0, tzinfo=UTC), False), (datetime(2027, 1, 1, 0, 0, tzinfo=UTC), True),
    ],
)  # fmt: skip
def test_a_month_is_closed_only_when_it_is_over_at_the_studio(here_sqlite, now: datetime, is_over: bool) -> None:
    with here_sqlite.db.writing() as session:
        if is_over:
            assert monthly.close(session, COMPANY, "2026-03", now).month == "2026-03"
        else:
            with pytest.raises(Refused, match="2026-03 is not over yet: it can be closed from 2026-04-01 on"):
                monthly.close(session, COMPANY, "2026-03", now)


def test_months_that_were_missed_are_closed_too_and_none_before_the_first(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        assert monthly.to_close(session, COMPANY, APRIL) == ["2026-03"]
        a_closed_project(session, days=20)
        june = datetime(2026, 6, 1, 5, 0, tzinfo=UTC)
        assert monthly.to_close(session, COMPANY, june) == ["2026-03", "2026-05"]
        monthly.close(session, COMPANY, "2026-05", june)
        assert monthly.to_close(session, COMPANY, june) == ["2026-03"]
        assert monthly.known_months(session, COMPANY, june) == ["2026-06", "2026-05", "2026-03"]


def test_a_project_without_hours_is_in_the_report_as_well(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        kept = a_closed_project(session, days=20)
        for entry in hours.of_deal(session, kept.deal_id, 1):
            entry.deleted_at = MONDAY
        report = monthly.report(session, COMPANY, "2026-03", APRIL)
        assert (report.now.totals.hours, report.now.totals.profit_per_hour, report.reported) == (0, None, None)
