"""`./studio up` as an owner runs it: forks of one supervisor, each back within moments of its death, and all of them gone after `down`."""

import os
import signal
from pathlib import Path

import pytest

from benchmarks.processes import family
from deployments import hatch, running
from tests.deployments.test_supervisor import lives, soon
from tests.e2e.client import Someone
from tests.e2e.system import System, eventually
from tests.e2e.test_recovery import studio

pytestmark = pytest.mark.skipif(not hatch.CAN, reason="forks are for Linux")
PARTS = {"supervisor", "guard", "Prefect server", "worker", "sandbox", "pages"}
if os.environ.get("STUDIO_TEST_WORKER") == "process":
    PARTS.add("process worker")


def test_what_up_starts_carries_deals_survives_any_part_and_ends_with_down(tmp_path: Path) -> None:
    system = System(tmp_path / "home", {"STUDIO_SECRET": "as long as an owner's would be"})
    try:
        done = studio(system, "deployments.cli", "up", "--detach", alone=True)
        assert done.returncode == 0, done.stderr + done.stdout
        pid = running.find(system.home).pid
        ada = Someone(system)
        ada.applies()
        ada.gets("r1/brief/mail")
        ada.is_asked("brief")
        born = {process.name: process.pid for process in family(pid)}
        assert born.keys() - {"run"} == PARTS
        for name in ("Prefect server", "worker", "pages"):
            os.kill(born[name], signal.SIGKILL)
        eventually(lambda: _answers(system) and {process.name for process in family(pid)} - {"run"} == PARTS, lambda: _told(system))
        ada.sends_brief()
        ada.gets("proposal/v1/mail")
        assert _told(system).count("it starts again in") == 3
        everybody = [process.pid for process in family(pid)]
        done = studio(system, "deployments.cli", "down", alone=True)
        assert (done.returncode, done.stdout) == (0, "Stopped.\n"), done.stderr
        assert soon(lambda: not any(lives(one) for one in everybody))
    finally:
        if found := running.find(system.home):
            running.stop(system.home, found)
        system.stop()


def _answers(system: System) -> bool:
    done = studio(system, "deployments.cli", "status", alone=True)
    return done.returncode == 0


def _told(system: System) -> str:
    return "\n".join(log.read_text() for log in (system.home / "logs").glob("*.log"))
