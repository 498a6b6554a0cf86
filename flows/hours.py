"""Hours: from the tracker, from a file, from an operator's hand."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from prefect.logging import get_run_logger
from pydantic import Field

from flows.operations import DealId, Who
from models.answer import MOST_ID
from models.errors import Invalid
from tasks import hours, hours_own
from tasks.operation import chore, operation, this_run
from tasks.world import world

Since = Annotated[date | None, Field(description="The first day to read. Empty: 45 days back, at night the beginning of every project under way.")]
File = Annotated[str, Field(max_length=255, description="Name of a file in hours/in below STUDIO_HOME on the server. Empty: the text below.")]
Text = Annotated[str, Field(max_length=1_000_000, description="Lines pasted from a spreadsheet, with their head: date, person, deal, hours …")]
Person = Annotated[str, Field(min_length=1, max_length=200, description="Who worked: name or e-mail, as in studio.toml.")]
Day = Annotated[date, Field(description="The day on which they worked.")]
Hours = Annotated[Decimal, Field(ge=0, le=24, max_digits=6, decimal_places=4, description="Hours: 7.5. 0 takes back the entry named below.")]
Worked = Annotated[str, Field(max_length=100, description="Stage of the plan: design, content … Empty: the project as a whole.")]
Note = Annotated[str, Field(max_length=2000, description="What was done.")]
Entry = Annotated[int, Field(ge=0, le=MOST_ID, description="Number of an earlier entry that this puts right; 0: a new one.")]


@chore(
    name="sync-hours",
    description="""Reads the tracker's hours again and restates what was edited or deleted there; takes in files of hours/in below STUDIO_HOME; warns
managers whose project takes more hours than the done part of its plan may cost. By itself it runs every hour; run again it changes
nothing. The log names whose hours cost nothing since studio.toml does not name them. **It fails** while the tracker is away, and the
next run catches up: a reading is taken whole or not at all.""",
)
def sync_hours(since: Since = None) -> None:
    """Bring hours up to date and warn where they run ahead."""
    read = hours.read_tracker(since.isoformat() if since else "")
    get_run_logger().info("%s new, %s restated, %s gone.", read["new"], read["edited"], read["gone"])
    for sentence in [*read["said"], *hours_own.take_folder()]:
        get_run_logger().warning(sentence)
    for key in hours.warn_managers():
        get_run_logger().info("A warning is planned: %s.", key)


@operation(
    name="import-hours",
    description="""Takes hours in from a spreadsheet: a CSV file in hours/in on the server, or pasted lines. Columns: date, person, deal, hours;
stage, note and id if you have them; parted by commas, semicolons or tabs; 7.5, 7,5 or 7:30. A line with an id that came before corrects
it, 0 hours take it back; the same line again changes nothing. **It fails** with every line that cannot be taken; then none is.""",
)
def import_hours(who: Who, file: File = "", text: Text = "") -> str:
    """Take hours in; return what became of the lines."""
    if bool(file) == bool(text.strip()):
        raise Invalid("Name a file, or paste lines: one of the two.")
    said = hours_own.import_file(file, who, this_run()) if file else hours_own.import_text(text, who, this_run())
    world().nudge()
    return said


@operation(
    name="record-hours",
    description="""Keeps hours of somebody on a deal, where no tracker knows them. With the number of an earlier entry it puts that one right, and 0
hours take it back; what a tracker told is put right there. The run's result names the entry's number.""",
)
def record_hours(
    deal_id: DealId, person: Person, on: Day, hours: Hours, who: Who, stage: Worked = "", note: Note = "", entry: Entry = 0
) -> str:  # fmt: skip
    """Keep hours that somebody worked; return the entry."""
    line = {"deal": deal_id, "person": person, "on": on.isoformat(), "stage": stage, "note": note}
    return hours_own.record_hours(line, str(hours), entry, who, this_run())
