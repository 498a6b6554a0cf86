import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from deployments import secrets_file
from models.errors import BadSetup
from models.settings import read


@pytest.fixture(autouse=True)
def _no_secret_given(monkeypatch):
    monkeypatch.delenv("STUDIO_SECRET", raising=False)


def test_the_first_start_makes_a_secret_that_only_its_owner_may_read(tmp_path):
    place = secrets_file.ensure(tmp_path / "new" / "home")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert len(read(home=tmp_path / "new" / "home").secret.get_secret_value()) >= 64


def test_a_second_start_keeps_the_secret(tmp_path):
    first = secrets_file.ensure(tmp_path).read_text()
    assert secrets_file.ensure(tmp_path).read_text() == first


def test_what_else_stands_in_the_file_stays(tmp_path):
    (tmp_path / "secrets.env").write_text("STUDIO_MAIL_URL=smtp://mail.example")
    place = secrets_file.ensure(tmp_path)
    assert place.read_text().startswith("STUDIO_MAIL_URL=smtp://mail.example\nSTUDIO_SECRET=")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    (tmp_path / "secrets.env").write_text("STUDIO_SECRET=given-by-a-careless-hand\n")
    (tmp_path / "secrets.env").chmod(0o644)
    place = secrets_file.ensure(tmp_path)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert place.read_text() == "STUDIO_SECRET=given-by-a-careless-hand\n"


def test_a_secret_given_in_the_environment_wins_and_is_not_written_down(tmp_path, monkeypatch):
    monkeypatch.setenv("STUDIO_SECRET", "from the environment, long enough")
    assert not secrets_file.ensure(tmp_path).exists()
    assert read(home=tmp_path).secret.get_secret_value() == "from the environment, long enough"


@pytest.mark.parametrize("short", ["", "changeme"])
def test_a_secret_that_is_too_short_is_refused_without_repeating_it(tmp_path, monkeypatch, short):
    monkeypatch.setenv("STUDIO_SECRET", short)
    with pytest.raises(BadSetup, match="too short") as told:
        secrets_file.ensure(tmp_path)
    assert "changeme" not in str(told.value)


def test_two_first_starts_at_once_agree_on_one_secret(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(secrets_file.ensure, [tmp_path] * 8))
    assert len((tmp_path / "secrets.env").read_text().splitlines()) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.env"]


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "home").write_text("a file, no folder")
    with pytest.raises(BadSetup, match=r"secrets\.env cannot be written"):
        secrets_file.ensure(tmp_path / "home")
