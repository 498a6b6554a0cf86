"""Settings: the environment, the secrets file, one sentence for each that is wrong."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from models.errors import BadSetup
from models.settings import ROOT, Settings, read


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"STUDIO_{name.upper()}", raising=False)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("STUDIO_HOME", str(home))


def test_without_a_word_everything_is_on_this_machine(home: Path) -> None:
    found = read()
    assert (found.host, found.home, found.company) == ("127.0.0.1", home.resolve(), ROOT / "company")
    assert found.database == f"sqlite:///{home.resolve() / 'studio.db'}"
    assert (found.prefect_api, found.prefect_ui) == ("http://127.0.0.1:4200/api", "http://127.0.0.1:4200")


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"), ("postgres://h/d", "postgresql+psycopg://h/d"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"), ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)  # fmt: skip
def test_a_database_address_names_its_driver(given: str, used: str) -> None:
    assert read(database_url=given).database == used


def test_the_environment_is_read_and_a_word_in_the_call_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_API_PORT", "9000")
    assert read().api_port == 9000
    assert read(api_port=9001).api_port == 9001


def test_the_worker_hears_one_port_above_the_api_unless_told_otherwise() -> None:
    assert read(api_port=9000).nudges == 9001
    assert read(api_port=9000, nudge_port=5).nudges == 5


def test_secrets_come_from_the_file_below_home_and_are_never_shown(home: Path) -> None:
    (home / "secrets.env").write_text("STUDIO_SECRET=hush-hush\n")
    assert read().secret.get_secret_value() == "hush-hush"
    assert "hush-hush" not in repr(read())


def test_a_variable_that_is_empty_leaves_the_file_below_home_its_word(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "secrets.env").write_text("STUDIO_STRIPE_KEY=sk_live_1\nSTUDIO_MAIL_URL=smtp://mail.example\n")
    for name in ("STUDIO_STRIPE_KEY", "STUDIO_MAIL_URL", "STUDIO_API_PORT", "STUDIO_PAYMENTS", "STUDIO_CLOCK_FILE"):
        monkeypatch.setenv(name, "")
    found = read()
    assert (found.stripe_key.get_secret_value(), found.mail_url) == ("sk_live_1", "smtp://mail.example")
    assert (found.api_port, found.payments, found.clock_file) == (8700, "sandbox", None)


def test_an_engine_elsewhere_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "https://engine.example/api")
    assert read().prefect_ui == "https://engine.example"


@pytest.mark.parametrize(
    ("name", "value"), [("API_PORT", "seventy"), ("API_PORT", "70000"), ("WORKER_THREADS", "0"), ("PDF_SECONDS", "0"), ("UPLOAD_MB", "-1")]
)
def test_a_broken_setting_is_named_in_one_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"STUDIO_{name}", value)
    with pytest.raises(BadSetup) as refused:
        read()
    assert len(refused.value.problems) == 1
    assert f"STUDIO_{name}" in refused.value.problems[0]


def test_all_broken_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_API_PORT", "x")
    monkeypatch.setenv("STUDIO_WORKER_THREADS", "x")
    with pytest.raises(BadSetup) as refused:
        read()
    assert len(refused.value.problems) == 2


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValidationError):
        read().api_port = 1


def test_a_place_below_home_has_its_folder(home: Path) -> None:
    assert read().path("a", "b.txt").parent == home.resolve() / "a"
    assert (home / "a").is_dir()


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
