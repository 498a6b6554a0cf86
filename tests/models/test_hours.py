"""Hours against what their source tells: any history of edits ends with the table equal to the tracker."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import hours
from models.delivery_tables import Performance, Project, TimeEntry
from models.hours import AHEAD, BEFORE_WORK, LOOK_BACK, Changes, Told, Window
from models.tracking import Entry, ProjectRef, issue_key
from tests.factories import a_deal
from tests.fakes import MONDAY
from tests.studio import the_company

STUDIO = the_company().studio
TODAY = date(2026, 3, 2)
WINDOW = Window(TODAY - LOOK_BACK, TODAY + AHEAD)
ALWAYS = Window(date(2020, 1, 1), date(2030, 1, 1))


def told(number: str = "1", **values: Any) -> Told:
    defaults = {"deal_id": 42, "person": "Hanna Lindqvist", "role": "designer", "worked_on": TODAY, "minutes": 90, "changed_at": MONDAY}
    return Told(**{"external_id": number} | defaults | values)


def row(number: str = "1", **values: Any) -> TimeEntry:
    seen = values.pop("seen_at", MONDAY)
    deleted = values.pop("deleted_at", None)
    return TimeEntry(source="redmine", seen_at=seen, deleted_at=deleted, **told(number, **values).model_dump())


def entry(number: str = "1", *, project: str = "", key: str = "", **values: Any) -> Entry:
    defaults = {"person": "hanna@northlight.example", "worked_on": TODAY, "minutes": 90, "changed_at": MONDAY}
    return Entry(**{"external_id": number, "project": ProjectRef(id=project), "issue_key": key} | defaults | values)


def nothing(changes: Changes) -> bool:
    return changes == Changes([], [], [])


def test_what_is_told_first_is_new_and_told_again_changes_nothing() -> None:
    changes = hours.diff([], [told("1"), told("2")], MONDAY)
    assert [one.external_id for one in changes.new] == ["1", "2"]
    kept = hours.applied("redmine", changes, MONDAY)
    assert [(one.source, one.external_id, one.minutes, one.deleted_at) for one in kept] == [("redmine", "1", 90, None), ("redmine", "2", 90, None)]
    assert nothing(hours.diff(kept, [told("1"), told("2")], MONDAY))


@pytest.mark.parametrize(
    "changed",
    [
        {"minutes": 60}, {"worked_on": TODAY - timedelta(days=3)}, {"person": "Marta Kowalska"}, {"note": "second draft"}, {"stage": "design"},
        {"deal_id": 43}, {"deal_id": None}, {"round": 2}, {"role": "developer"},
    ],
    ids=lambda one: next(iter(one)),
)  # fmt: skip
def test_whatever_is_told_otherwise_is_restated(changed: dict[str, Any]) -> None:
    known, now = row(), told(changed_at=MONDAY + timedelta(hours=2), **changed)
    changes = hours.diff([known], [now], MONDAY)
    assert [one for _, one in changes.edited] == [now]
    hours.applied("redmine", changes, MONDAY + timedelta(hours=3))
    assert {name: getattr(known, name) for name in changed} == changed
    assert (known.changed_at, known.seen_at) == (MONDAY + timedelta(hours=2), MONDAY + timedelta(hours=3))
    assert nothing(hours.diff([known], [now], MONDAY + timedelta(hours=3)))


def test_what_is_told_no_more_is_gone_keeps_its_row_and_comes_back_when_it_is_told_again() -> None:
    known = row()
    hours.applied("redmine", hours.diff([known], [], MONDAY), MONDAY)
    assert (known.deleted_at, known.minutes) == (MONDAY, 90)
    assert nothing(hours.diff([known], [], MONDAY))
    hours.applied("redmine", hours.diff([known], [told(minutes=30)], MONDAY), MONDAY)
    assert (known.deleted_at, known.minutes) == (None, 30)


def test_a_reading_that_began_before_another_one_wrote_undoes_nothing() -> None:
    asked, later = MONDAY, MONDAY + timedelta(minutes=1)
    fresh, edited, deleted = row("1", seen_at=later), row("2", seen_at=later, minutes=10), row("3", seen_at=later, deleted_at=later)
    assert nothing(hours.diff([fresh, edited, deleted], [told("2"), told("3")], asked))


def test_of_an_entry_told_twice_the_last_word_counts() -> None:
    assert [one.minutes for one in hours.diff([], [told(minutes=1), told(minutes=2)], MONDAY).new] == [2]


@pytest.mark.parametrize(
    ("at", "since", "first"),
    [
        (MONDAY, None, TODAY - LOOK_BACK),
        (MONDAY.replace(hour=4), None, date(2025, 6, 2) - BEFORE_WORK),
        (MONDAY.replace(hour=4), TODAY, TODAY),
        (MONDAY, date(2024, 1, 1), date(2024, 1, 1)),
        # 03:30 in UTC is four o'clock in Dublin's summer
        (datetime(2026, 7, 1, 3, 30, tzinfo=UTC), None, date(2025, 6, 2) - BEFORE_WORK),
        (datetime(2026, 7, 1, 4, 30, tzinfo=UTC), None, date(2026, 7, 1) - LOOK_BACK),
    ],
)
def test_by_day_the_last_weeks_are_asked_for_and_at_night_whatever_may_still_change(at: datetime, since: date | None, first: date) -> None:
    found = hours.window(STUDIO, at, [date(2025, 6, 2), TODAY], since)
    assert found == Window(first, STUDIO.today(at) + AHEAD)


def test_without_projects_the_night_asks_for_the_last_weeks_too() -> None:
    assert hours.window(STUDIO, MONDAY.replace(hour=4), []).since == TODAY - LOOK_BACK


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Hanna Lindqvist", "Hanna Lindqvist"), ("  hanna   LINDQVIST ", "Hanna Lindqvist"), ("HANNA@northlight.example", "Hanna Lindqvist"),
        ("Hanna", None), ("", None), ("  ", None),
    ],
)  # fmt: skip
def test_people_are_known_by_name_or_address_however_they_are_written(said: str, name: str | None) -> None:
    found = hours.person(STUDIO, said)
    assert (found.name if found else None) == name


def test_an_entry_finds_its_deal_by_the_trackers_project_else_by_the_issues_key(here) -> None:
    with here.db.writing() as session:
        first, second = a_deal(session), a_deal(session)
        for deal, round_, ref in ((first, 1, "7"), (second, 2, "")):
            session.add(Project(deal_id=deal.id, round=round_, begins_on=TODAY, tracker="redmine", tracker_ref=ref, opened_at=MONDAY))
        session.flush()
        here_not = issue_key(999, 1, "design")
        entries = [
            entry("1", project="7", key=issue_key(second.id or 0, 2, "design"), stage="design"), entry("2", project="8", key=issue_key(second.id or 0, 2, "x")),
            entry("3", project="8", key=here_not), entry("4", project="8"), entry("5", project="7", person="Zed\x00 Unknown", note="a\x07b"),
            entry("6", project="7", role="intern", person="Zed"),
        ]  # fmt: skip
        found = hours.placed(session, STUDIO, "redmine", entries)
        assert [(one.deal_id, one.round) for one in found] == [(first.id, 1), (second.id, 2), (None, 1), (None, 1), (first.id, 1), (first.id, 1)]
        assert [one.role for one in found] == ["designer"] * 4 + ["", "intern"]
        assert (found[0].stage, found[4].person, found[4].note) == ("design", "Zed Unknown", "ab")
        assert [one.deal_id for one in hours.placed(session, STUDIO, "another", entries)] == [second.id, second.id, None, None, None, None]


def test_the_rows_of_the_days_and_of_the_ids_are_known_and_deleted_ones_do_not_count_as_work(here) -> None:
    with here.db.writing() as session:
        deal = a_deal(session)
        far = WINDOW.since - timedelta(days=1)
        session.add_all([
            row("1", deal_id=deal.id), row("2", deal_id=deal.id, worked_on=far, minutes=30), row("3", deal_id=deal.id, deleted_at=MONDAY),
            row("4", deal_id=deal.id, round=2), TimeEntry(source="embedded", seen_at=MONDAY, **told("1", deal_id=deal.id).model_dump()),
        ])  # fmt: skip
        session.flush()
        assert [one.external_id for one in hours.known(session, "redmine", WINDOW, [])] == ["1", "3", "4"]
        assert [one.external_id for one in hours.known(session, "redmine", WINDOW, ["2", "9"])] == ["1", "3", "4", "2"]
        assert [one.external_id for one in hours.known(session, "redmine", None, ["2"])] == ["2"]
        assert hours.minutes_of(session, deal.id or 0, 1) == sum(one.minutes for one in hours.of_deal(session, deal.id or 0, 1)) == 90 + 30 + 90
        assert hours.minutes_of(session, 4711, 1) == 0


def test_projects_closed_long_ago_are_not_read_whole_any_more(here) -> None:
    with here.db.writing() as session:
        for at, closed in enumerate((None, TODAY - timedelta(days=10), TODAY - timedelta(days=90))):
            deal = a_deal(session)
            session.add(Project(deal_id=deal.id, begins_on=TODAY - timedelta(days=100 + at), tracker="redmine", opened_at=MONDAY))
            if closed:
                session.add(Performance(deal_id=deal.id, closed_on=closed, month=f"{closed:%Y-%m}", made_at=MONDAY))
        session.flush()
        assert len(hours.begun(session, "redmine")) == 3
        assert hours.begun(session, "redmine", closed_since=TODAY - LOOK_BACK) == [TODAY - timedelta(days=100), TODAY - timedelta(days=101)]
        assert hours.begun(session, "embedded") == []


# Any history


@dataclass
class Books:
    """A tracker, and our table beside it, read as the step reads it."""

    theirs: dict[str, Told] = field(default_factory=dict)
    ours: dict[str, TimeEntry] = field(default_factory=dict)
    at: datetime = MONDAY

    def read(self, days: Window) -> Changes:
        self.at += timedelta(minutes=1)
        changes = self._diff(days)
        if changes.gone:
            changes = self._diff(ALWAYS)
        for one in hours.applied("redmine", changes, self.at):
            self.ours[one.external_id] = one
        return changes

    def _diff(self, days: Window) -> Changes:
        answer = [one for one in self.theirs.values() if holds(days, one.worked_on)]
        ids = {one.external_id for one in answer}
        known = [one for name, one in self.ours.items() if holds(days, one.worked_on) or name in ids]
        return hours.diff(known, answer, self.at)

    def live(self, days: Window) -> dict[str, tuple]:
        return shown(one for one in self.ours.values() if one.deleted_at is None and holds(days, one.worked_on))

    def told(self, days: Window) -> dict[str, tuple]:
        return shown(one for one in self.theirs.values() if holds(days, one.worked_on))


def holds(days: Window, day: date) -> bool:
    return days.since <= day <= days.until


def shown(rows: Iterable[Told | TimeEntry]) -> dict[str, tuple]:
    return {one.external_id: tuple(getattr(one, name) for name in hours.FIELDS) for one in rows}


NUMBERS = st.sampled_from([str(number) for number in range(6)])
VALUES = st.fixed_dictionaries({
    "minutes": st.integers(0, 3), "worked_on": st.sampled_from([TODAY + timedelta(days=day) for day in (-400, -60, -46, -45, -10, 0, 30, 366, 400)]),
    "person": st.sampled_from(["Hanna Lindqvist", "Zed"]), "deal_id": st.sampled_from([None, 42, 43]),
})  # fmt: skip
HISTORY = st.lists(st.one_of(st.tuples(st.just("put"), NUMBERS, VALUES), st.tuples(st.just("drop"), NUMBERS), st.tuples(st.just("read"))), max_size=30)


@given(HISTORY)
def test_after_any_history_the_window_is_the_trackers_and_a_second_reading_changes_nothing(history: list[tuple]) -> None:
    books = Books()
    for what, *more in [*history, ("read",)]:
        if what == "put":
            books.theirs[more[0]] = told(more[0], **more[1])
        elif what == "drop":
            books.theirs.pop(more[0], None)
        else:
            books.read(WINDOW)
    assert books.live(WINDOW) == books.told(WINDOW)
    assert nothing(books.read(WINDOW))
    books.read(ALWAYS)  # as at night
    assert books.live(ALWAYS) == books.told(ALWAYS)
    assert nothing(books.read(ALWAYS))


@given(HISTORY)
def test_no_row_is_ever_lost(history: list[tuple]) -> None:
    books, seen = Books(), set()
    for what, *more in history:
        if what == "put":
            books.theirs[more[0]] = told(more[0], **more[1])
        elif what == "drop":
            books.theirs.pop(more[0], None)
        else:
            books.read(WINDOW)
        seen |= set(books.ours)
    assert set(books.ours) == seen
