"""What every tracker of ours must do, asked of all: our own tables, a fake Redmine, and Debian's."""

from datetime import date, timedelta

import pytest

from models.db import Database
from models.errors import Invalid, Missing, Refused
from models.tracking import IssueOrder, ProjectOrder, ProjectRef, issue_key, place_of, project_key, stage_of
from tests.tasks.gateways.trackers import STAGES, EmbeddedRig, Rig, an_order, both_at_once, log_many

DAY = date(2026, 3, 4)


def opened(rig: Rig, **over) -> tuple[ProjectOrder, ProjectRef]:
    order = rig.order(**over)
    return order, rig.tracker.open_project(order)


def entries(rig: Rig, ref: ProjectRef, since: date = DAY, until: date = DAY) -> list:
    return [entry for entry in rig.tracker.entries(since, until) if entry.project == ref]


# Projects


def test_a_project_is_made_with_its_issues_in_order(rig: Rig) -> None:
    order, ref = opened(rig)
    assert rig.see(ref).issues == ["Specification", "Design", "Html"]
    assert rig.tracker.find(order.key) == ref


def test_it_is_made_once_however_often_it_is_asked_for(rig: Rig) -> None:
    order, ref = opened(rig)
    assert {rig.tracker.open_project(order).id for _ in range(3)} == {ref.id}
    seen = rig.see(ref)
    assert (seen.many, len(seen.issues)) == (1, 3)


def test_what_is_missing_is_completed(rig: Rig) -> None:
    order = rig.order()
    ref = rig.tracker.open_project(order.model_copy(update={"issues": order.issues[:1]}))
    rig.tracker.open_project(order)
    rig.remove(ref, order.issues[0].key)
    assert rig.tracker.open_project(order) == ref
    assert sorted(rig.see(ref).issues) == ["Design", "Html", "Specification"]


def test_an_order_without_issues_is_a_project(rig: Rig) -> None:
    _, ref = opened(rig, issues=[])
    assert rig.see(ref).issues == []
    assert rig.tracker.statuses(ref) == []


def test_what_was_never_opened_is_not_found(rig: Rig) -> None:
    assert rig.tracker.find(project_key(999_999_999, 1)) is None


def test_two_projects_whose_keys_begin_alike_are_two(rig: Rig) -> None:
    one, two = opened(rig)[1], opened(rig)[1]
    assert one != two
    assert rig.see(one).many == rig.see(two).many == 1


@pytest.mark.parametrize(
    "name",
    [
        "O'Brien & \"Söhne\" <b>'; DROP TABLE issues;--", "🎉 Рынок 👩🏽‍🚀", "شركة الأمل \u202eabc", "x" * 300, "two\nlines\tand\x00more",
        "%_\\ ~ *bold* {{macro}} [[wiki]] #1 r1", "[studio: deal/1/r1/tracker]",
    ],
    ids=["quotes", "emoji", "turned", "long", "lines", "signs", "our own line"],
)  # fmt: skip
def test_any_name_is_taken(rig: Rig, name: str) -> None:
    order = rig.order(name=name, description=name)
    issues = [{"key": one.key, "stage": one.stage, "subject": name, "description": name} for one in order.issues]
    order = ProjectOrder.model_validate({"key": order.key, "name": name, "description": name, "issues": issues})
    ref = rig.tracker.open_project(order)
    assert rig.tracker.open_project(order) == ref
    assert len(rig.see(ref).issues) == 3
    assert [one.key for one in rig.tracker.statuses(ref)] == [one.key for one in order.issues]


def test_two_callers_at_once_make_one_project(rig: Rig) -> None:
    order = rig.order()
    first, second = both_at_once(lambda: rig.tracker.open_project(order))
    assert first == second
    seen = rig.see(first)
    assert (seen.many, sorted(seen.issues)) == (1, ["Design", "Html", "Specification"])


def test_two_callers_at_once_make_one_project_in_either_database(db: Database) -> None:
    test_two_callers_at_once_make_one_project(EmbeddedRig(db))


# Statuses


def test_a_status_is_told_in_our_words(rig: Rig) -> None:
    order, ref = opened(rig)
    for status in ("started", "ready", "closed", "new"):
        rig.set(ref, order.issues[1].key, rig.statuses[status])
        told = {one.key: (one.stage, one.status) for one in rig.tracker.statuses(ref)}
        assert told == {one.key: (one.stage, status if one is order.issues[1] else "new") for one in order.issues}


