"""Hours that are kept here: a file's lines as entries of deals, corrected and taken back by their ids."""

from datetime import date
from typing import Any

import pytest
from sqlmodel import Session, col, select

from models import hours_csv, hours_own
from models.delivery_tables import TimeEntry
from models.errors import Invalid, Missing, Refused
from models.hours import OWN
from models.hours_csv import HoursFile, HoursLine
from models.tables import Deal
from tests.fakes import MONDAY
from tests.performing import hours_on
from tests.projecting import a_project, a_won_deal
from tests.studio import the_company

STUDIO = the_company().studio
TODAY = date(2026, 3, 2)
HEAD = "date;person;deal;hours;stage;note;id"


def file(*lines: str) -> HoursFile:
    return hours_csv.read("\n".join([HEAD, *lines]), TODAY)


def take(session: Session, *lines: str) -> list[int]:
    changes = hours_own.take(session, STUDIO, file(*lines), MONDAY)
    return [len(one) for one in changes]


def a_line(deal: int, **values: Any) -> HoursLine:
    return HoursLine(**{"number": 0, "key": "form/run/1", "on": TODAY, "person": "hanna@northlight.example", "deal": deal, "minutes": 90} | values)


def live(session: Session) -> list[tuple]:
    rows = session.exec(select(TimeEntry).where(col(TimeEntry.deleted_at).is_(None)).order_by(col(TimeEntry.external_id)))
    return [(row.external_id, row.person, row.role, row.minutes, row.stage) for row in rows]


@pytest.fixture
def deal(here) -> int:
    with here.db.writing() as session:
        return a_project(session).id or 0


def test_a_file_is_taken_in_once_however_often_it_comes(here, deal: int) -> None:
    lines = (f"2026-03-02;hanna@northlight.example;{deal};7,5;Design;;a", f"2026-03-02;Zed;{deal};1;;;", f"2026-03-02;Zed;{deal};1;;;")
    with here.db.writing() as session:
        assert take(session, *lines) == [3, 0, 0]
    with here.db.writing() as session:
        assert take(session, *lines) == [0, 0, 0]
        assert live(session)[0][1:] == live(session)[1][1:] == ("Zed", "", 60, "")
        assert live(session)[2] == ("csv/a", "Hanna Lindqvist", "designer", 450, "design")
        assert {row.source for row in session.exec(select(TimeEntry))} == {OWN}


def test_a_line_with_its_id_is_corrected_taken_back_and_comes_again(here, deal: int) -> None:
    with here.db.writing() as session:
        assert take(session, f"2026-03-02;Hanna Lindqvist;{deal};7,5;design;;a") == [1, 0, 0]
        assert take(session, f"2026-02-27;Hanna Lindqvist;{deal};6;design;;a") == [0, 1, 0]
        assert take(session, f"2026-02-27;Hanna Lindqvist;{deal};0;;;a") == [0, 0, 1]
        assert take(session, f"2026-02-27;Hanna Lindqvist;{deal};0;;;a") == [0, 0, 0]
        assert live(session) == []
        assert take(session, f"2026-02-27;Hanna Lindqvist;{deal};5;;;a") == [0, 1, 0]
        assert live(session) == [("csv/a", "Hanna Lindqvist", "designer", 300, "")]
        assert len(session.exec(select(TimeEntry)).all()) == 1


def test_lines_that_belong_nowhere_are_all_named_and_nothing_is_taken(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal, bare = a_project(session), a_won_deal(session)
        with pytest.raises(Invalid) as refused:
            take(session, f"2026-03-02;Z;{deal.id};1;;;", "2026-03-02;Z;999;1;;;", f"2026-03-02;Z;{bare.id};1;;;", f"2026-03-02;Z;{deal.id};1;drawing;;",
                 f"2026-03-02;Z;{deal.id};0;;;never", "2026-03-02;Z;999;x;;;")  # fmt: skip
        said = str(refused.value).splitlines()
        assert said[:3] == [
            "Nothing was taken in: 5 mistakes.", "Line 3: deal 999 has no project: there is no such deal, or its work has not begun.",
            f"Line 4: deal {bare.id} has no project: there is no such deal, or its work has not begun.",
        ]  # fmt: skip
        assert said[3] == f"Line 5: deal {deal.id} has no stage “drawing”; it has text, design, html, testing, launch."
        assert said[4:] == [
            "Line 6: there is no entry with the id “never” that could be taken back.", "Line 7: “x” are no hours; write them like 7.5 or 7:30.",
        ]  # fmt: skip
        assert live(session) == []


def test_stages_are_known_by_name_and_by_title(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        place = hours_own.places(session, [deal.id or 0])[deal.id]
        assert {place.stages[name] for name in ("text", "offer and text", "launch", "html", "pages")} == {"text", "launch", "html"}


def test_hours_of_a_deal_that_was_opened_again_are_its_newest_rounds(here_sqlite) -> None:
    from models.delivery_tables import Project

    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        first = session.exec(select(Project)).one()
        session.add(Project(deal_id=deal.id, round=2, begins_on=TODAY, plan=first.plan, opened_at=MONDAY))
        session.flush()
        take(session, f"2026-03-02;Z;{deal.id};1;;;a")
        assert session.exec(select(TimeEntry)).one().round == 2


def test_typed_hours_are_an_entry_that_can_be_put_right_and_taken_back(here, deal: int) -> None:
    with here.db.writing() as session:
        row = hours_own.record(session, STUDIO, a_line(deal, stage="design"), 0, MONDAY)
        assert hours_own.record(session, STUDIO, a_line(deal, stage="design"), 0, MONDAY).id == row.id
        assert live(session) == [("form/run/1", "Hanna Lindqvist", "designer", 90, "design")]
        again = hours_own.record(session, STUDIO, a_line(deal, key="form/run/2", minutes=30), row.id or 0, MONDAY)
        assert (again.id, live(session)) == (row.id, [("form/run/1", "Hanna Lindqvist", "designer", 30, "")])
        gone = hours_own.record(session, STUDIO, a_line(deal, key="form/run/3", minutes=0), row.id or 0, MONDAY)
        assert (gone.id, gone.deleted_at, live(session)) == (row.id, MONDAY, [])
        assert hours_own.record(session, STUDIO, a_line(deal, minutes=0), row.id or 0, MONDAY).deleted_at == MONDAY


def test_what_cannot_be_recorded_is_refused_with_a_sentence(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        theirs = hours_on(session, deal, "Hanna Lindqvist", 60, source="redmine")
        for line, entry, kind, said in (
            (a_line(deal.id or 0, minutes=0), 0, Refused, "which one"),
            (a_line(deal.id or 0), 4711, Missing, "no entry 4711"),
            (a_line(deal.id or 0), theirs.id or 0, Refused, "is redmine's"),
            (a_line(999), 0, Missing, "^Deal 999 has no project"),
            (a_line(deal.id or 0, stage="x"), 0, Missing, "has no stage “x”"),
        ):
            with pytest.raises(kind, match=said):
                hours_own.record(session, STUDIO, line, entry, MONDAY)


def test_strangers_are_named_with_their_hours(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = session.get_one(Deal, a_project(session).id)
        rows = [hours_on(session, deal, person, minutes) for person, minutes in (("Zed", 90), ("Hanna Lindqvist", 60), ("Zed", 30))]
        assert hours_own.strangers(STUDIO, rows) == ["Nobody here is called “Zed”: 2.00 h are counted, and cost nothing."]
        assert hours_own.strangers(STUDIO, []) == []
