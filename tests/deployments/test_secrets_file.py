import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from deployments import secrets_file
from models.errors import BadSetup
from models.settings import read
from tasks.gateways import seal
from tasks.gateways.seal_check import check
from tests.fakes import MONDAY
from tests.sealing import a_key, a_pdf

NAMES = ("STUDIO_SECRET", "STUDIO_SANDBOX_SECRET", "STUDIO_SEAL_KEY", "STUDIO_PREFECT_AUTH")


@pytest.fixture(autouse=True)
def _no_secret_given(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def known(place):
    return dict(line.split("=", 1) for line in place.read_text().splitlines())


def test_the_first_start_makes_a_secret_that_only_its_owner_may_read(tmp_path):
    place = secrets_file.ensure(tmp_path / "new" / "home")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    settings = read(home=tmp_path / "new" / "home")
    assert len(settings.secret.get_secret_value()) >= 64
    assert len(settings.sandbox_secret.get_secret_value()) >= 64
    assert settings.secret != settings.sandbox_secret


def test_a_home_is_made_for_its_owner_alone_and_one_that_is_there_stays_as_it_is(tmp_path):
    secrets_file.ensure(tmp_path / "new" / "home")
    read(home=tmp_path / "other").path("logs", "studio.log")
    (tmp_path / "shared").mkdir(mode=0o750)
    secrets_file.ensure(tmp_path / "shared")
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("new/home", "other", "shared")] == [0o700, 0o700, 0o750]


def test_the_first_start_makes_a_key_that_seals(tmp_path):
    secrets_file.ensure(tmp_path)
    key = read(home=tmp_path).seal_key.get_secret_value()
    assert check(seal.seal(a_pdf(), key=key, reason="r", at=MONDAY, name="n")).fingerprint == seal.fingerprints(key)[0]


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_variable_is_no_secret_and_one_is_made(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "")
    assert len(known(secrets_file.ensure(tmp_path))[name]) >= secrets_file.LEAST


def test_an_installation_of_before_gets_what_it_lacks_and_keeps_what_it_has(tmp_path):
    (tmp_path / "secrets.env").write_text("STUDIO_SECRET=from-the-first-release\n")
    first = known(secrets_file.ensure(tmp_path))
    assert first["STUDIO_SECRET"] == "from-the-first-release"
    assert set(first) == set(NAMES)
    assert known(secrets_file.ensure(tmp_path)) == first


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
    assert place.read_text().startswith("STUDIO_SECRET=given-by-a-careless-hand\nSTUDIO_SANDBOX_SECRET=")


@pytest.mark.parametrize("name", NAMES)
def test_what_the_environment_gives_wins_and_is_not_written_down(tmp_path, monkeypatch, name):
    given = a_key() if name == "STUDIO_SEAL_KEY" else "from the environment, long enough"
    monkeypatch.setenv(name, given)
    assert set(known(secrets_file.ensure(tmp_path))) == set(NAMES) - {name}
    assert getattr(read(home=tmp_path), name.removeprefix("STUDIO_").lower()).get_secret_value() == given


def test_where_the_environment_gives_everything_no_file_is_made(tmp_path, monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(name, a_key() if name == "STUDIO_SEAL_KEY" else "from the environment, long enough")
    assert not secrets_file.ensure(tmp_path / "home").exists()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("broken", ["no key at all"])
def test_a_seal_key_that_cannot_be_read_is_refused_at_the_start(tmp_path, monkeypatch, broken):
    monkeypatch.setenv("STUDIO_SEAL_KEY", broken)
    with pytest.raises(BadSetup, match="STUDIO_SEAL_KEY"):
        secrets_file.ensure(tmp_path)


@pytest.mark.parametrize("name", NAMES[:2])
@pytest.mark.parametrize("short", ["x", "changeme"])
def test_a_secret_that_is_too_short_is_refused_without_repeating_it(tmp_path, monkeypatch, short, name):
    monkeypatch.setenv(name, short)
    with pytest.raises(BadSetup, match=f"{name} .* too short") as told:
        secrets_file.ensure(tmp_path)
    assert "changeme" not in str(told.value)


def started(home):
    return secrets_file.ensure(home).read_text()


@pytest.mark.parametrize("before", ["", "STUDIO_SECRET=from-the-first-release\n"])
def test_several_starts_at_once_agree_on_their_secrets(tmp_path, before):
    if before:
        (tmp_path / "secrets.env").write_text(before)
    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(started, [tmp_path] * 8))) == 1
    assert set(known(tmp_path / "secrets.env")) == set(NAMES)
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.env"]


def test_a_home_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "home").write_text("a file, no folder")
    with pytest.raises(BadSetup, match=r"secrets\.env cannot be written"):
        secrets_file.ensure(tmp_path / "home")
