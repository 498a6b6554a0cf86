"""Every tracker of ours beside something that looks into it and works in it: our tables, the fake Redmine, Debian's Redmine."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import count
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from models.db import Database
from models.delivery_tables import Project, TimeEntry, TrackerIssue
from models.errors import Unavailable
from models.tracking import IssueOrder, ProjectOrder, ProjectRef, issue_key, project_key
from tasks.gateways.embedded_tracker import EmbeddedTracker
from tasks.gateways.redmine import RedmineTracker
from tasks.gateways.redmine_desk import RedmineDesk
from tasks.gateways.redmine_records import RedmineNames
from tasks.gateways.tracker import Tracker
from tests.factories import a_deal
from tests.fakes import MONDAY
from tests.redmine import KEY, RunningRedmine
from tests.tasks.gateways.fake_redmine import URL, FakeRedmine, Wire

REAL = pytest.param("real", marks=[pytest.mark.redmine, pytest.mark.xdist_group("redmine"), pytest.mark.timeout(300)])
STAGES = ("specification", "design", "html")
_deals = count(1000)


def next_deal() -> int:
    """A deal that no other test has."""
    return next(_deals)


def an_order(deal: int = 0, stages: tuple[str, ...] = STAGES, **over: Any) -> ProjectOrder:
    """A project of three stages; a deal of its own unless one is given."""
    deal = deal or next(_deals)
    issues = [
        IssueOrder(
            key=issue_key(deal, 1, stage), stage=stage, subject=stage.title(), description=f"What {stage} is.", hours=12,
            starts_on=date(2026, 3, 2), due_on=date(2026, 3, 9),
        ) for stage in stages
    ]  # fmt: skip
    return ProjectOrder(**{"key": project_key(deal, 1), "name": f"Acme {deal}", "description": "A new page.", "issues": issues} | over)


@dataclass(frozen=True)
class Seen:
    """A project as its tracker has it: how many there are by its key, and its issues."""

    many: int
    name: str
    issues: list[str]
    texts: list[str]


class EmbeddedRig:
    """Our own tables."""

    person = "Ada Lovelace"
    statuses = {"new": "new", "started": "started", "ready": "ready", "closed": "closed"}

    def __init__(self, db: Database) -> None:
        self.db = db
        self.tracker: Tracker = EmbeddedTracker(db, lambda: MONDAY)

    def order(self, **over: Any) -> ProjectOrder:
        """An order for a deal whose project is planned."""
        with self.db.writing() as session:
            deal = a_deal(session)
            session.add(Project(deal_id=deal.id or 0, begins_on=date(2026, 3, 2), opened_at=MONDAY))
            return an_order(deal.id or 0, **over)

    def see(self, ref: ProjectRef) -> Seen:
        with self.db.reading() as session:
            project = session.get_one(Project, int(ref.id))
            many = len(session.exec(select(Project).where(Project.deal_id == project.deal_id)).all())
            issues = session.exec(select(TrackerIssue).where(TrackerIssue.project_id == project.id).order_by(col(TrackerIssue.id))).all()
            return Seen(many, "", [issue.subject for issue in issues], [])

    def set(self, ref: ProjectRef, key: str, status: str) -> None:
        with self.db.writing() as session:
            session.exec(select(TrackerIssue).where(TrackerIssue.key == key)).one().status = status

    def remove(self, ref: ProjectRef, key: str) -> None:
        with self.db.writing() as session:
            session.delete(session.exec(select(TrackerIssue).where(TrackerIssue.key == key)).one())

    def log(self, ref: ProjectRef, key: str, day: date, minutes: int, note: str = "") -> str:
        with self.db.writing() as session:
            project = session.get_one(Project, int(ref.id))
            number = f"row-{next(_deals)}"
            session.add(
                TimeEntry(
                    source="embedded", external_id=number, deal_id=project.deal_id, stage=key.rpartition("/")[2], person=self.person,
                    worked_on=day, minutes=minutes, note=note, seen_at=MONDAY, changed_at=MONDAY,
                )
            )  # fmt: skip
            return number

    def edit(self, number: str, **values: Any) -> None:
        with self.db.writing() as session:
            entry = session.exec(select(TimeEntry).where(TimeEntry.external_id == number)).one()
            for name, value in values.items():
                setattr(entry, name, value)

    def delete(self, number: str) -> None:
        self.edit(number, deleted_at=MONDAY)


class RedmineRig:
    """A Redmine behind a wire. Whoever looks into it does so past the wire."""

    person = "Redmine Admin"
    statuses = {"new": "New", "started": "Feedback", "ready": "Resolved", "closed": "Rejected"}

    def __init__(self, url: str, inner: Callable[[], httpx.BaseTransport]) -> None:
        self.url = url
        self.inner = inner
        self.wire = Wire(inner)
        self.tracker = self.with_key(KEY)
        self.desk = RedmineDesk(url, KEY, transport=self.wire)

    def with_key(self, key: str, names: RedmineNames | None = None) -> RedmineTracker:
        return RedmineTracker(self.url, key, names, transport=self.wire)

    def beside(self) -> RedmineTracker:
        """Another caller, on a wire of its own."""
        return RedmineTracker(self.url, KEY, transport=Wire(self.inner))

    def order(self, **over: Any) -> ProjectOrder:
        return an_order(**over)


class FakeRig(RedmineRig):
    """The fake."""

    def __init__(self) -> None:
        self.fake = FakeRedmine()
        super().__init__(URL, lambda: self.fake.transport)

    def see(self, ref: ProjectRef) -> Seen:
        project = self.fake.projects[int(ref.id)]
        issues = [one for one in self.fake.issues.values() if one["project"]["id"] == project["id"]]
        many = sum(one["identifier"] == project["identifier"] for one in self.fake.projects.values())
        return Seen(many, project["name"], [one["subject"] for one in issues], [one["description"] for one in issues])

    def _issue(self, key: str) -> dict:
        return next(one for one in self.fake.issues.values() if f"{key}]" in one["description"])

    def set(self, ref: ProjectRef, key: str, status: str) -> None:
        self._issue(key)["status"] = next(one for one in self.fake.statuses if one["name"] == status)

    def remove(self, ref: ProjectRef, key: str) -> None:
        del self.fake.issues[self._issue(key)["id"]]

    def log(self, ref: ProjectRef, key: str, day: date, minutes: int, note: str = "") -> str:
        issue = self._issue(key)["id"] if key else None
        return str(self.fake.log(int(ref.id), issue, spent_on=day.isoformat(), hours=minutes / 60, comments=note))

    def edit(self, number: str, **values: Any) -> None:
        self.fake.entries[int(number)] |= _as_redmine(values) | {"updated_on": "2026-03-03T09:00:00Z"}

    def delete(self, number: str) -> None:
        del self.fake.entries[int(number)]

    def describe(self, ref: ProjectRef, key: str, text: str) -> None:
        self._issue(key)["description"] = text

    def subtask(self, ref: ProjectRef, key: str) -> str:
        """An issue of somebody's own below one of ours."""
        return str(self.fake.issue(int(ref.id), subject="Buttons", parent={"id": self._issue(key)["id"]})["id"])

    def log_on(self, issue: str, day: date, minutes: int) -> str:
        return str(self.fake.log(self.fake.issues[int(issue)]["project"]["id"], int(issue), spent_on=day.isoformat(), hours=minutes / 60))

    def own_project(self, identifier: str) -> None:
        self.fake.project(name="Somebody's", identifier=identifier)

    def archive(self, ref: ProjectRef) -> None:
        self.fake.projects[int(ref.id)]["status"] = 9

    def close(self, ref: ProjectRef) -> None:
        self.fake.projects[int(ref.id)]["status"] = 5


