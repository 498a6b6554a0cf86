"""What is written down: what it is about, readable or for machines, never a secret."""

import json
import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

from models import links, logs

TOKEN = links.token("a secret", "proposal", 7, 1)
KEY = "sf_" + "a1B2" * 10


def line(message: str = "letter handed over", *, error: Exception | None = None, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("studioflow.waker", logging.INFO, "", 0, message, (), (type(error), error, None) if error else None)
    record.__dict__ |= extra
    return record


def test_a_line_for_machines_says_when_who_what_and_which_deal_effect_stage_and_run() -> None:
    with logs.about(deal=42, stage="proposal", run="run-1"), logs.about(effect="deal/42/proposal/v1/mail"):
        told = json.loads(logs.Json().format(line()))
    assert told.pop("time").endswith("+00:00")
    assert told == {
        "level": "info", "logger": "studioflow.waker", "message": "letter handed over", "deal": 42, "stage": "proposal",
        "effect": "deal/42/proposal/v1/mail", "run": "run-1",
    }  # fmt: skip


def test_a_line_for_people_is_one_line_with_the_same() -> None:
    with logs.about(deal=42, stage="proposal", run="run-1"):
        told = logs.Text().format(line())
    assert told[19:] == " INFO    studioflow.waker: letter handed over · deal 42 · stage proposal · run run-1"


def test_what_prefect_knows_of_a_line_is_told_in_our_words() -> None:
    record = line("Finished", flow_run_id="run-1", flow_run_name="proposal · deal 42 · Acme", task_run_name="mail proposal")
    told = json.loads(logs.Json().format(record))
    assert (told["run"], told["run_name"], told["step"]) == ("run-1", "proposal · deal 42 · Acme", "mail proposal")
    assert logs.Text().format(record).endswith("Finished · step mail proposal · proposal · deal 42 · Acme")


def test_an_error_is_told_with_its_cause_on_a_single_line_of_json() -> None:
    told = logs.Json().format(line(error=ValueError("two\nlines")))
    assert "\n" not in told
    assert "ValueError: two\nlines" in json.loads(told)["error"]
    assert "ValueError" in logs.Text().format(line(error=ValueError("x")))


def test_what_is_found_out_in_another_thread_is_told_of_the_whole_request_and_of_no_other() -> None:
    with ThreadPoolExecutor(1) as threads, logs.about():
        with logs.about(step="open"):
            threads.submit(copy_context().run, lambda: logs.note(deal=42)).result()
        assert logs.facts(line()) == {"deal": 42}
    assert logs.facts(line()) == {}
    logs.note(deal=1)
    assert logs.facts(line()) == {}


@pytest.mark.parametrize("kind", [logs.Json(), logs.Text()])
@pytest.mark.parametrize(
    "secret",
    [
        f"GET /p/{TOKEN} 200", f"https://office.example/b/{TOKEN}/draft?x=1", f"/reports/{TOKEN}.csv", f"sent {KEY}.", "key sk_live_51Habc rejected",
        "smtp+starttls://studio:hush-hush@mail.example:587 is away", "Authorization: Bearer abcdefgh-ijkl", "Authorization: Basic c3R1ZGlvOmE=",
        "postgresql+psycopg://u:hush-hush@h/d", "whsec_abcdef",
    ],
)  # fmt: skip
def test_no_line_and_no_error_holds_what_opens_something(kind: logging.Formatter, secret: str) -> None:
    told = kind.format(line(secret, error=ValueError(secret)))
    assert not [word for word in (TOKEN, KEY, "51Habc", "hush-hush", "abcdefgh-ijkl", "c3R1ZGlvOmE=", "abcdef") if word in told]


@pytest.mark.parametrize("plain", ["deal/42/proposal/v2/mail", "/api/deals/42", "http://127.0.0.1:8700/apply", "letter application-assigned", "/a/b/c"])
def test_what_opens_nothing_stays_as_it_is(plain: str) -> None:
    assert logs.scrub(plain) == plain


@pytest.mark.parametrize(("kind", "formatter"), [("text", logs.Text), ("json", logs.Json)])
def test_a_process_writes_one_kind_of_lines_its_libraries_too(monkeypatch: pytest.MonkeyPatch, kind: str, formatter: type) -> None:
    ours, elsewhere = logging.StreamHandler(sys.stderr), logging.FileHandler("/dev/null")
    library = logging.getLogger("some.library")
    monkeypatch.setattr(library, "handlers", [ours, elsewhere])
    logs.install(kind)
    assert isinstance(ours.formatter, formatter)
    assert elsewhere.formatter is None
    elsewhere.close()
