"""Who runs the flows: what an operator does in the UI happens at once, one run's death is its own; the stock worker does the same work."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from models import leases
from models.tables import Fact, StageRun
from tasks import takeovers
from tasks.mending import BY_OPERATOR
from tests.e2e.client import Someone
from tests.e2e.forms import starts
from tests.e2e.system import System, eventually
from tests.e2e.test_bad_days import Post
from tests.e2e.test_bad_days import post as post  # noqa: PLC0414 (a fixture)

NEVER = {"STUDIO_WORKER_POLL": "600", "STUDIO_WAKER_SECONDS": "600"}
"""Whatever happens is told to the worker; it does not look by itself."""
WARM = pytest.mark.skipif(os.environ.get("STUDIO_TEST_WORKER") == "process", reason="Prefect's own worker is told nothing, and has no run in itself.")


@pytest.fixture
def told(tmp_path: Path, post: Post) -> Iterator[System]:
    system = System(tmp_path / "home", {"STUDIO_MAIL_URL": post.url, **NEVER})
    try:
        system.start()
        yield system
    finally:
        system.stop()


def rows(system: System, stage: str) -> list[tuple[str, str]]:
    with system.db.reading() as session:
        return [(row.state, row.why) for row in session.exec(select(StageRun).where(StageRun.stage == stage).order_by(StageRun.id))]


def served(system: System, name: str) -> str:
    """A flow of `tests.e2e.dying`, to be started."""
    flow = system.prefect("POST", "/flows/", {"name": name})["id"]
    system.prefect("POST", "/deployments/", {"name": name, "flow_id": flow, "entrypoint": f"tests.e2e.dying.{name}", "work_pool_name": "studio-warm"})
    return name


def cancels(system: System, flow_run_id: str) -> None:
    """As the UI's Cancel does."""
    system.prefect("POST", f"/flow_runs/{flow_run_id}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})


def schedule(system: System) -> str:
    return httpx.get(f"{system.base}/health/ready").json()["parts"]["schedule"]["says"]


def comes_to(system: System, flow_run_id: str, state: str) -> dict:
    def look() -> dict | None:
        run = system.prefect("GET", f"/flow_runs/{flow_run_id}")
        return run if run["state_type"] == state else None

    return eventually(look, lambda: f"{flow_run_id} is {system.prefect('GET', f'/flow_runs/{flow_run_id}')['state']}:\n{system.log('worker')}")


@WARM
def test_what_an_operator_cancels_stays_cancelled_and_a_run_that_dies_takes_no_other(told: System, post: Post) -> None:
    ada = Someone(told)
    ada.applies()
    ada.gets("r1/brief/mail")
    # Suspended: cancelled at once, told of, and started again from the form
    asked = ada.is_asked("brief").flow_run_id
    cancels(told, asked)
    eventually(lambda: rows(told, "brief") == [("cancelled", BY_OPERATOR)], lambda: ada.told())
    assert "has no next step" in comes_to(told, starts(told, "reconcile"), "FAILED")["state"]["message"]
    eventually(lambda: schedule(told).startswith("reconcile last ran "), lambda: schedule(told))
    again = starts(told, "brief", deal_id=ada.deal)  # under a key that is no row's, and goes on by it after the answer all the same
    eventually(lambda: ada.is_asked("brief").flow_run_id == again, lambda: ada.told())
    # Running: a letter is in the server's hands; it goes out once, and the stage stops at its next step
    letter = post.hold("deal/1/proposal/v1/mail")
    ada.sends_brief()
    assert letter.there.wait(40), ada.told()
    running = told.run_named("proposal")["id"]
    cancels(told, running)
    eventually(lambda: rows(told, "proposal") == [("cancelled", BY_OPERATOR)], lambda: ada.told())
    # Meanwhile another run tears at the interpreter
    pid = told.running["worker"].pid
    comes_to(told, starts(told, served(told, "dying")), "CRASHED")
    letter.go_on.set()
    ada.gets("proposal/v1/mail")
    comes_to(told, running, "CANCELLED")
    assert rows(told, "proposal") == [("cancelled", BY_OPERATOR)], "no successor undoes it"
    # Started again it asks, and an answer wakes it at once
    starts(told, "proposal", deal_id=ada.deal)
    ada.is_asked("proposal")
    assert ada.accepts().status_code == 200
    ada.gets("r1/contract/details")
    assert told.running["worker"].pid == pid
    assert told.running["worker"].poll() is None
    assert len([mark for mark in post.taken if ".deal-1-proposal-v1-mail@" in mark]) == 1


def held(system: System) -> list[str]:
    """The operations that a worker has in hands."""
    with system.db.reading() as session:
        return [lease.name for lease in leases.named(session, takeovers.MARK)]


@WARM
def test_an_operation_whose_worker_dies_is_begun_again_as_the_same_run_and_counts_once(system: System, someone: Someone) -> None:
    someone.applies()
    someone.gets("r1/brief/mail")
    run = starts(system, served(system, "late"), deal_id=someone.deal, who="Conor Walsh", reason="A call.")
    for _ in ("in the middle", "when all is done but for Prefect's being told"):
        dies = system.running["worker"]
        eventually(lambda dies=dies: dies.poll() is not None, "the worker lives")
        system.start("worker")
    assert comes_to(system, run, "COMPLETED")["run_count"] == 3
    with system.db.reading() as session:
        notes = session.exec(select(Fact).where(Fact.deal_id == someone.deal, Fact.kind == "deal.noted")).all()
        assert [note.payload["text"] for note in notes] == ["A call."]
    eventually(lambda: held(system) == [], "it is in somebody's hands still")


@pytest.mark.parametrize("worker", ["warm", "process"])
def test_a_deal_goes_from_the_form_to_the_answered_brief_on_either_worker(tmp_path: Path, worker: str) -> None:
    system = System(tmp_path / "home", {"STUDIO_WORKER": worker} if worker != "warm" else {})
    try:
        system.start()
        ada = Someone(system)
        ada.applies()
        ada.gets("r1/brief/mail", seconds=120)
        ada.is_asked("brief", seconds=60)
        ada.sends_brief()
        eventually(lambda: rows(system, "brief") == [("done", "")], lambda: ada.told() + system.log("worker"), seconds=120)
        assert rows(system, "intake") == [("done", "")]
        logged = (system.home / f"{'runner' if worker == 'process' else 'worker'}.log").read_text()
        assert re.search(rf"letter: done.*effect deal/{ada.deal}/intake/thanks", logged), "a run says what became of its letters, wherever it runs"
    finally:
        system.stop()
