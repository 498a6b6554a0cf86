"""Around the pages: the outbox, health, headers, what is logged, what happens when something breaks."""

import asyncio
import logging
import socket
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from api.app import create_app
from api.door import READY_FOR
from api.guards import Redacted, redact
from api.remembered import Remembered
from models import documents, leases, sent_mail
from models.clock import real_now
from models.db import Database
from models.errors import BadSetup
from models.message import Mailbox, Message
from models.settings import Settings
from tasks.gateways.outbox import FileMailer
from tests.api.conftest import Entrance, TestClient


def letter(door: Entrance, key: str = "deal/7/brief/mail") -> str:
    """A letter in the outbox; its name."""
    message = Message(
        key=key,
        deal=7,
        to=Mailbox(address="ada@acme.example", name="Ada"),
        sender=Mailbox(address="hello@northlight.example"),
        subject="A few questions <b>",
        text="Look: http://127.0.0.1:8700/b/abc\n",
        html="<html><head></head><body><p style='color:red'>Hi</p></body></html>",
        sent_at=door.clock(),
    )
    FileMailer(door.home / "outbox").send(message)
    return sent_mail.file_name(key)


def test_whoever_sits_at_this_machine_reads_sent_mail(door: Entrance) -> None:
    assert "No letter has been sent yet" in door.http.get("/outbox").text
    name = letter(door)
    assert f'href="/outbox/{name}"' in door.http.get("/outbox").text
    page = door.http.get(f"/outbox/{name}")
    assert 'href="http://127.0.0.1:8700/b/abc"' in page.text
    assert "A few questions &lt;b&gt;" in page.text
    frame = door.http.get(f"/outbox/{name}/html")
    assert "sandbox" in frame.headers["content-security-policy"]
    assert "script-src" not in frame.headers["content-security-policy"]
    assert "Hi" in frame.text


@pytest.mark.parametrize("name", ["nothing.0123456789ab.eml", "..%2f..%2fstudio.db", "x", "%00"])
def test_the_outbox_has_nothing_but_letters(door: Entrance, name: str) -> None:
    letter(door)
    assert door.http.get(f"/outbox/{name}").status_code == 404
    assert door.http.get(f"/outbox/{name}/html").status_code == 404


def test_nobody_else_reads_sent_mail(door: Entrance) -> None:
    name = letter(door)
    app = door.http.app
    elsewhere = TestClient(app, base_url="http://127.0.0.1:8700", client=("10.1.2.3", 5000))
    rebound = TestClient(app, base_url="http://evil.example:8700", client=("127.0.0.1", 5000))
    for path in ("/outbox", f"/outbox/{name}", f"/outbox/{name}/html"):
        assert elsewhere.get(path).status_code == 404
        assert rebound.get(path).status_code == 404
        assert door.http.get(path, headers={"X-Forwarded-For": "10.1.2.3"}).status_code == 404


def test_with_a_mail_server_there_is_no_outbox(door: Entrance) -> None:
    letter(door)
    door.now_with(mail_url="smtp://localhost")
    assert door.http.get("/outbox").status_code == 404


def test_alive_is_alive_whatever_else_is_not(door: Entrance) -> None:
    assert door.http.get("/health/live").json() == {"alive": True}


def test_ready_names_what_is_missing(door: Entrance) -> None:
    answer = door.http.get("/health/ready")
    assert answer.status_code == 503
    parts = answer.json()["parts"]
    assert {name: part["well"] for name, part in parts.items() if part["needed"]} == {
        "database": True,
        "migrations": True,
        "engine": False,
        "worker": False,
    }
    assert "Prefect server does not answer" in answer.json()["detail"]
    with door.writing() as session:
        leases.take(session, "worker/one", "one", length=timedelta(seconds=60), now=real_now())
    door.now_anew()
    assert door.http.get("/health/ready").json()["parts"]["worker"]["well"]


def test_a_database_behind_the_code_is_not_ready(bare_database_url: str, door: Entrance) -> None:
    bare = Database(bare_database_url)
    door.now_over(bare)
    parts = door.http.get("/health/ready").json()["parts"]
    assert (parts["database"]["well"], parts["migrations"]["well"]) == (True, False)
    bare.close()


def test_while_the_database_is_away_ready_names_it_and_every_part_that_cannot_be_read(door: Entrance) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = Database(f"postgresql+psycopg://postgres@127.0.0.1:{closed.getsockname()[1]}/nothing")
        door.now_over(away)
        answer = door.http.get("/health/ready")
        away.close()
    told = answer.json()
    assert (answer.status_code, told["ready"]) == (503, False)
    said = {name: part["says"] for name, part in told["parts"].items() if name not in {"engine", "pdf"} and not part["well"]}
    assert said == {
        "database": "The database does not answer (Unavailable).",
        "migrations": "The database's version cannot be read (OperationalError).",
        "worker": "Whether a worker is at work cannot be read.",
        "waits": "Whether waits are due cannot be read.",
        "letters": "Whether letters go out cannot be read.",
        "schedule": "Whether the schedule turns cannot be read.",
    }


