"""A project's figures: hours by role, cost to the cent, margin; the rates of a closed project stay what they were."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.clocks import Clocks
from models.delivery_tables import TimeEntry
from models.money import Money
from models.performance import OTHERS, Known, PerformanceRow, cost_of, counted, in_hours, percent, restated
from models.studio import Studio
from tests.fakes import MONDAY
from tests.studio import the_company

STUDIO = the_company().studio


def eur(amount: float | str) -> Money:
    return Money.of_major(str(amount), "EUR")


def worked(person: str, minutes: int, *, role: str = "") -> TimeEntry:
    return TimeEntry(source="s", external_id="x", person=person, role=role, worked_on=MONDAY.date(), minutes=minutes, seen_at=MONDAY, changed_at=MONDAY)


def known(**values: Any) -> Known:
    defaults = {
        "deal": 42, "round": 1, "project": "A site", "client": "Acme", "service": "corporate-site", "service_name": "Corporate site",
        "outcome": "completed", "closed_on": date(2026, 5, 18), "amount": eur(10_000), "changes": Decimal(0), "rounds": 2, "manager": "Tomasz Zielinski",
        "planned": {"project_manager": Decimal(12), "designer": Decimal("40.5")}, "clocks": Clocks(working=41, waiting=9, calendar=73), "review": None,
    }  # fmt: skip
    return Known(**defaults | values)


def paying(**rates: float) -> Studio:
    """The studio with other costs of an hour, by first name; 0 takes somebody out of it."""
    people = [
        person.model_copy(update={"hourly_cost": Decimal(str(rates[first]))}) if (first := person.name.split()[0].lower()) in rates else person
        for person in STUDIO.people
    ]
    return STUDIO.model_copy(update={"people": [person for person in people if person.hourly_cost]})


def test_a_project_by_hand() -> None:
    entries = [worked("Hanna Lindqvist", 450), worked("hanna@northlight.example", 60), worked("Tomasz Zielinski", 125), worked("Zed", 30)]
    row = counted(STUDIO, known(changes=Decimal(6)), entries)
    # 8.5 h × 41 = 348.50; 125 min × 42 = 87.50; Zed is nobody we know
    assert [(one.person, one.role, one.minutes, one.cost) for one in row.people] == [
        ("Tomasz Zielinski", "project_manager", 125, eur("87.50")), ("Hanna Lindqvist", "designer", 510, eur("348.50")), ("Zed", OTHERS, 30, eur(0)),
    ]  # fmt: skip
    assert (row.cost, row.margin, row.margin_percent) == (eur("436.00"), eur("9564.00"), Decimal("95.6"))
    assert [(one.role, one.hours, one.planned) for one in row.roles] == [
        ("project_manager", Decimal("2.08"), 12), ("designer", Decimal("8.50"), Decimal("40.5")), (OTHERS, Decimal("0.50"), 6),
    ]  # fmt: skip
    assert (row.hours, row.planned_hours, row.strangers) == (Decimal("11.08"), Decimal("58.5"), ["Zed"])
    assert (row.working_days, row.waiting_days, row.calendar_days, row.rounds, row.review) == (41, 9, 73, 2, None)


@pytest.mark.parametrize(
    ("minutes", "rate", "cost"),
    [
        (60, "41", "41.00"), (7, "41", "4.78"), (1, "0.30", "0.01"), (1, "0.29", "0.00"), (1, "41", "0.68"), (0, "41", "0.00"), (90, "33.33", "50.00"),
        (20, "40", "13.33"), (40, "40", "26.67"), (60, None, "0.00"),
    ],
)  # fmt: skip
def test_a_cost_is_rounded_half_up_to_the_cent(minutes: int, rate: str | None, cost: str) -> None:
    assert cost_of(minutes, Decimal(rate) if rate else None, "EUR") == eur(cost)


def test_a_cost_is_rounded_once_for_each_person_however_many_entries_there_are() -> None:
    entries = [worked("Hanna Lindqvist", 1) for _ in range(60)]
    assert counted(STUDIO, known(), entries).cost == eur(41)


@pytest.mark.parametrize(("minutes", "hours"), [(0, "0.00"), (20, "0.33"), (40, "0.67"), (15, "0.25"), (510, "8.50"), (3, "0.05")])
def test_minutes_are_hours_with_two_decimals(minutes: int, hours: str) -> None:
    assert in_hours(minutes) == Decimal(hours)


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [(eur(50), eur(200), "25.0"), (eur(-10), eur(30), "-33.3"), (eur(1), eur(0), None), (eur(0), eur(5), "0.0"), (eur("0.05"), eur(100), "0.1")],
)
def test_a_percent_has_one_decimal_and_of_nothing_there_is_none(part: Money, whole: Money, told: str | None) -> None:
    assert percent(part, whole) == (Decimal(told) if told else None)


def test_a_loss_is_a_negative_margin_and_a_project_without_money_has_none_in_percent() -> None:
    row = counted(STUDIO, known(amount=eur(0)), [worked("Hanna Lindqvist", 60)])
    assert (row.margin, row.margin_percent) == (eur(-41), None)


def test_a_role_that_was_not_planned_is_told_and_one_that_nobody_had_to_do_with_is_not() -> None:
    row = counted(STUDIO, known(planned={"designer": Decimal(0), "editor": Decimal(3)}), [worked("Marta Kowalska", 60), worked("Old", 60, role="intern")])
    assert [(one.role, one.hours, one.planned) for one in row.roles] == [("editor", 0, 3), ("developer", 1, 0), ("intern", 1, 0)]


def test_without_hours_there_is_only_the_amount() -> None:
    row = counted(STUDIO, known(), [])
    assert (row.hours, row.cost, row.margin, row.people, row.strangers) == (0, eur(0), eur(10_000), [], [])


def test_a_row_comes_back_from_json_as_it_was() -> None:
    row = counted(STUDIO, known(review=4), [worked("Hanna Lindqvist", 451), worked("Zed", 30)])
    kept = row.model_dump(mode="json")
    assert isinstance(kept["hours"], float)
    assert PerformanceRow.model_validate(kept) == row


def test_a_pay_rise_changes_no_closed_project_and_an_open_one_has_todays_costs() -> None:
    entries = [worked("Hanna Lindqvist", 60), worked("Zed", 60)]
    row, dearer = counted(STUDIO, known(), entries), paying(hanna=50)
    assert counted(dearer, known(), entries).cost == eur(50)
    assert restated(dearer, row, entries, amount=row.amount, review=None) == row


def test_who_has_left_still_costs_what_they_cost() -> None:
    row = counted(STUDIO, known(), [worked("Hanna Lindqvist", 60)])
    without = STUDIO.model_copy(update={"people": [person for person in STUDIO.people if not person.name.startswith("Hanna")]})
    for name in ("Hanna Lindqvist", "HANNA@northlight.example"):
        now = restated(without, row, [worked(name, 120)], amount=row.amount, review=None)
        assert (now.cost, now.strangers, [one.role for one in now.people]) == (eur(82), [], ["designer"])


def test_a_stranger_who_is_named_later_costs_from_then_on() -> None:
    row = counted(STUDIO, known(), [worked("Zed", 60)])
    named = STUDIO.model_copy(update={"people": [*STUDIO.people, STUDIO.people[-1].model_copy(update={"name": "Zed", "email": "zed@x.example", "role": "intern"})]})
    now = restated(named, row, [worked("zed", 60)], amount=row.amount, review=None)
    assert (now.cost, now.strangers, [(one.role, one.hours) for one in now.roles][-1]) == (eur(30), [], ("intern", 1))


def test_what_is_known_now_restates_hours_money_and_review_and_leaves_the_days() -> None:
    row = counted(STUDIO, known(), [worked("Hanna Lindqvist", 60)])
    now = restated(STUDIO, row, [worked("Hanna Lindqvist", 120), worked("Marta Kowalska", 60)], amount=eur(9000), review=5)
    assert (now.hours, now.cost, now.amount, now.margin, now.review) == (3, eur(127), eur(9000), eur(8873), 5)
    same = ("working_days", "waiting_days", "calendar_days", "rounds", "manager", "closed_on", "outcome", "planned_hours")
    assert [getattr(now, name) for name in same] == [getattr(row, name) for name in same]


PEOPLE = st.sampled_from([person.name for person in STUDIO.people] + ["Zed", "zed ", "Anon"])


@given(st.lists(st.tuples(PEOPLE, st.integers(0, 1440)), max_size=30), st.integers(0, 10**9))
def test_whoever_worked_the_sums_agree(entries: list[tuple[str, int]], cents: int) -> None:
    row = counted(STUDIO, known(amount=Money(amount=cents, currency="EUR")), [worked(*one) for one in entries])
    minutes = sum(many for _, many in entries)
    assert sum(one.minutes for one in row.people) == minutes
    assert row.hours == in_hours(minutes)
    assert sum(one.cost.amount for one in row.people) == row.cost.amount
    assert row.margin + row.cost == row.amount
    assert abs(sum(one.hours for one in row.roles) - row.hours) <= Decimal("0.01") * len(row.roles)
    assert restated(STUDIO, row, [worked(*one) for one in reversed(entries)], amount=row.amount, review=None).people == row.people
