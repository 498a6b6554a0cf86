"""The warning while it can still be saved: over every share done, and over a project as it goes on."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import hours_warning, project_clock, projects
from models.clocks import Span
from models.delivery_setup import Hours
from models.hours_warning import warn
from models.tables import Deal
from models.tracks import Work
from tests.fakes import MONDAY
from tests.projecting import a_project, a_shown_stage, an_accepted_stage, plan_of
from tests.studio import the_company

COMPANY = the_company()
CALENDAR = project_clock.calendar(COMPANY)
RULE = Hours(warn_percent=115, from_percent=20)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("worked", "done", "told"),
    [
        ("46.00", "0.4", None), ("46.01", "0.4", (40, 15)), ("52", "0.4", (40, 30)), ("0", "0", None), ("23", "0", None), ("23.01", "0", (0, 15)),
        ("23", "0.19", None), ("24", "0.2", (20, 20)), ("115", "1", None), ("116", "1", (100, 16)), ("230", "1", (100, 130)), ("60", "0.333", (33, 80)),
    ],
)  # fmt: skip
def test_of_a_hundred_hours_the_done_part_may_have_cost_its_share_and_fifteen_percent(worked: str, done: str, told: tuple[int, int] | None) -> None:
    found = warn("design", Decimal(100), Decimal(worked), Decimal(done), RULE)
    assert (found and (found.done_percent, found.over_percent)) == told
    if found:
        assert (found.stage, found.worked, found.planned) == ("design", Decimal(worked), Decimal(100))


@pytest.mark.parametrize(("planned", "rule"), [(Decimal(0), RULE), (Decimal(100), Hours(warn_percent=100, from_percent=0))])
def test_where_nothing_is_planned_or_done_there_is_nothing_to_compare(planned: Decimal, rule: Hours) -> None:
    assert warn("design", planned, Decimal(500), Decimal(0), rule) is None


def test_over_every_case_more_hours_never_end_a_warning_and_more_done_never_begins_one() -> None:
    steps = [Decimal(number) / 10 for number in range(11)]
    for percent, first in product((100, 115, 200), (0, 20, 100)):
        rule = Hours(warn_percent=percent, from_percent=first)
        table = {(worked, done): warn("x", Decimal(10), worked * 40, done, rule) is not None for worked, done in product(steps, steps[1:])}
        for (worked, done), is_told in table.items():
            assert not is_told or all(table[more, done] for more in steps if more > worked)
            assert is_told or not any(table[worked, more] for more in steps if more > done)


@given(st.integers(1, 10_000), st.integers(0, 100_000), st.integers(0, 100), st.integers(100, 400), st.integers(0, 100))
def test_a_warning_says_how_far_above_it_is_and_never_less_than_allowed(planned: int, worked: int, done: int, percent: int, first: int) -> None:
    found = warn("x", Decimal(planned), Decimal(worked) / 10, Decimal(done) / 100, Hours(warn_percent=percent, from_percent=first))
    if found:
        assert found.over_percent >= percent - 100
        assert found.done_percent == done


@pytest.fixture
def deal(here_sqlite) -> int:
    with here_sqlite.db.writing() as session:
        return a_project(session).id or 0


def done(here, deal: int, *, days: float = 0, spans: list[Span] | None = None) -> Decimal:
    with here.db.reading() as session:
        stand = projects.stand(session, session.get_one(Deal, deal))
    return hours_warning.done(stand, spans or [], CALENDAR, MONDAY + days * DAY)


def test_the_weights_of_the_stages_are_their_hours_and_sum_to_one(here_sqlite, deal: int) -> None:
    with here_sqlite.db.reading() as session:
        plan = plan_of(session, session.get_one(Deal, deal))
    weights = hours_warning.weights_of(plan.stages)
    assert abs(sum(weights.values()) - 1) < Decimal("1e-20")
    assert weights["design"] == plan.stage("design").hours / sum(stage.hours for stage in plan.stages)
    bare = [stage.model_copy(update={"hours": Decimal(0)}) for stage in plan.stages]
    assert hours_warning.weights_of(bare)["design"] == Decimal(plan.stage("design").days) / plan.days
    assert set(hours_warning.weights_of([stage.model_copy(update={"days": 0}) for stage in bare]).values()) == {0}


def test_a_stage_at_work_counts_by_its_working_days_and_never_more_than_whole(here_sqlite, deal: int) -> None:
    with here_sqlite.db.reading() as session:
        plan = plan_of(session, session.get_one(Deal, deal))
    first, weights = plan.stages[0], hours_warning.weights_of(plan.stages)
    assert done(here_sqlite, deal) == weights[first.slug] * (Decimal(1) / first.days)  # its first day
    assert done(here_sqlite, deal, days=6) == weights[first.slug] * min(Decimal(1), Decimal(5) / first.days)  # Sunday: five days were worked
    assert done(here_sqlite, deal, days=300) == weights[first.slug]
    waited = [Span(MONDAY, None, "the texts")]
    assert done(here_sqlite, deal, days=300, spans=waited) == 0


def test_a_stage_that_waits_for_the_clients_word_counts_whole(here_sqlite, deal: int) -> None:
    with here_sqlite.db.writing() as session:
        row = session.get_one(Deal, deal)
        slug = plan_of(session, row).stages[0].slug
        a_shown_stage(session, row, slug)
        weight = hours_warning.weights_of(plan_of(session, row).stages)[slug]
    assert done(here_sqlite, deal) == weight


def test_accepted_stages_count_whole_and_the_next_begins_the_day_after(here_sqlite, deal: int) -> None:
    with here_sqlite.db.writing() as session:
        row = session.get_one(Deal, deal)
        plan = plan_of(session, row)
        weights = hours_warning.weights_of(plan.stages)
        an_accepted_stage(session, row, plan.stages[0].slug)
    first, second = (weights[stage.slug] for stage in plan.stages[:2])
    assert done(here_sqlite, deal) == first
    assert done(here_sqlite, deal, days=1) == first + second * (Decimal(1) / plan.stages[1].days)


def test_with_everything_accepted_the_launch_is_what_is_left(here_sqlite, deal: int) -> None:
    with here_sqlite.db.writing() as session:
        row = session.get_one(Deal, deal)
        plan = plan_of(session, row)
        for stage in plan.production:
            an_accepted_stage(session, row, stage.slug)
        row.work = Work.LAUNCH.value
        stand = projects.stand(session, row)
        found = hours_warning.of_project(stand, 60 * 1000, [], CALENDAR, RULE, MONDAY)
    assert found.stage == "launch"
    assert done(here_sqlite, deal) == sum(hours_warning.weights_of(plan.stages)[stage.slug] for stage in plan.production)
    assert abs(done(here_sqlite, deal, days=300) - 1) < Decimal("1e-20")
