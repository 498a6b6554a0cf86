"""What is refused before anything starts, and how long a database may take to be there."""

import os
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from socket import SHUT_WR, create_connection, socket

import pytest
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlmodel import select

from deployments import set_up
from deployments.supervisor import BAD_SETUP
from models import migrate, waiting
from models.answers import BriefSent
from models.db import Database
from models.errors import BadSetup, Unavailable
from models.settings import ROOT, Settings
from models.stages import Stage
from models.tables import Wait
from tests.deployments.test_prefect_server import free_port
from tests.factories import a_deal, a_wait
from tests.fakes import MONDAY

AWAY = "postgresql://studio:geheim@127.0.0.1:{}/studio"


def settings(home: Path, **over) -> Settings:
    return Settings(**{"home": home, "secret": SecretStr("a secret of the tests")} | over)


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"public_url": "https://office.example"}, "STUDIO_PAYMENTS is sandbox, which is play money"),
        ({"payments": "stripe"}, "STUDIO_STRIPE_KEY is empty"),
        ({"payments": "stripe", "stripe_key": SecretStr("sk_live_1")}, "STUDIO_STRIPE_WEBHOOK_SECRET is empty"),
        ({"public_url": "https://office.example", "payments": "none"}, "STUDIO_MAIL_URL is empty"),
    ],
)
def test_a_start_that_could_not_take_money_or_send_letters_is_refused(home: Path, over: dict, said: str) -> None:
    with pytest.raises(BadSetup, match=said):
        set_up.check(settings(home, **over))


def test_the_public_address_of_the_set_up_counts_as_well(home: Path, tmp_path: Path) -> None:
    company = tmp_path / "company"
    shutil.copytree(ROOT / "company", company)
    toml = company / "studio.toml"
    toml.write_text(toml.read_text().replace('public_address = ""', 'public_address = "https://office.example"'))
    with pytest.raises(BadSetup, match="play money"):
        set_up.check(settings(home, company=company))
    with pytest.raises(BadSetup, match="letters would stay in files"):
        set_up.check(settings(home, company=company, payments="none"))
    set_up.check(settings(home, company=company, payments="none", mail_url="smtp://mail.example"))


def test_a_trial_on_this_machine_may_keep_its_letters_in_files(home: Path) -> None:
    set_up.check(settings(home))


def test_a_database_that_comes_up_while_the_start_waits_is_used(home: Path, postgres_url: str) -> None:
    port = free_port()
    late = make_url(postgres_url).set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(set_up.await_database, settings(home, database_url=late), timedelta(minutes=1))
        with pytest.raises(TimeoutError):
            waiting.result(1)
        with door_to(make_url(postgres_url), port):
            assert waiting.result(60) is None


def test_a_patient_start_waits_without_an_end_and_says_for_what(home: Path, postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    port, said = free_port(), threading.Event()
    caplog.handler.addFilter(lambda _: said.set() or True)
    late = make_url(postgres_url).set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(set_up.await_database, settings(home, database_url=late), None)
        assert said.wait(60) and not waiting.done()
        with door_to(make_url(postgres_url), port):
            assert waiting.result(60) is None
    (told,) = caplog.messages
    assert f":{port}/" in told and told.endswith("It is waited for.")


@pytest.mark.parametrize("how", [[], ["--patient"]])
def test_a_set_up_that_is_wrong_ends_the_start_at_once_patient_or_not(tmp_path: Path, how: list[str], postgres_url: str) -> None:
    nowhere = make_url(postgres_url).set(database="there_is_none").render_as_string(hide_password=False)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "PREFECT_"))}
    ended = subprocess.run(
        [sys.executable, "-m", "deployments.start", *how], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100,
        env=env | {"STUDIO_HOME": str(tmp_path), "STUDIO_DATABASE_URL": nowhere},
    )  # fmt: skip
    assert ended.returncode == BAD_SETUP
    assert "there_is_none cannot be used" in ended.stderr and "Traceback" not in ended.stderr


def test_a_database_that_stays_away_is_no_mistake_of_the_set_up_and_is_told_without_its_password(home: Path) -> None:
    with pytest.raises(Unavailable, match=r"studio:\*\*\*@127.0.0.1:\d+/studio does not answer: .*refused") as told:
        set_up.check(settings(home, database_url=AWAY.format(free_port())), patience=timedelta())
    assert "geheim" not in str(told.value)


def test_a_database_that_says_why_it_cannot_be_used_is_not_waited_for(home: Path, postgres_url: str) -> None:
    nowhere = make_url(postgres_url).set(database="there_is_none").render_as_string(hide_password=False)
    with pytest.raises(BadSetup, match="there_is_none cannot be used: .* does not exist"):
        set_up.check(settings(home, database_url=nowhere))


@contextmanager
def door_to(place, port: int) -> Iterator[None]:
    """Let connections to `port` reach the database at another."""

    class Door(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with create_connection((place.host, place.port)) as inside:
                back = threading.Thread(target=pour, args=(inside, self.request))
                back.start()
                pour(self.request, inside)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Door) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def pour(source: socket, to: socket) -> None:
    with suppress(OSError):
        while some := source.recv(65536):
            to.sendall(some)
        to.shutdown(SHUT_WR)


@pytest.fixture
def behind(bare_database_url: str) -> Iterator[Database]:
    """A database of the release before, with one deal that waits for its brief."""
    db = Database(bare_database_url)
    before = ScriptDirectory.from_config(migrate.configuration()).get_revision("head").down_revision
    with db.engine.execution_options(studio_begin="IMMEDIATE").begin() as connection:
        migrate.upgrade_to(connection, str(before))
    with db.writing() as session:
        a_wait(session, a_deal(session), BriefSent, stage=Stage.BRIEF, key="brief#1")
    yield db
    db.close()


def revision(db: Database) -> str:
    with db.engine.connect() as connection:
        return migrate.revision(connection)


def test_a_release_that_would_let_a_deal_wait_for_ever_leaves_the_database_to_the_one_before(behind: Database, home: Path) -> None:
    before = revision(behind)
    with behind.writing() as session:
        a_wait(session, a_deal(session), BriefSent, stage=Stage.BRIEF, key="questions#1")
    with pytest.raises(BadSetup, match="Deal 2 .Acme. waits in brief"):
        set_up.check(settings(home, database_url=behind.url))
    assert revision(behind) == before
    with behind.writing() as session:
        waiting.drop_all(session, session.exec(select(Wait.deal_id).where(Wait.key == "questions#1")).one(), now=MONDAY)
    set_up.check(settings(home, database_url=behind.url))
    assert revision(behind) == migrate.head() != before


def test_a_database_of_a_newer_release_is_refused_in_a_sentence(behind: Database, home: Path) -> None:
    with behind.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BadSetup, match="at 9999, which a newer release made"):
        set_up.check(settings(home, database_url=behind.url))
