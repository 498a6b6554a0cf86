"""What a task tracker and a support desk are told, and what they tell. Plain data, and the rules of our keys in it.

A key is ours (`deal/42/r1/tracker`). It travels to the vendor and is looked for there before anything is made.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Literal, Self

from pydantic import AwareDatetime, model_validator

from models.errors import Invalid
from models.message import Key, Line
from models.proposal import Record

Status = Literal["new", "started", "ready", "closed"]
"""Where an issue stands: nobody has begun, somebody is at it, the client may look at it, it is done with."""
Priority = Literal["low", "normal", "high", "urgent"]

_PLACE = re.compile(r"deal/(\d+)/r(\d+)(?:/.*)?")
_STAGE = re.compile(r"deal/\d+/r\d+/stage/([^/]+)")


def project_key(deal_id: int, round: int) -> str:  # noqa: A002
    """The key of a deal's project in a tracker: `deal/42/r1/tracker`."""
    return f"deal/{deal_id}/r{round}/tracker"


def issue_key(deal_id: int, round: int, stage: str) -> str:  # noqa: A002
    """The key of a stage's issue: `deal/42/r1/stage/design`."""
    return f"deal/{deal_id}/r{round}/stage/{stage}"


def place_of(key: str) -> tuple[int, int]:
    """The deal and the round that a key is about. Raises Invalid for a key about no deal."""
    found = _PLACE.fullmatch(key)
    if found is None:
        raise Invalid(f"“{key}” is the key of no project: it looks like {project_key(42, 1)}.")
    return int(found[1]), int(found[2])


def stage_of(key: str) -> str:
    """The stage that an issue's key names; "" for any other key."""
    found = _STAGE.fullmatch(key)
    return found[1] if found else ""


class IssueOrder(Record):
    """An issue to be made: one stage of the work. `hours` are those of the estimate."""

    key: Key
    stage: str
    subject: Line
    description: str = ""
    hours: Decimal = Decimal(0)
    starts_on: date | None = None
    due_on: date | None = None

    @model_validator(mode="after")
    def _key_names_the_stage(self) -> Self:
        """Only the key travels: what the vendor tells of an issue is placed by it alone."""
        if stage_of(self.key) != self.stage:
            raise ValueError(f"The key {self.key} does not name the stage {self.stage}.")
        return self


class ProjectOrder(Record):
    """A project to be made, with the issues in it."""

    key: Key
    name: Line
    description: str = ""
    issues: list[IssueOrder] = []


class ProjectRef(Record):
    """A project as the tracker calls it; `url` is where people see it, "" where they cannot."""

    id: str
    url: str = ""


class IssueStatus(Record):
    """Where one of our issues stands."""

    key: str
    stage: str
    status: Status
    url: str = ""


class Entry(Record):
    """Minutes that somebody worked on a project of ours, as the tracker tells it now.

    `external_id` is the tracker's. `issue_key` and `stage` are "" for time on the project itself, or on an issue that is not ours.
    """

    external_id: str
    project: ProjectRef
    issue_key: str = ""
    stage: str = ""
    person: str
    role: str = ""
    worked_on: date
    minutes: int
    note: str = ""
    changed_at: AwareDatetime


class Ticket(Record):
    """A client's matter for the support desk. `body` is plain text (Markdown reads well where it is known)."""

    key: Key
    subject: Line
    body: str
    client_name: Line = ""
    client_email: Line = ""
    priority: Priority = "normal"

    @property
    def client(self) -> str:
        """Who it is about, in one line; "" when nobody is named."""
        return f"{self.client_name} <{self.client_email}>".strip() if self.client_email else self.client_name


class TicketRef(Record):
    """A ticket as the desk calls it; `url` is "" where there is no page."""

    id: str
    url: str = ""