class RealRig(RedmineRig):
    """Debian's Redmine, worked in through python-redmine."""

    def __init__(self, running: RunningRedmine) -> None:
        self.oracle = running.oracle
        self.database = running.database
        self.known: dict[str, int] = {}
        super().__init__(running.url, lambda: httpx.HTTPTransport(verify=False))  # plain HTTP: no certificates to load for each request

    def see(self, ref: ProjectRef) -> Seen:
        project = self.oracle.project.get(int(ref.id))
        issues = sorted(self.oracle.issue.filter(project_id=project.id, status_id="*"), key=lambda one: one.id)
        many = sum(one.identifier == project.identifier for one in self.oracle.project.all())
        return Seen(many, project.name, [one.subject for one in issues], [one.description for one in issues])

    def _issue(self, ref: ProjectRef, key: str) -> Any:
        return next(one for one in self.oracle.issue.filter(project_id=int(ref.id), status_id="*") if f"{key}]" in one.description)

    def set(self, ref: ProjectRef, key: str, status: str) -> None:
        wanted = next(one.id for one in self.oracle.issue_status.all() if one.name == status)
        self.oracle.issue.update(self._issue(ref, key).id, status_id=wanted)

    def remove(self, ref: ProjectRef, key: str) -> None:
        self._issue(ref, key).delete()

    def log(self, ref: ProjectRef, key: str, day: date, minutes: int, note: str = "") -> str:
        if key and key not in self.known:
            self.known[key] = self._issue(ref, key).id
        return self._log({"issue_id": self.known[key]} if key else {"project_id": int(ref.id)}, day, minutes, note)

    def log_many(self, ref: ProjectRef, key: str, day: date, many: int) -> list[str]:
        """One through the API, the rest as its copies: Redmine takes a twentieth of a second for each."""
        first = int(self.log(ref, key, day, 60))
        columns = "author_id, project_id, user_id, issue_id, hours, comments, activity_id, spent_on, tyear, tmonth, tweek, created_on, updated_on"
        with closing(sqlite3.connect(self.database, timeout=20)) as db, db:
            copy = f"INSERT INTO time_entries ({columns}) SELECT {columns} FROM time_entries WHERE id = ?"
            return [str(first), *(str(db.execute(copy, [first]).lastrowid) for _ in range(many - 1))]

    def _log(self, where: dict[str, int], day: date, minutes: int, note: str = "") -> str:
        made = self.oracle.time_entry.create(**where, spent_on=day, hours=minutes / 60, activity_id=self.activity, comments=note)
        return str(made.id)

    @cached_property
    def activity(self) -> int:
        return next(iter(self.oracle.enumeration.filter(resource="time_entry_activities"))).id

    def edit(self, number: str, **values: Any) -> None:
        self.oracle.time_entry.update(int(number), **_as_redmine(values))

    def delete(self, number: str) -> None:
        self.oracle.time_entry.delete(int(number))

    def describe(self, ref: ProjectRef, key: str, text: str) -> None:
        self.oracle.issue.update(self._issue(ref, key).id, description=text)

    def subtask(self, ref: ProjectRef, key: str) -> str:
        made = self.oracle.issue.create(project_id=int(ref.id), subject="Buttons", tracker_id=1, parent_issue_id=self._issue(ref, key).id)
        return str(made.id)

    def log_on(self, issue: str, day: date, minutes: int) -> str:
        return self._log({"issue_id": int(issue)}, day, minutes)

    def own_project(self, identifier: str) -> None:
        self.oracle.project.create(name="Somebody's", identifier=identifier)

    def archive(self, ref: ProjectRef) -> None:
        self.oracle.project.get(int(ref.id)).archive()

    def close(self, ref: ProjectRef) -> None:
        self.oracle.project.get(int(ref.id)).close()


Rig = EmbeddedRig | FakeRig | RealRig


def both_at_once(act: Callable[[], Any]) -> list[Any]:
    """What two callers of it get who set out together; each tries again while a database is busy, as a step does."""
    found: list[Any] = []
    start = threading.Barrier(2)

    def call() -> None:
        start.wait()
        for _ in range(20):
            with suppress(Unavailable):
                found.append(act())
                break

    callers = [threading.Thread(target=call) for _ in range(2)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(found) == 2
    return found


def log_many(rig: Rig, ref: ProjectRef, key: str, day: date, many: int) -> list[str]:
    """So many hours on one issue and day."""
    return rig.log_many(ref, key, day, many) if isinstance(rig, RealRig) else [rig.log(ref, key, day, 60) for _ in range(many)]


def _as_redmine(values: dict[str, Any]) -> dict[str, Any]:
    names = {"worked_on": ("spent_on", lambda day: day.isoformat()), "minutes": ("hours", lambda minutes: minutes / 60), "note": ("comments", str)}
    return {names[name][0]: names[name][1](value) for name, value in values.items()}
