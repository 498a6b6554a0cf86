"""A world to test in: the example studio, a real database, and a mailer, a printer and a clock that a test can look into."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from models.db import Database
from models.settings import Settings
from tasks import world as the_world
from tasks.gateways.embedded_tracker import EmbeddedTracker
from tasks.world import World
from tests.fakes import CardTill, ManualClock, PlainPrinter, RecordingDesk, RecordingMailer
from tests.sealing import a_key
from tests.studio import the_company


@contextmanager
def inhabited(db: Database, home: Path, clock: ManualClock) -> Iterator[World]:
    """The world in use inside the block; what was in use before comes back."""
    settings = Settings(
        home=home, database_url=db.url, public_url="https://office.example", secret="a test's secret", nudge_port=9, seal_key=a_key()
    )
    world = World(
        settings=settings, db=db, company=the_company(), mail=RecordingMailer(), pdf=PlainPrinter(), pay=None,
        tracker=EmbeddedTracker(db, clock), desk=RecordingDesk(), mailbox=None, now=clock, worker=the_world.worker_name()
    )  # fmt: skip
    before = list(the_world._current)
    the_world.use(world)
    try:
        yield world
    finally:
        the_world._current[:] = before


def with_till(here: World) -> tuple[World, CardTill]:
    """The same world with a provider of card payments in it, and the provider."""
    till = CardTill()
    return the_world.use(replace(here, pay=till)), till
