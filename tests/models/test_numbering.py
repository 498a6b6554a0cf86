from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from sqlmodel import select

from benchmarks import issuing
from models import invoices, numbering
from models.cash_tables import Invoice, Series
from models.db import Database
from models.references import reference_of
from models.tables import Deal
from tests.factories import MONDAY, a_client, a_deal
from tests.models.invoicing import STUDIO, a_signed_contract
from tests.models.threads import at_once
from tests.studio import the_company


class Storm(NamedTuple):
    deals: int
    workers: int
    share: float
    kill: bool


def deals_with_contracts(db: Database, count: int) -> list[int]:
    with db.writing() as session:
        client = a_client(session)
        made = [a_deal(session, client=client) for _ in range(count)]
        for deal in made:
            a_signed_contract(session, deal)
        return [deal.id or 0 for deal in made]


@pytest.mark.parametrize("storm", [Storm(100, 8, 0.2, kill=False), Storm(16, 2, 0.2, kill=True)], ids=["threads that give up", "processes that die"])
def test_however_workers_break_off_numbers_have_no_gap_and_no_double(db: Database, storm: Storm) -> None:
    deals = deals_with_contracts(db, storm.deals)
    broken = issuing.storm(db.url, the_company(), deals, workers=storm.workers, share=storm.share, kill=storm.kill)
    with db.reading() as session:
        assert issuing.problems(session) == []
        assert sorted(invoice.seq or 0 for invoice in session.exec(select(Invoice))) == list(range(1, storm.deals + 1))
        assert session.get_one(Series, ("NL", 2026)).last == storm.deals
    assert broken > 0


def test_the_look_afterwards_sees_a_gap(db: Database) -> None:
    deals = deals_with_contracts(db, 2)
    issuing.storm(db.url, the_company(), deals, workers=1, share=0)
    with db.writing() as session:
        session.get_one(Series, ("NL", 2026)).last = 7
        assert any("stands at 7" in problem for problem in issuing.problems(session))


def test_one_invoice_wanted_by_many_at_once_is_one(db: Database) -> None:
    deal = deals_with_contracts(db, 1)[0]

    def issue(_: int) -> str:
        with db.writing() as session:
            return invoices.issue(session, the_company(), session.get_one(Deal, deal), 1, now=MONDAY).number or ""

    assert set(at_once(8, issue)) == {"NL-2026-0001"}


def test_a_number_is_given_back_with_its_transaction(db: Database) -> None:
    with pytest.raises(issuing.GaveUp), db.writing() as session:
        assert numbering.take(session, STUDIO, "NL", MONDAY).number == "NL-2026-0001"
        raise issuing.GaveUp
    with db.writing() as session:
        assert [numbering.take(session, STUDIO, "NL", MONDAY).seq for _ in range(3)] == [1, 2, 3]


def test_series_and_years_count_each_for_themselves(db: Database) -> None:
    with db.writing() as session:
        taken = [numbering.take(session, STUDIO, series, at).number for series, at in (
            ("NL", MONDAY), ("NLC", MONDAY), ("NL", MONDAY), ("NL", datetime(2027, 1, 4, tzinfo=UTC)), ("NLC", MONDAY))]  # fmt: skip
    assert taken == ["NL-2026-0001", "NLC-2026-0001", "NL-2026-0002", "NL-2027-0001", "NLC-2026-0002"]


@pytest.mark.parametrize(
    ("zone", "at", "year"),
    [
        ("Pacific/Auckland", datetime(2026, 12, 31, 11, 30, tzinfo=UTC), 2027), ("America/New_York", datetime(2027, 1, 1, 4, 30, tzinfo=UTC), 2026),
        ("Europe/Dublin", datetime(2026, 12, 31, 23, 59, tzinfo=UTC), 2026), ("Europe/Berlin", datetime(2026, 12, 31, 23, 0, tzinfo=UTC), 2027),
    ],
)  # fmt: skip
def test_the_year_is_the_studios(db: Database, zone: str, at: datetime, year: int) -> None:
    with db.writing() as session:
        assert numbering.take(session, STUDIO.model_copy(update={"zone": zone}), "NL", at).year == year


@pytest.mark.parametrize(("form", "number"), [("{series}-{year}-{number:04}", "NL-2026-0001"), ("{year}/{series}/{number}", "2026/NL/1"), ("R{number:06}-{series}{year}", "R000001-NL2026")])
def test_the_form_is_the_studios(db: Database, form: str, number: str) -> None:
    studio = STUDIO.model_copy(update={"invoices": STUDIO.invoices.model_copy(update={"number": form})})
    with db.writing() as session:
        taken = numbering.take(session, studio, "NL", MONDAY)
    assert (taken.number, taken.reference) == (number, reference_of(number))
