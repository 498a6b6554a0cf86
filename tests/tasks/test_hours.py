"""Steps about hours: the tracker read again, what is gone looked for twice, managers warned once a stage."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models import hours as rules
from models.delivery_tables import Project, TimeEntry
from models.errors import Refused, Unavailable
from models.tables import Deal, Effect
from models.tracking import Entry, ProjectOrder, ProjectRef, issue_key, project_key
from models.tracks import Work
from tasks import hours, letters
from tasks import world as the_world
from tasks.world import World
from tests.fakes import MONDAY, RecordingTracker
from tests.performing import hours_on
from tests.projecting import a_project, a_shown_stage, an_accepted_stage, plan_of

TODAY = MONDAY.date()
DAY = timedelta(days=1)


def beside(here: World, *, deals: int = 1) -> tuple[World, RecordingTracker, list[int]]:
    """The world with a tracker in it that knows the projects of so many deals."""
    tracker = RecordingTracker()
    there = the_world.use(replace(here, tracker=tracker))
    made = []
    with there.db.writing() as session:
        for _ in range(deals):
            deal = a_project(session)
            ref = tracker.open_project(ProjectOrder(key=project_key(deal.id or 0, 1), name="Acme"))
            project = session.exec(select(Project).where(Project.deal_id == deal.id)).one()
            project.tracker, project.tracker_ref = tracker.name, ref.id
            made.append(deal.id or 0)
    return there, tracker, made


def entry(number: str = "1", deal: int = 1, *, stage: str = "design", **values: Any) -> Entry:
    defaults = {"person": "Hanna Lindqvist", "worked_on": TODAY, "minutes": 90, "changed_at": MONDAY, "project": ProjectRef(id=str(deal))}
    return Entry(**{"external_id": number, "issue_key": issue_key(deal, 1, stage), "stage": stage} | defaults | values)


def live(here: World) -> list[tuple]:
    with here.db.reading() as session:
        rows = session.exec(select(TimeEntry).where(col(TimeEntry.deleted_at).is_(None)).order_by(col(TimeEntry.external_id)))
        return [(row.external_id, row.deal_id, row.minutes, row.worked_on) for row in rows]


def counts(read: dict[str, Any]) -> tuple[int, int, int]:
    return read["new"], read["edited"], read["gone"]


def test_hours_are_read_once_and_restated_when_they_were_edited_or_deleted(here) -> None:
    _, tracker, [deal] = beside(here)
    tracker.worked = [entry("1"), entry("2", minutes=30)]
    assert counts(hours.read_tracker.fn()) == (2, 0, 0)
    assert counts(hours.read_tracker.fn()) == (0, 0, 0)
    tracker.worked = [entry("1", minutes=60, changed_at=MONDAY + DAY)]
    assert counts(hours.read_tracker.fn()) == (0, 1, 1)
    assert live(here) == [("1", deal, 60, TODAY)]
    tracker.worked.append(entry("2", minutes=45))
    assert counts(hours.read_tracker.fn()) == (0, 1, 0)
    assert live(here) == [("1", deal, 60, TODAY), ("2", deal, 45, TODAY)]
    assert counts(hours.read_tracker.fn()) == (0, 0, 0)


@pytest.mark.parametrize("to", [TODAY - rules.LOOK_BACK - DAY, TODAY - timedelta(days=70)])
def test_an_entry_that_moved_out_of_the_days_asked_for_is_not_taken_for_deleted(here_sqlite, to: date) -> None:
    _, tracker, [deal] = beside(here_sqlite)
    with here_sqlite.db.writing() as session:
        session.exec(select(Project)).one().begins_on = TODAY - timedelta(days=60)
    tracker.worked = [entry("1")]
    hours.read_tracker.fn()
    tracker.worked = [entry("1", worked_on=to)]
    assert counts(hours.read_tracker.fn()) == (0, 1, 0)
    assert live(here_sqlite) == [("1", deal, 90, to)]
    assert counts(hours.read_tracker.fn()) == (0, 0, 0)


def test_what_a_page_that_turned_left_out_is_found_at_the_second_look(here_sqlite) -> None:
    there, tracker, _ = beside(here_sqlite)
    tracker.worked = [entry("1"), entry("2")]
    hours.read_tracker.fn()
    whole, asked = tracker.entries, []

    def first_without_the_second(since: date, until: date) -> list[Entry]:
        asked.append(since)
        return whole(since, until)[: len(asked)]

    tracker.entries = first_without_the_second
    assert counts(hours.read_tracker.fn()) == (0, 0, 0)
    assert len(live(there)) == len(asked) == 2


def test_hours_of_a_project_that_the_tracker_hides_stay_and_are_told(here) -> None:
    there, tracker, deals = beside(here, deals=2)
    tracker.worked = [entry("1", deals[0]), entry("2", deals[1])]
    hours.read_tracker.fn()
    tracker.worked, tracker.orders = [], [order for order in tracker.orders if order.key != project_key(deals[0], 1)]
    read = hours.read_tracker.fn()
    assert counts(read) == (0, 0, 1)
    assert read["said"] == [f"The hours of deal {deals[0]} stay as they were. redmine has no project deal/{deals[0]}/r1/tracker."]
    assert [(row[0], row[1]) for row in live(there)] == [("1", deals[0])]


def test_an_archived_project_is_not_shown_either(here_sqlite) -> None:
    there, tracker, deals = beside(here_sqlite)
    tracker.worked = [entry("1")]
    hours.read_tracker.fn()

    def archived(key: str) -> ProjectRef | None:
        raise Refused("Redmine's project 1 is archived.")

    tracker.worked, tracker.find = [], archived
    assert hours.read_tracker.fn()["said"] == [f"The hours of deal {deals[0]} stay as they were. Redmine's project 1 is archived."]
    assert len(live(there)) == 1


def test_nothing_of_a_reading_that_broke_off_is_taken(here_sqlite) -> None:
    there, tracker, _ = beside(here_sqlite)
    tracker.worked = [entry("1")]
    hours.read_tracker.fn()
    tracker.worked, calls, whole = [entry("2")], [], tracker.entries

    def away_at_the_second_look(since: date, until: date) -> list[Entry]:
        calls.append(since)
        if len(calls) > 1:
            raise Unavailable("The tracker is away.")
        return whole(since, until)

    tracker.entries = away_at_the_second_look
    with pytest.raises(Unavailable):
        hours.read_tracker.fn()
    assert [row[0] for row in live(there)] == ["1"]
    tracker.entries, tracker.away = whole, True
    with pytest.raises(Unavailable):
        hours.read_tracker.fn()
    tracker.away = False
    assert counts(hours.read_tracker.fn()) == (1, 0, 1)


def test_hours_of_nobody_we_know_and_of_no_deal_are_kept_and_told(here_sqlite) -> None:
    _, tracker, [deal] = beside(here_sqlite)
    tracker.worked = [entry("1", person="Zed", minutes=75), entry("2", 99, stage="", issue_key="", minutes=30)]
    read = hours.read_tracker.fn()
    assert read["said"] == [
        "0.50 h are booked on projects of the tracker that belong to no deal here.", "Nobody here is called “Zed”: 1.25 h are counted, and cost nothing.",
    ]  # fmt: skip
    assert [row[:3] for row in live(here_sqlite)] == [("1", deal, 75), ("2", None, 30)]


def test_hours_find_their_deal_once_the_project_is_known(here_sqlite) -> None:
    there, tracker, [deal] = beside(here_sqlite)
    with there.db.writing() as session:
        session.exec(select(Project)).one().tracker_ref = ""
    tracker.worked = [entry("1", 1, issue_key="", stage="")]
    hours.read_tracker.fn()
    assert live(there)[0][1] is None
    with there.db.writing() as session:
        session.exec(select(Project)).one().tracker_ref = "1"
    assert counts(hours.read_tracker.fn()) == (0, 1, 0)
    assert live(there)[0][1] == deal


def test_older_days_are_read_on_an_operators_word_and_before_a_project_is_counted(here_sqlite) -> None:
    there, tracker, [deal] = beside(here_sqlite)
    old = TODAY - timedelta(days=80)
    with there.db.writing() as session:
        session.exec(select(Project)).one().begins_on = old + DAY
    tracker.worked = [entry("1", worked_on=old)]
    assert counts(hours.read_tracker.fn()) == (0, 0, 0)
    assert counts(hours.read_tracker.fn(old.isoformat())) == (1, 0, 0)
    tracker.worked = [entry("1", worked_on=old, minutes=10)]
    assert counts(hours.read_project.fn(deal)) == (0, 1, 0)


def test_hours_that_are_kept_here_are_not_read_from_anywhere(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        hours_on(session, deal, "Hanna Lindqvist", 60)
    assert hours.read_tracker.fn()["said"] == ["Hours are kept here: there is no tracker to read them from."]
    assert counts(hours.read_project.fn(deal.id)) == (0, 0, 0)
    assert len(live(here_sqlite)) == 1


def test_a_project_that_lives_in_another_tracker_is_counted_without_asking_this_one(here_sqlite) -> None:
    there, tracker, [deal] = beside(here_sqlite)
    with there.db.writing() as session:
        session.exec(select(Project)).one().tracker = "embedded"
    tracker.away = True
    assert counts(hours.read_project.fn(deal)) == (0, 0, 0)


@pytest.mark.parametrize("seed", range(2))
def test_after_any_history_the_table_is_the_trackers(here, seed: int) -> None:
    there, tracker, deals = beside(here, deals=2)
    chance = random.Random(seed)
    for _ in range(25):
        number, what = str(chance.randrange(8)), chance.random()
        rest = [one for one in tracker.worked if one.external_id != number]
        if what < 0.5:
            day = TODAY + timedelta(days=chance.choice([-50, -46, -45, -20, 0, 10]))
            rest.append(entry(number, chance.choice([*deals, 99]), worked_on=day, minutes=chance.randrange(90), person=chance.choice(["Zed", "Marta Kowalska"])))
        tracker.worked = rest
        if what > 0.7:
            hours.read_tracker.fn()
            days = rules.Window(TODAY - rules.LOOK_BACK, TODAY + rules.AHEAD)
            shown = {(one.external_id, one.minutes, one.worked_on) for one in tracker.entries(*days)}
            assert {(row[0], row[2], row[3]) for row in live(there) if row[3] >= days.since} == shown
    hours.read_tracker.fn((TODAY - timedelta(days=100)).isoformat())
    assert {(row[0], row[2], row[3]) for row in live(there)} == {(one.external_id, one.minutes, one.worked_on) for one in tracker.worked}
    assert counts(hours.read_tracker.fn((TODAY - timedelta(days=100)).isoformat())) == (0, 0, 0)


# Warnings


@pytest.fixture
def deal(here: World) -> Iterator[int]:
    with here.db.writing() as session:
        made = a_project(session)
    yield made.id or 0


def warned(here: World) -> dict[str, dict]:
    with here.db.reading() as session:
        return {effect.key: effect.args for effect in session.exec(select(Effect).where(Effect.what == "hours-warning"))}


def spend(session: Session, deal: Deal, share: float) -> None:
    hours_on(session, deal, "Hanna Lindqvist", int(60 * share * float(sum(plan_of(session, deal).hours.values()))))


def test_the_manager_is_warned_once_a_stage(here, deal: int) -> None:
    assert hours.warn_if_over.fn(deal) == ""
    with here.db.writing() as session:
        spend(session, session.get_one(Deal, deal), 0.24)
    first = f"deal/{deal}/r1/hours/text"
    assert hours.warn_if_over.fn(deal) == first
    assert hours.warn_if_over.fn(deal, 1) == ""
    assert hours.warn_managers.fn() == []
    told = warned(here)[first]
    assert (told["name"], told["to"], told["deal_id"]) == ("hours-warning", "project_manager", deal)
    assert told["facts"] == {"hours_worked": "22.8 h", "hours_planned": "95.2 h", "done_percent": "4 %", "over_percent": "20 %"}
    with here.db.writing() as session:
        row = session.get_one(Deal, deal)
        an_accepted_stage(session, row, "text")
        spend(session, row, 0.5)
    assert hours.warn_managers.fn() == [f"deal/{deal}/r1/hours/design"]
    assert set(warned(here)) == {first, f"deal/{deal}/r1/hours/design"}


def test_who_keeps_to_the_plan_is_not_warned(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, accepted=1)
        a_shown_stage(session, deal, "design")
        spend(session, deal, 0.5)
    assert hours.warn_managers.fn() == []


@pytest.mark.parametrize("work", [Work.KICKOFF, Work.COMPLETED, Work.HANDED_OVER, Work.CANCELLED])
def test_where_nothing_can_be_done_about_it_nobody_is_warned(here_sqlite, work: Work) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        spend(session, deal, 5)
        deal.work = work.value
    assert hours.warn_managers.fn() == []
    assert hours.warn_if_over.fn(deal.id) == ""


def test_the_warning_goes_to_whoever_leads_the_project_with_its_words_written_out(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        spend(session, deal, 0.24)
    key = hours.warn_if_over.fn(deal.id)
    message = letters.write(here_sqlite, key, letters.order_of(warned(here_sqlite)[key]))
    assert message.to.address == "tomasz@northlight.example"
    for words in ("22.8 h", "95.2 h", "4 %", "20 %"):
        assert words in message.text
