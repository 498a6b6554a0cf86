import json
import os
import shutil
import socket
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from deployments import running
from models.db import Database
from models.settings import ROOT, read
from models.tables import Client, Deal

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def studio(tmp_path):
    def run(*arguments: str, **given: str) -> subprocess.CompletedProcess:
        env = {name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "PREFECT_"))}
        return subprocess.run(
            [sys.executable, "-m", "deployments.cli", *arguments], cwd=ROOT, env=env | {"STUDIO_HOME": str(tmp_path / "home")} | given,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def free():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def test_a_busy_port_is_one_sentence_and_two(studio, taken, free):
    done = studio("up", "--api-port", str(taken), "--prefect-port", str(free))
    assert done.returncode == 2
    assert done.stderr == f"Port {taken} of 127.0.0.1 is taken by another program; choose one with --api-port.\n"
    assert done.stdout == ""


def test_each_busy_port_is_named(studio, taken):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        nudges = other.getsockname()[1]
        done = studio("up", "--prefect-port", str(taken), STUDIO_NUDGE_PORT=str(nudges))
    assert done.returncode == 2
    assert f"Port {taken} of 127.0.0.1 is taken by another program; choose one with --prefect-port." in done.stderr
    assert f"UDP port {nudges} of 127.0.0.1 is taken by another program; choose one with STUDIO_NUDGE_PORT or --api-port." in done.stderr


def test_each_broken_setting_is_a_sentence(studio):
    done = studio("up", STUDIO_API_PORT="http", STUDIO_WORKER_THREADS="0")
    assert done.returncode == 2
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["STUDIO_API_PORT", "STUDIO_WORKER_THREADS"]


def test_a_broken_set_up_names_file_key_and_reason_and_nothing_stays_running(studio, tmp_path, free):
    company = tmp_path / "company"
    shutil.copytree(ROOT / "company", company)
    studio_toml = company / "studio.toml"
    studio_toml.write_text(studio_toml.read_text().replace("currency", "curency", 1))
    done = studio("up", "--api-port", str(free), "--prefect-port", str(free - 1), STUDIO_COMPANY=str(company))
    assert done.returncode == 2
    assert "company/studio.toml" in done.stderr
    assert "currency" in done.stderr
    assert "Traceback" not in done.stderr
    assert running.find(tmp_path / "home") is None


def test_a_database_out_of_reach_is_a_sentence_without_its_password(studio):
    done = studio("migrate", STUDIO_DATABASE_URL="postgresql://studio:geheim@127.0.0.1:1/studio")
    assert done.returncode == 2
    assert done.stderr.startswith("The database postgresql+psycopg://studio:***@127.0.0.1:1/studio cannot be used: ")
    assert "geheim" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_up_says_where_the_first_one_is(studio, tmp_path):
    with running.claim(read(home=tmp_path / "home", api_port=8123, prefect_port=4123)) as claim:
        assert claim
        claim.ready()
        done = studio("up")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == f"Studioflow is running here already (process {os.getpid()})."
    assert "http://127.0.0.1:8123/apply" in done.stdout
    assert "http://127.0.0.1:4123\n" in done.stdout


def test_status_of_nothing_is_one(studio, free):
    done = studio("status", "--json", "--api-port", str(free), "--prefect-port", str(free))
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert (told["ok"], told["pid"]) == (False, None)
    assert told["addresses"]["intake form"] == f"http://127.0.0.1:{free}/apply"
    assert [part["name"] for part in told["parts"]] == ["engine", "pages", "sandbox"]


def test_down_where_nothing_runs_is_no_error(studio):
    done = studio("down")
    assert (done.returncode, done.stdout) == (0, "Nothing is running here.\n")


def test_a_home_has_one_holder_at_a_time_and_a_dead_one_holds_nothing(tmp_path):
    settings = read(home=tmp_path)
    with running.claim(settings) as first, running.claim(settings) as second:
        assert first is not None
        assert second is None
        found = running.find(tmp_path)
        assert found
        assert found.pid == os.getpid()
    (tmp_path / "studio.pid").write_text('{"pid": 1, "api_port": 8700, "prefect_port": 4200, "ready": true}')
    assert running.find(tmp_path) is None


def test_migrate_says_what_it_did_and_does_it_once(studio):
    first, again = (json.loads(studio("migrate", "--json").stdout) for _ in range(2))
    assert (first["before"], again["before"]) == ("", first["after"])


def test_a_key_is_printed_once_alone_on_its_line(studio):
    key = studio("keys", "add", "the CRM", "--scope", "deals:read").stdout
    assert key == f"{key.strip()}\n"
    listed = studio("keys", "list", "--json")
    assert [one["name"] for one in json.loads(listed.stdout)] == ["the CRM"]
    assert key.strip() not in listed.stdout


def test_a_key_is_rotated_and_both_are_listed_without_themselves(studio):
    first = studio("keys", "add", "crm", "--scope", "deals:read", "--ends", "90d", "--staff", "conor@northlight.example").stdout.strip()
    second = studio("keys", "rotate", "crm", "--grace", "7d").stdout.strip()
    assert first != second and second.startswith("sf_")
    listed = studio("keys", "list").stdout
    assert "the one before it is good until" in listed and "speaks for conor@northlight.example" in listed and second not in listed
    for wrong, said in ((("rotate", "crm", "--grace", "soon"), "no length of time"), (("add", "x", "--scope", "deals:read", "--staff", "a@b"), "nobody")):
        done = studio("keys", *wrong)
        assert (done.returncode, said in done.stderr) == (1, True)


def test_an_unknown_scope_is_a_sentence_and_one(studio):
    done = studio("keys", "add", "crm", "--scope", "everything")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no scope everything;")


def test_an_empty_outbox_is_an_empty_list(studio):
    assert json.loads(studio("outbox", "--json").stdout) == []


def test_a_deal_is_shown_to_a_person_and_to_a_script(studio, tmp_path):
    studio("migrate")
    db = Database(read(home=tmp_path / "home").database)
    with db.writing() as session:
        session.add(Client(id=7, name="Ada", email="ada@example.com", opened_at=NOON))
        session.flush()
        session.add(Deal(client_id=7, service="shop", currency="EUR", locale="en_IE", opened_at=NOON))
    db.close()
    told = json.loads(studio("deal", "1", "--json").stdout)
    assert (told["id"], told["client"]["email"]) == (1, "ada@example.com")
    shown = studio("deal", "1").stdout
    assert shown.startswith("Deal 1 · shop · Ada <ada@example.com>\n")
    assert "\nTime in each stage\n" in shown


def test_a_deal_that_is_not_there_is_a_sentence_and_one(studio):
    done = studio("deal", "77")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "There is no deal 77.\n")
