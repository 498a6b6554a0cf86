"""Bad days on the real engine: parts killed in the middle, mail away, the engine away. Nothing lost, nothing twice."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlmodel import select

from models import ledger
from models.cash_tables import Invoice, Payment
from models.tables import Deal, StageRun
from tests.e2e.client import COMPLEX, Someone
from tests.e2e.system import System, eventually, free_port

HELD = {
    "intake": "deal/1/intake/thanks", "brief": "deal/1/r1/brief/mail", "estimate": "deal/1/estimate/v1/approval",
    "proposal": "deal/1/proposal/v1/mail", "contract": "deal/1/r1/contract/details", "signature": "deal/1/contract/v1/signed",
    "invoice": "invoice/1/mail", "payment": "invoice/1/payment/1/receipt", "kickoff": "deal/1/r1/kickoff/welcome",
}  # fmt: skip
"""A letter of each stage, by its key; the deal is the first of its system."""


class Held:
    """A letter that the server has in its hands: `there` once it has come, answered once `go_on`."""

    def __init__(self) -> None:
        self.there, self.go_on = threading.Event(), threading.Event()


class Post:
    """A mail server that takes letters, and can be made to hold some at their end, each once, before it answers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.taken: list[str] = []
        self.holds: dict[str, Held] = {}
        self._controller: Controller | None = None

    def hold(self, key: str) -> Held:
        return self.holds.setdefault(f".{key.replace('/', '-')}@", Held())

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        mark = str(message_from_bytes(envelope.content)["Message-ID"])
        held = next((held for key, held in self.holds.items() if key in mark and not held.there.is_set()), None)
        if held:
            held.there.set()
            while not held.go_on.is_set():
                await asyncio.sleep(0.02)
        self.taken.append(mark)
        return "250 OK"

    def open(self) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def close(self) -> None:
        for held in self.holds.values():
            held.go_on.set()
        if self._controller:
            self._controller.stop()
            self._controller = None


@pytest.fixture
def post() -> Iterator[Post]:
    one = Post(free_port())
    one.open()
    yield one
    one.close()


@pytest.fixture
def mailed(tmp_path: Path, post: Post) -> Iterator[System]:
    system = System(tmp_path / "home", {"STUDIO_MAIL_URL": f"smtp://127.0.0.1:{post.port}"})
    try:
        system.start()
        yield system
    finally:
        system.stop()


def test_a_worker_killed_inside_every_stage_leaves_each_letter_once_or_unknown(mailed: System, post: Post):
    """The mail server has a letter of each stage in its hands, unanswered, when the worker is killed."""
    someone = Someone(mailed)
    someone.deal = 1  # the first of its system
    holds = {stage: post.hold(key) for stage, key in HELD.items()}
    for stage, key in HELD.items():
        _act(someone, stage)
        assert holds[stage].there.wait(60), f"no letter {key}:\n{someone.told()}\n{mailed.log('worker')}"
        mailed.kill("worker")
        holds[stage].go_on.set()
        mailed.start("worker")
        someone.sees(key, state="unknown")
    someone.money("deposit_paid")
    someone.is_asked("materials")
    letters, taken = someone.letters(), Counter(post.taken)
    assert max(taken.values()) == 1, "a letter went out twice"
    assert {key for key, state in letters.items() if state == "unknown"} == set(HELD.values())
    assert set(letters.values()) == {"unknown", "done"}
    with mailed.db.reading() as session:
        rows = session.exec(select(StageRun).where(StageRun.deal_id == someone.deal)).all()
        assert session.get_one(Deal, someone.deal).sales == "won"
        assert ledger.check(session) == []
        assert len(session.exec(select(Invoice)).all()) == len(session.exec(select(Payment)).all()) == 1
    assert {row.stage for row in rows if row.state == "done"} == {
        "intake", "brief", "estimate", "proposal", "contract", "invoice", "payment", "kickoff",
    }  # fmt: skip


