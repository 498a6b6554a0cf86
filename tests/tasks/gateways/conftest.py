"""Every tracker, and Debian's Redmine, which is started once for all that ask for it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import a_database
from tests.parts import requires
from tests.redmine import RunningRedmine, redmine
from tests.tasks.gateways.trackers import REAL, EmbeddedRig, FakeRig, RealRig, RedmineRig, Rig


@pytest.fixture(scope="session")
def running_redmine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRedmine]:
    requires("redmine")
    with redmine(tmp_path_factory.mktemp("redmine")) as running:
        yield running


@pytest.fixture(params=["embedded", "fake", REAL])
def rig(request: pytest.FixtureRequest, home: Path) -> Iterator[Rig]:
    """Every tracker."""
    if request.param != "embedded":
        yield _redmine(request)
        return
    shutil.copy(request.getfixturevalue("sqlite_template"), home / "studio.db")
    db = a_database(f"sqlite:///{home / 'studio.db'}")
    yield EmbeddedRig(db)
    db.close()


@pytest.fixture(params=["fake", REAL])
def a_redmine(request: pytest.FixtureRequest) -> RedmineRig:
    """Both Redmines."""
    return _redmine(request)


@pytest.fixture
def fake() -> FakeRig:
    return FakeRig()


def _redmine(request: pytest.FixtureRequest) -> FakeRig | RealRig:
    return FakeRig() if request.param == "fake" else RealRig(request.getfixturevalue("running_redmine"))
