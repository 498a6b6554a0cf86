"""The bench of hours measures what it says: entries that find their deals, restated and gone as counted."""

from dataclasses import replace

import pytest

from benchmarks import hours
from models.errors import StudioError
from models.hours import LOOK_BACK
from tasks import world as the_world
from tests.fakes import MONDAY, RecordingTracker


def test_the_entries_are_of_everybody_on_every_project_within_the_days_that_are_read() -> None:
    made = hours.entries([3, 4], 200)
    assert len({one.external_id for one in made}) == 200
    assert {one.issue_key for one in made} == {"deal/3/r1/stage/design", "deal/4/r1/stage/design"}
    assert {one.person for one in made} == set(hours.PEOPLE)
    assert min(one.worked_on for one in made) > MONDAY.date() - LOOK_BACK


def test_a_reading_that_loses_an_entry_ends_the_bench(here_sqlite) -> None:
    the_world.use(replace(here_sqlite, tracker=RecordingTracker(worked=hours.entries([1], 3))))
    hours.check((3, 0, 0))
    hours.check((0, 0, 0))
    with pytest.raises(StudioError, match=r"are \(0, 0, 0\), not \(1, 0, 0\)"):
        hours.check((1, 0, 0))