def _act(someone: Someone, stage: str) -> None:
    """What the client or staff do to get the deal into a stage."""
    match stage:
        case "intake":
            someone.applies()
        case "estimate":
            someone.is_asked("brief")
            someone.sends_brief(**COMPLEX)
        case "proposal":
            wait = someone.is_asked("estimate")
            form = {"run_input": {"decision": "approve", "hours": {}, "reason": "", "who": "Tomasz"}}
            assert someone.system.prefect("POST", f"/flow_runs/{wait.flow_run_id}/resume", form)["status"] == "ACCEPT"
        case "contract":
            someone.is_asked("proposal")
            assert someone.accepts().status_code == 200
        case "signature":
            someone.gives_details()
            someone.gets("contract/v1/mail")
            someone.is_asked("contract")
            assert someone.signs(someone.asks_code()).status_code == 200
        case "payment":
            someone.is_asked("payment")
            someone.pays_online(someone.newest_invoice())


def test_while_mail_is_away_the_stage_waits_and_afterwards_each_letter_goes_out_once(mailed: System, post: Post):
    post.close()
    someone = Someone(mailed)
    someone.applies()
    someone.gets("intake/thanks", state="planned")
    wait = eventually(lambda: _outage(someone), lambda: someone.told() + mailed.log("worker"))
    assert "mail" in wait.what.lower(), wait.what
    assert mailed.run_named(f"intake · deal {someone.deal}")["state_name"] in {"Suspended", "Running"}
    post.open()
    mailed.advance(minutes=3)
    someone.gets("r1/brief/mail")
    assert max(Counter(post.taken).values()) == 1
    assert _outage(someone) is None, "the outage is over by itself"


def test_with_the_engine_away_the_form_still_answers_and_all_is_caught_up(tmp_path: Path):
    system = System(tmp_path / "home")
    try:
        system.start()
        system.kill("prefect")
        crowd = [Someone(system) for _ in range(3)]
        for one in crowd:
            one.applies()
        system.start("prefect")
        for one in crowd:
            one.gets("r1/brief/mail", seconds=90)
            assert one.letters()[f"deal/{one.deal}/intake/thanks"] == "done"
    finally:
        system.stop()


def test_kills_at_any_moment_change_nothing_about_the_end(tmp_path: Path):
    """The worker is killed again and again while a deal goes its way; letters are files, so each can be asked for."""
    system = System(tmp_path / "home")
    try:
        system.start()
        someone = Someone(system)
        someone.applies()
        for pause in (0.2, 0.9):
            _kill_after(system, pause)
        someone.gets("r1/brief/mail")
        someone.sends_brief()
        _kill_after(system, 1.5)
        someone.gets("proposal/v1/mail")
        someone.stands("proposed")
        assert someone.accepts().status_code == 200
        someone.gets("r1/contract/details")
        someone.gives_details()
        someone.gets("contract/v1/mail")
        code = someone.asks_code()
        assert someone.signs(code).status_code == 200
        _kill_after(system, 1.2)
        someone.pays_online(someone.is_billed())
        _kill_after(system, 0.3)
        assert someone.money("deposit_paid").sales == "won"
        someone.is_asked("materials")
        assert set(someone.letters().values()) == {"done"}
        with system.db.reading() as session:
            assert ledger.check(session) == []
            assert len(session.exec(select(Invoice)).all()) == 1
            assert len(session.exec(select(Payment)).all()) == 1
        names = sorted(path.name for path in (system.home / "outbox").glob("*.eml"))
        assert len(names) == len([key for key in someone.letters() if "/pay/" not in key and "/tracker" not in key]), "one file a letter"
    finally:
        system.stop()


def _kill_after(system: System, pause: float) -> None:
    time.sleep(pause)
    system.kill("worker")
    system.start("worker")


def _outage(someone: Someone):
    from sqlmodel import col

    from models.tables import Wait

    someone.deal = someone.deal or someone._my_deal(40)
    with someone.system.db.reading() as session:
        query = select(Wait).where(Wait.deal_id == someone.deal, col(Wait.key).startswith("outage"), col(Wait.closed_at).is_(None))
        return session.exec(query).first()
