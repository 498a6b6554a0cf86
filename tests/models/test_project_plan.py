"""The plan of a project: days and hours shared out among the stages, materials by the stage they are needed for, payments by stage."""

from datetime import date
from decimal import Decimal
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as some

from models import project_plan, projects
from models.contract import Instalment
from models.money import Money
from models.project_plan import due_after, materials, slug_of, spread
from models.worktime import is_working_day
from tests.fakes import MONDAY
from tests.models.briefing import SERVICES
from tests.projecting import a_project
from tests.studio import the_company

WEIGHTS = some.lists(some.integers(0, 40).map(Decimal), min_size=1, max_size=12)
DELIVERY = the_company().delivery


@given(some.integers(0, 400), WEIGHTS)
def test_days_are_shared_out_to_the_last_one(days: int, weights: list[Decimal]) -> None:
    given_out = spread(days, weights)
    assert sum(given_out) == days
    assert min(given_out) >= 0
    assert len(given_out) == len(weights)


@given(some.integers(0, 400), WEIGHTS)
def test_no_stage_goes_without_a_day_while_there_are_enough(days: int, weights: list[Decimal]) -> None:
    assert (0 not in spread(days, weights)) or days < len(weights)


@given(some.integers(1, 400), some.integers(1, 12))
def test_equal_stages_get_days_that_differ_by_one_at_most(days: int, count: int) -> None:
    given_out = spread(days, [Decimal(1)] * count)
    assert max(given_out) - min(given_out) <= 1


@pytest.mark.parametrize("service", SERVICES)
def test_the_plan_of_each_service_follows_its_contract(here_sqlite, service: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service=service)
        plan, contract = projects.stand(session, deal).plan, projects.contract_of(session, deal)
    own = [share.stage for share in DELIVERY.services[service].stages]
    assert [stage.slug for stage in plan.stages] == [*own, "launch"]
    assert [stage.slug for stage in plan.production] == own
    assert sum(stage.days for stage in plan.stages) == plan.days == contract.days
    assert all(earlier.ends_on < later.starts_on for earlier, later in pairwise(plan.stages) if later.days and earlier.days)
    assert all(is_working_day(day, "IE") for stage in plan.stages for day in (stage.starts_on, stage.ends_on))
    assert plan.begins_on == MONDAY.date() == plan.stages[0].starts_on
    assert [item.title for item in plan.materials] == contract.materials
    assert {item.before for item in plan.materials} <= {"", *own[1:], "launch"}


@pytest.mark.parametrize("service", SERVICES)
def test_the_hours_of_the_stages_are_those_of_the_estimate(here_sqlite, service: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, service=service)
        plan = projects.stand(session, deal).plan
    planned, by_stage = sum(plan.hours.values()), sum(stage.hours for stage in plan.stages)
    assert planned > 0
    assert abs(planned - by_stage) <= Decimal("0.05") * len(plan.stages)


def test_rounds_and_approvals_are_those_of_contract_and_set_up(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        plan = projects.stand(session, a_project(session, service="corporate-site")).plan
    assert {stage.slug: (stage.approval, stage.rounds) for stage in plan.production} == {
        "specification": (True, 1), "prototype": (True, 2), "design": (True, 2), "html": (False, 1), "programming": (False, 1),
        "content": (True, 1), "testing": (True, 1),
    }  # fmt: skip


def test_a_plan_names_what_follows_a_stage(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        plan = projects.stand(session, a_project(session)).plan
    names = ["", *(stage.slug for stage in plan.stages)]
    assert [after.slug if (after := plan.after(one)) else None for one in names] == [*names[1:], None]
    assert plan.after("nothing") is None
    assert plan.stage("nothing") is None


@pytest.mark.parametrize(
    ("title", "before"),
    [
        ("Your photos of the team", "content"), ("The logo as a drawing", "design"), ("Access to the old hosting", "programming"),
        ("The name of one person who approves results", ""), ("Something else", ""), ("TEXTS for every page", "content"),
    ],
)  # fmt: skip
def test_a_material_is_needed_for_the_stage_that_the_first_fitting_rule_names(title: str, before: str) -> None:
    [item] = materials(DELIVERY, [title], ["specification", "design", "programming", "content"])
    assert item.before == before


def test_what_a_stage_needs_that_the_project_lacks_is_needed_from_the_beginning() -> None:
    assert [item.before for item in materials(DELIVERY, ["Your photos"], ["text", "design"])] == [""]
    assert [item.before for item in materials(DELIVERY, ["Your logo"], ["design", "html"])] == [""]


@given(some.lists(some.text(max_size=80), max_size=15))
def test_every_item_has_a_short_name_of_its_own(titles: list[str]) -> None:
    names = [item.slug for item in materials(DELIVERY, titles, ["design"])]
    assert len(set(names)) == len(titles)
    assert all(0 < len(name) <= 60 and name == name.lower() for name in names)


def test_a_name_that_is_taken_is_counted_on() -> None:
    assert slug_of("The logo, please!", {"the-logo-please", "the-logo-please-2"}) == "the-logo-please-3"
    assert slug_of("Логотип", set()) == "item"


def an_instalment(part: int, after: str = "") -> Instalment:
    nothing = Money(amount=0, currency="EUR")
    return Instalment(part=part, title="A part", when="", percent=10, net=nothing, vat=nothing, gross=nothing, after=after)


@pytest.mark.parametrize(("parts", "count"), list(product(range(1, 8), range(1, 9))))
def test_payments_that_name_no_stage_are_spread_to_the_end(parts: int, count: int) -> None:
    stages = [f"s{number}" for number in range(count)]
    due = due_after([an_instalment(part) for part in range(1, parts + 1)], stages)
    places = [stages.index(due[part]) for part in sorted(due)]
    assert list(due) == list(range(2, parts + 1))
    assert places == sorted(places)
    assert not places or places[-1] == count - 1


def test_a_payment_follows_the_stage_that_it_names_where_the_project_has_it() -> None:
    plan = [an_instalment(1), an_instalment(2, "design"), an_instalment(3, "unknown")]
    assert due_after(plan, ["text", "design", "launch"]) == {2: "design", 3: "launch"}


def test_a_project_begins_on_the_next_working_day(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        estimate, contract = projects.estimate_of(session, deal), projects.contract_of(session, deal)
    saturday = date(2026, 3, 14)
    plan = project_plan.make(DELIVERY, contract, estimate, begins_on=saturday, country="IE")
    assert plan.begins_on == saturday
    assert plan.stages[0].starts_on == date(2026, 3, 16)
