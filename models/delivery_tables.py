"""The tables of delivery: projects, hours, and what is counted of both.

    deal ─1 project ─< tracker_issue            time_entry >─ deal            performance, closed_month
"""

from datetime import date, datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from models.columns import Payload
from models.columns import json_of as _json
from models.columns import when as _when


class Project(SQLModel, table=True):
    """A deal's work in one round, as it was planned when the first money came in. `plan` is a `models.project_plan.ProjectPlan`.

    Where the work stands is told by the deal's tracks, its facts and its waits, never here. `tracker` names who keeps issues and hours.
    """

    __table_args__ = (UniqueConstraint("deal_id", "round"),)

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True)
    round: int = 1
    manager: str = Field(default="", index=True)
    begins_on: date
    plan: Payload = _json()
    tracker: str = ""
    tracker_ref: str = ""
    tracker_url: str = ""
    opened_at: datetime = _when(null=False)


class TrackerIssue(SQLModel, table=True):
    """An issue of the embedded tracker; `key` is ours (`deal/42/r1/stage/design`), status is new, started, ready or closed."""

    __tablename__ = "tracker_issue"

    id: int | None = Field(default=None, primary_key=True)
    project_id: int = Field(foreign_key="project.id", index=True)
    key: str = Field(unique=True)
    stage: str = ""
    subject: str
    hours: int = 0
    status: str = "new"
    changed_at: datetime = _when(null=False)


class TimeEntry(SQLModel, table=True):
    """Minutes that somebody worked, once per (source, external id), as its source tells it now; a deleted one keeps its row."""

    __tablename__ = "time_entry"
    __table_args__ = (UniqueConstraint("source", "external_id"),)

    id: int | None = Field(default=None, primary_key=True)
    source: str
    external_id: str
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True)
    round: int = 1
    stage: str = ""
    person: str
    role: str = ""
    worked_on: date = Field(index=True)
    minutes: int
    note: str = ""
    seen_at: datetime = _when(null=False)
    changed_at: datetime = _when(null=False)
    deleted_at: datetime | None = _when()


class Performance(SQLModel, table=True):
    """A closed project as it was counted on the day it closed; `body` is a `models.performance.PerformanceRow`."""

    __table_args__ = (UniqueConstraint("deal_id", "round"),)

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True)
    round: int = 1
    closed_on: date
    month: str = Field(index=True)
    body: Payload = _json()
    made_at: datetime = _when(null=False)


class ClosedMonth(SQLModel, table=True):
    """A month's report as it was reported; `body` holds its rows and totals. What is known now is counted anew beside it."""

    __tablename__ = "closed_month"

    month: str = Field(primary_key=True)
    body: Payload = _json()
    closed_at: datetime = _when(null=False)
