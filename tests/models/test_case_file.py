"""The case file: everything support needs, nothing that opens a client's page."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from models import case_file, links, projects
from models.after_answers import Access, AccessListed, TrainingAnswered
from models.delivery_answers import ChangeAnswered, ChangeOffered
from models.delivery_tables import TimeEntry
from models.errors import Missing
from models.tables import Client, Deal, Link
from tests.aftermath import ACCESSES, a_completed_project
from tests.factories import a_deal, told
from tests.fakes import MONDAY
from tests.projecting import a_project, a_shown_stage, an_accepted_stage, comments
from tests.studio import the_company

STAFF = {"contract": "https://office.example/c/staffcontract", "project": "https://office.example/j/staffproject"}


def written(session: Session, deal: Deal) -> str:
    return case_file.case_file(session, the_company(), deal, STAFF)


def section(text: str, title: str) -> list[str]:
    """The lines of a section."""
    found = re.search(rf"^## {re.escape(title)}\n\n(.*?)(?:\n\n|\n\Z)", text, re.MULTILINE | re.DOTALL)
    return [line.removeprefix("- ") for line in found[1].split("\n")] if found else []


def test_the_file_of_a_project_holds_what_support_asks_for(here) -> None:
    with here.db.writing() as session:
        deal = a_completed_project(session)
        client = session.get_one(Client, deal.client_id)
        told(session, deal, ACCESSES, actor="staff:t")
        told(session, deal, TrainingAnswered(decision="book", slot=MONDAY.replace(day=5), name="Orla"))
        project = projects.of(session, deal)
        project.tracker_url = "https://redmine.example/projects/deal-42"
        for number, (role, minutes, gone) in enumerate([("designer", 90, None), ("designer", 45, None), ("", 60, None), ("developer", 600, MONDAY)]):
            session.add(
                TimeEntry(
                    source="csv", external_id=str(number), deal_id=deal.id, person="Hanna", role=role, worked_on=MONDAY.date(), minutes=minutes,
                    seen_at=MONDAY, changed_at=MONDAY, deleted_at=gone,
                )
            )  # fmt: skip
        session.flush()
        text, stages = written(session, deal), len(projects.stand(session, deal).stages)
    assert text.startswith(f"# Landing page for Acme Instruments Limited (deal {deal.id})\n\n## Client\n\n- Orla Byrne, Acme\n")
    assert section(text, "Client")[1] == client.email
    assert "Contracting party: Acme Instruments Limited" in text
    assert "Led the project; off it now: Tomasz Zielinski" in text
    assert section(text, "Where it runs") == ["https://acme.example", "Both languages.", "Tracker: https://redmine.example/projects/deal-42"]
    assert section(text, "Warranty") == ["Completed on 2 March 2026", "Warranty until 2 September 2026"]
    assert section(text, "Training") == ["Booked: Thursday 5 March 2026, 10:00 (Dublin time)"]
    assert section(text, "Accesses") == ["Domain: registrar.example, account AC_17, held by Orla Byrne", "Hosting"]
    assert all("accepted 2 March 2026" in line for line in section(text, "Stages"))
    assert len(section(text, "Stages")) == stages > 2
    assert section(text, "Hours") == ["Others: 1:00 h", "Designer: 2:15 h"]
    assert section(text, "Documents, for staff")[:2] == [f"Contract: {STAFF['contract']}", f"Project page: {STAFF['project']}"]


def test_what_is_not_there_is_left_out(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        text = written(session, a_completed_project(session, url=""))
    for title in ("Accesses", "Changes paid for", "Hours"):
        assert f"## {title}" not in text
    assert section(text, "Training") == ["Offered; the client has not answered and may still ask"]


def test_there_is_no_file_before_there_is_a_project(here_sqlite) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(Missing, match="has not begun"):
        written(session, a_deal(session))


def test_rounds_and_changes_that_were_paid_for_are_told(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        a_shown_stage(session, deal, "text")
        comments(session, deal, "text")
        offer = told(session, deal, ChangeOffered(stage="text", text="A second\nlanguage | *now*", price=Decimal(480), days=2), actor="staff:t")
        total = {"total": 59040, "name": "Orla"}
        told(session, deal, ChangeAnswered(stage="text", offer=offer.id, decision="accept", **total))
        an_accepted_stage(session, deal, "text")
        text = written(session, deal)
    assert section(text, "Changes paid for") == ["A second language \\| \\*now\\* (480 EUR net, 2 March 2026)"]
    assert section(text, "Stages")[0].endswith("accepted 2 March 2026, 1 round of changes")


def test_nothing_in_it_opens_a_clients_page(here) -> None:
    with here.db.writing() as session:
        deal = a_completed_project(session)
        given = [links.hand_out(session, here.secret, kind, deal.id, now=MONDAY) for kind in links.PATHS if kind not in links.STAFF]
        text = written(session, deal)
        assert len(session.exec(select(Link)).all()) >= len(given) > 8
    assert not [path for path in given if path.rpartition("/")[2] in text]


@given(words=st.text(max_size=60), where=st.text(max_size=60))
def test_no_words_of_anybody_make_a_section_of_their_own(words: str, where: str) -> None:
    what = words.strip() or "x"
    listed = AccessListed(items=[Access(what=f"## {what}", where=f"{where}\n## Stages", held_by="a\r\n\r\n# b")])
    case = case_file._Case(None, None, None, None, _Stand([_Told(listed.kind, listed.model_dump())]), {})  # ty: ignore[invalid-argument-type]
    [line] = case_file._accesses(case)
    assert len(line.splitlines()) == 1


class _Told:
    """A fact as far as a section looks at it."""

    def __init__(self, kind: str, payload: dict) -> None:
        self.kind, self.payload = kind, payload


class _Stand:
    """A stand as far as a section looks at it."""

    def __init__(self, facts: list[_Told]) -> None:
        self.facts = facts


@pytest.mark.parametrize(
    ("day", "count", "later"),
    [
        (date(2026, 3, 2), 6, date(2026, 9, 2)), (date(2026, 8, 31), 6, date(2027, 2, 28)), (date(2027, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)), (date(2026, 11, 30), 1, date(2026, 12, 30)), (date(2026, 5, 5), 0, date(2026, 5, 5)),
        (date(2026, 5, 5), 24, date(2028, 5, 5)),
    ],
)  # fmt: skip
def test_months_are_counted_as_people_do(day: date, count: int, later: date) -> None:
    assert case_file.add_months(day, count) == later


def test_a_contract_without_a_warranty_names_no_day(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_completed_project(session)
        assert case_file.warranty_until(session, the_company(), deal) == date(2026, 9, 2)
        assert case_file.completed_on(session, the_company(), a_deal(session)) is None
