"""Reports over HTTP: JSON and CSV for machines, a page for whoever has its address."""

import csv
import io
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from api.guards import redact
from models import keys, monthly, report_links
from models.tables import ApiKey, Deal
from tests.api.conftest import SECRET, Entrance
from tests.api.test_machines import problem
from tests.performing import a_closed_project, hours_on
from tests.studio import the_company
from tests.templates.reading import Reading

JUNE = datetime(2026, 6, 1, 5, 0, tzinfo=UTC)
MARCH = "/api/reports/performance?month=2026-03"


def closed(door: Entrance, *, month: bool = True, later: bool = False) -> int:
    """A project that closed in March; the month closed too, and something that came later."""
    door.clock.at = JUNE
    with door.writing() as session:
        deal = a_closed_project(session).deal_id
        if month:
            monthly.close(session, the_company(), "2026-03", JUNE)
        if later:
            hours_on(session, session.get_one(Deal, deal), "=cmd()", 60)
    return deal


def page_of(door: Entrance, name: str = "director") -> str:
    """The address of a new key's page."""
    door.key("reports:read", name=name)
    with door.db.reading() as session:
        return dict(report_links.everyones(session, SECRET, door.clock()))[name]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_month_is_told_as_reported_and_as_known_now(each_door: Entrance) -> None:
    deal, reader = closed(each_door, later=True), each_door.key("reports:read")
    answer = each_door.http.get(MARCH, headers=reader)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["month"], told["reported"]["counted_at"], told["now"]["counted_at"]) == ("2026-03", "2026-06-01T05:00:00Z", "2026-06-01T05:00:00Z")
    [was], [now] = told["reported"]["projects"], told["now"]["projects"]
    assert was["cost"] == now["cost"] == {"amount": 32_800, "currency": "EUR"}
    assert (was["hours"], now["hours"], now["strangers"], now["deal"], now["review"]) == (8.0, 9.0, ["=cmd()"], deal, None)
    assert {"role": "designer", "hours": 8.0, "planned": pytest.approx(30, abs=20)} in now["roles"]
    assert told["differences"] == [{"deal": deal, "round": 1, "project": now["project"], "fields": ["hours", "roles", "strangers"]}]
    assert told["now"]["totals"]["projects"] == 1
    assert told["now"]["totals"]["margin"]["currency"] == "EUR"
    assert "people" not in now
    assert "hourly_cost" not in answer.text


def test_without_a_month_it_is_the_last_one_that_is_over_and_an_open_one_is_not_reported(door: Entrance) -> None:
    closed(door, month=False)
    reader = door.key("reports:read")
    told = door.http.get("/api/reports/performance", headers=reader).json()
    assert (told["month"], told["reported"], told["now"]["projects"], told["differences"]) == ("2026-05", None, [], [])
    assert door.http.get("/api/reports/performance?month=%202026-03%20", headers=reader).json()["now"]["totals"]["projects"] == 1


@pytest.mark.parametrize("month", ["2026-13", "May", "2026-5", "2026-05-01", "%00", "9999-01", "x" * 30])
def test_a_month_that_is_none_is_refused_with_a_sentence(door: Entrance, month: str) -> None:
    answer = door.http.get(f"/api/reports/performance?month={month}", headers=door.key("reports:read"))
    assert answer.status_code == 422
    assert problem(answer)