def test_an_issue_that_was_deleted_is_told_no_more(rig: Rig) -> None:
    order, ref = opened(rig)
    rig.remove(ref, order.issues[0].key)
    assert [one.stage for one in rig.tracker.statuses(ref)] == list(STAGES[1:])


def test_a_project_that_is_not_there_has_no_statuses(rig: Rig) -> None:
    with pytest.raises(Missing, match=r"\.$"):
        rig.tracker.statuses(ProjectRef(id="999999999"))


# Hours


def test_hours_are_told_with_stage_person_day_and_note(rig: Rig) -> None:
    order, ref = opened(rig)
    on_stage = rig.log(ref, order.issues[1].key, DAY, 95, "Buttons “round” 🎨")
    on_project = rig.log(ref, "", DAY, 20)
    told = {entry.external_id: entry for entry in entries(rig, ref)}
    assert set(told) == {on_stage, on_project}
    one, other = told[on_stage], told[on_project]
    assert (one.issue_key, one.stage, one.person, one.role) == (order.issues[1].key, "design", rig.person, "")
    assert (one.worked_on, one.minutes, one.note) == (DAY, 95, "Buttons “round” 🎨")
    assert one.changed_at.utcoffset() == timedelta(0)
    assert (other.issue_key, other.stage, other.minutes, other.note) == ("", "", 20, "")


def test_minutes_come_back_as_they_went(rig: Rig) -> None:
    order, ref = opened(rig)
    went = {rig.log(ref, order.issues[0].key, DAY, minutes): minutes for minutes in (1, 5, 7, 20, 59, 100, 1439)}
    assert {entry.external_id: entry.minutes for entry in entries(rig, ref)} == went


def test_the_window_includes_both_days_and_nothing_else(rig: Rig) -> None:
    order, ref = opened(rig)
    by_day = {DAY + timedelta(days=step): rig.log(ref, order.issues[0].key, DAY + timedelta(days=step), 60) for step in range(-2, 3)}
    told = entries(rig, ref, DAY - timedelta(days=1), DAY + timedelta(days=1))
    assert {entry.external_id for entry in told} == {number for day, number in by_day.items() if abs((day - DAY).days) <= 1}
    assert entries(rig, ref, DAY + timedelta(days=1), DAY - timedelta(days=1)) == []


def test_an_entry_is_told_as_it_is_now(rig: Rig) -> None:
    order, ref = opened(rig)
    number = rig.log(ref, order.issues[0].key, DAY, 60, "first")
    rig.edit(number, minutes=90, note="second")
    assert [(one.external_id, one.minutes, one.note) for one in entries(rig, ref)] == [(number, 90, "second")]
    rig.edit(number, worked_on=DAY + timedelta(days=3))
    assert entries(rig, ref) == []
    assert [one.external_id for one in entries(rig, ref, DAY, DAY + timedelta(days=3))] == [number]
    rig.delete(number)
    assert entries(rig, ref, DAY, DAY + timedelta(days=3)) == []


def test_a_window_of_many_pages_is_complete(rig: Rig) -> None:
    order, ref = opened(rig)
    logged = [number for step, issue in enumerate(order.issues) for number in log_many(rig, ref, issue.key, DAY + timedelta(days=step), 86)]
    told = entries(rig, ref, DAY, DAY + timedelta(days=4))
    assert sorted(entry.external_id for entry in told) == sorted(logged)
    assert {(entry.stage, entry.worked_on.day) for entry in told} == {("specification", 4), ("design", 5), ("html", 6)}



# Keys


def test_a_key_tells_its_deal_its_round_and_its_stage() -> None:
    assert place_of(project_key(42, 2)) == place_of(issue_key(42, 2, "design")) == (42, 2)
    assert stage_of(issue_key(42, 2, "design")) == "design"
    assert stage_of(project_key(42, 2)) == ""
    with pytest.raises(Invalid, match="deal/42/r1/tracker"):
        place_of("invoice/7")


def test_an_issue_whose_key_names_another_stage_is_no_order() -> None:
    with pytest.raises(ValueError, match="does not name the stage"):
        IssueOrder(key=issue_key(42, 1, "design"), stage="html", subject="Pages")


def test_our_own_tables_know_only_projects_that_are_planned(db: Database) -> None:
    with pytest.raises(Refused, match="planned before it is tracked"):
        EmbeddedRig(db).tracker.open_project(an_order())


def test_hours_that_another_tracker_told_are_not_our_own(db: Database) -> None:
    rig = EmbeddedRig(db)
    order, ref = opened(rig)
    number = rig.log(ref, order.issues[0].key, DAY, 60)
    rig.edit(number, source="redmine")
    assert entries(rig, ref) == []