def test_however_often_ready_is_asked_the_database_is_asked_once_within_its_memory(door: Entrance) -> None:
    asked, seconds = [], [0.0]
    event.listen(door.db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    door.now_anew(lambda: seconds[0])
    first = door.http.get("/health/ready").json()
    looked = len(asked)
    assert looked > 0
    with door.writing() as session:
        leases.take(session, "worker/one", "one", length=timedelta(seconds=60), now=real_now())
    asked.clear()
    assert [door.http.get("/health/ready").json() for _ in range(20)] == [first] * 20
    assert asked == []
    seconds[0] += READY_FOR
    assert door.http.get("/health/ready").json()["parts"]["worker"]["well"]
    assert len(asked) == looked


def test_whoever_asks_while_an_answer_is_worked_out_gets_the_same_one_and_what_failed_is_not_kept() -> None:
    worked_out = []

    def work_out() -> int:
        worked_out.append(1)
        return 7 // (len(worked_out) - 1)  # the first one fails

    async def scene() -> list[int]:
        memory = Remembered(60)
        with pytest.raises(ZeroDivisionError):
            await memory.ask(work_out)
        return await asyncio.gather(*(memory.ask(work_out) for _ in range(20)))

    assert asyncio.run(scene()) == [7] * 20
    assert len(worked_out) == 2


def test_every_answer_tells_browsers_to_be_careful(door: Entrance) -> None:
    _, page = door.proposed()
    for path in ("/apply", page, "/p/unknown", "/api/deals", "/static/css/studio.css", "/nothing"):
        headers = door.http.get(path).headers
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert door.http.get(page).headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in door.http.get(page).headers


def test_behind_https_browsers_are_told_to_stay_there(tmp_path) -> None:
    app = create_app(Settings(home=tmp_path, secret="x" * 32, public_url="https://office.example"))
    with TestClient(app) as http:
        assert http.get("/health/live").headers["strict-transport-security"].startswith("max-age=")


def test_a_broken_set_up_is_told_before_anything_starts(tmp_path) -> None:
    with pytest.raises(BadSetup, match=r"studio\.toml"):
        create_app(Settings(home=tmp_path, company=tmp_path, secret="x" * 32))


def test_tokens_are_never_logged() -> None:
    record = logging.LogRecord(
        "uvicorn.access",
        logging.INFO,
        "",
        0,
        '%s - "%s %s HTTP/%s" %d',
        ("1.2.3.4:5", "GET", "/p/secrettoken.pdf?option=a", "1.1", 200),
        None,
    )
    assert Redacted().filter(record)
    assert record.getMessage() == '1.2.3.4:5 - "GET /p/….pdf?option=a HTTP/1.1" 200'
    for kind in "qbpakru":
        assert "secret" not in redact(f"/{kind}/secret/answer")
    assert redact("/api/deals/7") == "/api/deals/7"


def test_a_crash_is_a_sentence_and_its_log_has_no_token(door: Entrance, caplog: pytest.LogCaptureFixture) -> None:
    deal_id, page = door.proposed()
    with door.writing() as session:
        documents.latest(session, deal_id, "proposal").body = {"broken": True}
    answer = TestClient(door.http.app, base_url="http://127.0.0.1:8700", raise_server_exceptions=False).get(page)
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.text
    assert "Traceback" not in answer.text
    assert "GET /p/… broke." in caplog.text
    assert page.split("/")[2] not in caplog.text


def test_a_database_that_is_away_is_a_sentence(door: Entrance, tmp_path) -> None:
    gone = Database(f"sqlite:///{tmp_path}/nothing.db")
    door.now_over(gone)
    answer = door.http.get("/api/deals", headers={"Authorization": "Bearer sf_x"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    page = door.http.get("/p/token")
    assert page.status_code == 503
    assert "database is busy" in page.text
    gone.close()


def test_unknown_pages_and_methods_are_sentences(door: Entrance) -> None:
    assert "There is no such page" in door.http.get("/nothing").text
    assert door.http.get("/nothing").status_code == 404
    assert door.http.delete("/apply").status_code == 405
    assert "cannot be used that way" in door.http.delete("/apply").text


def test_the_clock_of_the_settings_is_the_doors(tmp_path) -> None:
    (tmp_path / "clock").write_text("86400")
    app = create_app(Settings(home=tmp_path, secret="x" * 32, clock_file=tmp_path / "clock"))
    ahead = app.state.door.now() - datetime.now(UTC)
    assert timedelta(hours=23) < ahead < timedelta(hours=25)
    app.state.door.db.close()