@pytest.mark.parametrize("asked", [{"query": "&format=csv"}, {"accept": "text/csv"}, {"accept": "text/csv;q=0.9, */*;q=0.1"}], ids=["format", "accept", "more"])
def test_csv_is_had_by_format_or_by_accept(door: Entrance, asked: dict[str, str]) -> None:
    closed(door, later=True)
    headers = door.key("reports:read") | ({"Accept": asked["accept"]} if "accept" in asked else {})
    answer = door.http.get(MARCH + asked.get("query", ""), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"] == 'attachment; filename="performance-2026-03.csv"'
    [row] = table(answer.text)
    assert (row["hours"], row["cost"], row["hours_designer"], row["hours_others"], row["strangers"]) == ("9.00", "328.00", "8.00", "1.00", "'=cmd()")
    assert not answer.text.startswith("\ufeff")


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/csv, application/json", "text/html"])
def test_json_is_what_else_is_told(door: Entrance, accept: str) -> None:
    answer = door.http.get(MARCH, headers=door.key("reports:read") | {"Accept": accept})
    assert answer.headers["content-type"] == "application/json"
    both = door.http.get(f"{MARCH}&format=json", headers=door.key("reports:read", name="b") | {"Accept": "text/csv"})
    assert both.headers["content-type"] == "application/json"


def test_the_table_can_be_had_as_it_was_reported(door: Entrance) -> None:
    closed(door, later=True)
    reader = door.key("reports:read")
    [row] = table(door.http.get(f"{MARCH}&format=csv&basis=reported", headers=reader).text)
    assert (row["hours"], row["strangers"]) == ("8.00", "")
    early = door.http.get("/api/reports/performance?month=2026-04&format=csv&basis=reported", headers=reader)
    assert early.status_code == 404
    assert "2026-04 is not closed yet" in problem(early)


def test_reports_are_told_only_by_the_keys_for_them(door: Entrance) -> None:
    others = door.key("deals:read", "money:read", "facts:write", "statements:write", "applications:write")
    assert door.http.get(MARCH, headers=others).status_code == 403
    assert door.http.get(MARCH).status_code == 401


# The page


def test_the_page_shows_what_is_known_now_and_names_what_differs(each_door: Entrance) -> None:
    closed(each_door, later=True)
    answer = each_door.http.get(f"{page_of(each_door)}?month=2026-03")
    assert answer.status_code == 200
    page = Reading(answer.text)
    assert page.unclosed == []
    for words in ("Performance, March 2026", "Reported on 1 June 2026", "reported 8", "As reported", "Hours by role", "€328.00", "=cmd()", "Tomasz Zielinski"):
        assert words in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "hourly" not in answer.text


def test_a_page_without_a_report_says_so_and_leads_to_the_months_there_are(door: Entrance) -> None:
    closed(door, month=False)
    path = page_of(door)
    last = door.http.get(path)
    assert "No project was closed in May 2026." in last.text
    for month in ("2026-06", "2026-05", "2026-03"):
        assert f'href="{path}?month={month}"' in last.text
    assert "The month is not closed" in door.http.get(f"{path}?month=2026-03").text
    assert 'aria-current="page">April 2026' in door.http.get(f"{path}?month=2026-04").text
    assert door.http.get(f"{path}?month=nonsense").status_code == 422


def test_the_page_gives_the_table_to_spreadsheets(door: Entrance) -> None:
    closed(door, later=True)
    path = page_of(door)
    links = [one["href"] for one in Reading(door.http.get(f"{path}?month=2026-03").text).all("a") if ".csv" in one.get("href", "")]
    now, reported = (door.http.get(link) for link in links)
    assert now.content.startswith(b"\xef\xbb\xbf")
    assert [table(one.text)[0]["hours"] for one in (now, reported)] == ["9.00", "8.00"]
    assert reported.headers["content-disposition"] == 'attachment; filename="performance-2026-03-reported.csv"'


def test_an_address_is_guessed_by_nobody_and_ends_with_its_key(door: Entrance) -> None:
    path = page_of(door)
    assert door.http.get(path).status_code == 200
    for wrong in (path[:-1], path.upper(), "/reports/x", "/reports/x.csv", f"{path}x.csv", "/reports/%00"):
        assert door.http.get(wrong).status_code == 404
    with door.writing() as session:
        assert session.exec(select(ApiKey)).one().used_at == door.clock()
        keys.revoke(session, "director", door.clock())
    assert door.http.get(path).status_code == 404
    assert door.http.get(f"{path}.csv").status_code == 404


def test_no_log_keeps_the_address_of_a_page() -> None:
    assert redact("GET /reports/abcdef.csv?month=2026-05 HTTP/1.1") == "GET /reports/….csv?month=2026-05 HTTP/1.1"
    assert redact("/api/reports/performance?month=2026-05") == "/api/reports/performance?month=2026-05"
