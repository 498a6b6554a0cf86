"""The table for spreadsheets: numbers are numbers, words are never formulas."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import performance_csv
from models.performance import Figures, RoleHours
from tests.studio import the_company
from tests.templates.report_samples import ROWS, a_row

COMPANY = the_company()


def read(rows: list[Figures]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(performance_csv.table(COMPANY, rows), newline="")))


def test_a_project_is_a_line_with_a_column_for_each_role() -> None:
    first, second, third = read(ROWS)
    assert (first["deal"], first["project"], first["client"], first["service"], first["closed_on"]) == (
        "42", "A corporate site for Hallam Oak", "Hallam Oak Ltd", "corporate-site", "2026-05-18",
    )  # fmt: skip
    assert (first["currency"], first["amount"], first["hours"], first["cost"], first["margin"], first["margin_percent"]) == (
        "EUR", "11890.00", "121.25", "5120.75", "6769.25", "56.9",
    )  # fmt: skip
    assert (first["hours_designer"], first["hours_editor"], first["hours_others"], first["working_days"], first["review"]) == ("40.42", "0.00", "0.00", "41", "5")
    assert (second["margin"], second["review"], third["strangers"]) == ("-320.50", "", "Zed Unknown")


def test_the_head_is_the_same_whatever_the_projects() -> None:
    heads = {performance_csv.table(COMPANY, rows).split("\r\n")[0] for rows in ([], ROWS[:1], ROWS)}
    assert len(heads) == 1
    [head] = heads
    assert head.startswith("deal,round,project,client,service,service_name,outcome,closed_on,currency,amount,hours,planned_hours,hours_project_manager,")
    assert head.endswith(",hours_others,cost,margin,margin_percent,working_days,calendar_days,waiting_days,rounds,manager,review,strangers")


def test_roles_that_no_setup_knows_any_more_are_with_the_others() -> None:
    [row] = read([a_row(roles=[RoleHours(role="juggler", hours=Decimal("1.5"), planned=Decimal(0)), RoleHours(role="others", hours=Decimal(2), planned=Decimal(0))])])
    assert row["hours_others"] == "3.50"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1", "＝1", "=cmd|' /C calc'!A0"])
def test_no_word_is_a_formula(text: str) -> None:
    [row] = read([a_row(project=text, client=text, manager=text, strangers=[text])])
    assert {row[name] for name in ("project", "client", "manager", "strangers")} == {f"'{text}"}


WORDS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(WORDS, WORDS, st.integers(-(10**9), 10**9))
def test_whatever_is_in_it_it_is_read_as_it_was_and_nothing_begins_like_a_formula(project: str, client: str, cents: int) -> None:
    [row] = read([a_row(project=project, client=client, amount=cents / 100)])
    assert row["project"].removeprefix("'") == project.removeprefix("'")
    assert not row["client"].lstrip(" ").startswith(("=", "+", "-", "@"))
    assert Decimal(row["amount"]) * 100 == cents
