"""`./studio reports`: addresses of the page, by key."""

import shutil
from pathlib import Path

import pytest

from deployments import cli_reports
from models import keys
from models.db import Database
from models.settings import Settings, read
from tests.fakes import MONDAY


@pytest.fixture
def settings(home: Path, sqlite_template: Path) -> Settings:
    shutil.copy(sqlite_template, home / "studio.db")
    return read(home=home, secret="a test's secret", public_url="https://office.example")


def test_without_a_key_it_says_how_to_make_one(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    cli_reports.show(cli_reports.pages(settings))
    assert "./studio keys add NAME --scope reports:read" in " ".join(capsys.readouterr().out.split())


def test_each_key_that_may_read_reports_has_an_address(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    db = Database(settings.database)
    with db.writing() as session:
        keys.add(session, "director", ["reports:read"], MONDAY)
        keys.add(session, "crm", ["deals:read"], MONDAY)
    db.close()
    found = cli_reports.pages(settings)
    assert [page["key"] for page in found] == ["director"]
    assert found[0]["url"].startswith("https://office.example/reports/")
    cli_reports.show(found)
    assert "director" in capsys.readouterr().out
