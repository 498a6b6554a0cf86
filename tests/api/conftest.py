"""The door with a real database, the example studio, and a clock that stands still."""

import re
import shutil
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import Session, select

from api.app import create_app
from api.counts import Counts
from api.door import READY_FOR
from api.engine import Engine
from api.remembered import Remembered
from api.robots import Robots
from models import keys, links
from models.db import Database
from models.settings import Settings
from models.tables import Deal, Fact
from models.tracks import Sales
from tests.databases import a_database
from tests.factories import a_brief, a_deal, a_proposal, an_estimate
from tests.fakes import ManualClock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Starlette announces another client library; httpx is the one we lock
    from fastapi.testclient import TestClient

SECRET = "a secret of the tests, long enough"


@dataclass
class Entrance:
    """A client of the door, and what lies behind it."""

    http: TestClient
    db: Database
    clock: ManualClock
    home: Path

    def now_with(self, **settings: Any) -> None:
        """The same door with other settings."""
        state = self.http.app.state
        state.door = replace(state.door, settings=state.door.settings.model_copy(update=settings))

    def now_over(self, db: Database) -> None:
        """The same door with another database behind it."""
        state = self.http.app.state
        state.door = replace(state.door, db=db, readiness=Remembered(READY_FOR))

    def now_anew(self, clock: Callable[[], float] = time.monotonic) -> None:
        """The same door in a process that has just started and remembers nothing; what it remembers from now on goes by this clock."""
        state = self.http.app.state
        state.door = replace(state.door, readiness=Remembered(READY_FOR, clock))

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with self.db.writing() as session:
            yield session

    def deal(self, make: Callable[..., Any] | None = None, **values: Any) -> int:
        """A deal's number; `make` (a_brief, an_estimate, a_proposal) gives it documents."""
        with self.db.writing() as session:
            place = Sales(values.pop("sales", "received"))
            deal = a_deal(session, sales=place, **values)
            if make:
                make(session, deal)
            return deal.id or 0

    def link(self, kind: str, deal_id: int) -> str:
        """The path of a deal's link."""
        with self.db.writing() as session:
            return links.hand_out(session, SECRET, kind, deal_id, now=self.clock())

    def proposed(self, **values: Any) -> tuple[int, str]:
        """A deal with a live proposal, and the path of its page."""
        deal_id = self.deal(a_proposal, **{"sales": "proposed"} | values)
        return deal_id, self.link("proposal", deal_id)

    def facts(self, kind: str = "") -> list[Fact]:
        """What was kept, in order, all or of one kind."""
        with self.db.reading() as session:
            return [fact for fact in session.exec(select(Fact).order_by(Fact.id)) if kind in ("", fact.kind)]

    def get_deal(self, deal_id: int) -> Deal:
        with self.db.reading() as session:
            return session.get_one(Deal, deal_id)

    def key(self, *scopes: str, name: str = "crm") -> dict[str, str]:
        """The header of a new key with these scopes."""
        with self.db.writing() as session:
            return {"Authorization": f"Bearer {keys.add(session, name, scopes, self.clock())}"}

    def form(self, **over: str) -> dict[str, str]:
        """The intake form, filled in by a person who took a while over it."""
        started = re.search(r'name="started" value="([^"]+)"', self.http.get("/apply").text)[1]
        self.clock.pass_(seconds=40)
        return {"service": "landing-page", "name": "Ada Byron", "email": "ada@acme.example", "started": started} | over


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """The app, built once; each test puts its own database and clock behind it."""
    home = tmp_path_factory.mktemp("api")
    app = create_app(Settings(home=home, secret=SecretStr(SECRET), nudge_port=9, prefect_port=9, posts_per_minute=1_000_000))
    app.state.untouched = app.state.door
    return app


def behind(app: FastAPI, db: Database, home: Path, clock: ManualClock) -> TestClient:
    """The app with this behind it."""
    settings = app.state.untouched.settings.model_copy(update={"home": home, "database_url": db.url})
    robots = Robots(SECRET, settings.apply_per_hour, settings.apply_min_seconds, Counts(SECRET))
    readiness = Remembered(READY_FOR)
    app.state.door = replace(app.state.untouched, settings=settings, db=db, now=clock, robots=robots, engine=Engine(settings), readiness=readiness)
    return TestClient(app, base_url="http://127.0.0.1:8700", client=("127.0.0.1", 5000), follow_redirects=False)


@pytest.fixture
def door(application: FastAPI, home: Path, clock: ManualClock, sqlite_template: Path) -> Iterator[Entrance]:
    """The door with SQLite behind it."""
    shutil.copy(sqlite_template, home / "studio.db")
    db = a_database(f"sqlite:///{home / 'studio.db'}")
    yield Entrance(behind(application, db, home, clock), db, clock, home)
    db.close()


@pytest.fixture
def each_door(application: FastAPI, home: Path, db: Database, clock: ManualClock) -> Entrance:
    """The door with each kind of database behind it: for what the database decides."""
    return Entrance(behind(application, db, home, clock), db, clock, home)


__all__ = ["Entrance", "a_brief", "a_proposal", "an_estimate"]
