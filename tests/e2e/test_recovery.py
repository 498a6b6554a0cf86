"""Recovery on the real engine: Prefect's database lost, the studio restored elsewhere, an engine that is another's. Nothing twice."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from models.settings import ROOT
from tests.e2e.client import Someone
from tests.e2e.forms import starts
from tests.e2e.system import System, eventually


def studio(system: System, *words: str, alone: bool = False, **over: str) -> subprocess.CompletedProcess[str]:
    """A command of `./studio` on a system; `alone`, as an operator types it while nothing runs."""
    env = {name: value for name, value in system.env.items() if not (alone and name.startswith("PREFECT_"))} | over
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=240, check=False)


def letters(system: System) -> set[str]:
    return {place.name for place in (system.home / "outbox").glob("*.eml")}


def test_an_engine_that_lost_everything_and_a_studio_that_moved_elsewhere_go_on_and_repeat_nothing(tmp_path: Path):
    system = System(tmp_path / "home")
    moved: System | None = None
    try:
        system.start()
        someone = Someone(system)
        someone.applies()
        someone.gets("r1/brief/mail")
        someone.is_asked("brief")
        a_run_that_crashed_unseen_is_mended_and_told(system, someone)
        engine_loses_everything(system)
        someone.sends_brief()
        someone.gets("proposal/v1/mail")
        asked = someone.is_asked("proposal")
        moved = restored_elsewhere(system, tmp_path)
        heir = Someone(moved, email=someone.email, deal=someone.deal)
        made_anew = heir.is_asked("proposal")
        assert (made_anew.id, made_anew.opened_at) == (asked.id, asked.opened_at)
        assert made_anew.deadline > asked.deadline, "deadlines rest for the time that was lost"
        assert heir.accepts().status_code == 200
        heir.gets("r1/contract/details")
        assert letters(moved)
        assert not letters(moved) & letters(system), "a letter went out twice"
        assert set(heir.letters().values()) == {"done"}
        an_engine_of_another_installation_is_refused(moved)
    finally:
        system.stop()
        if moved:
            moved.stop()


def a_run_that_crashed_unseen_is_mended_and_told(system: System, someone: Someone) -> None:
    run = someone.is_asked("brief").flow_run_id
    with closing(sqlite3.connect(system.home / "prefect" / "prefect.db", timeout=20)) as there, there:  # not by the API, which nudges the worker
        mine = "id = (SELECT state_id FROM flow_run WHERE id = ?)"
        assert there.execute(f"UPDATE flow_run_state SET type = 'CRASHED', name = 'Crashed' WHERE {mine}", (run,)).rowcount == 1
        there.execute("UPDATE flow_run SET state_type = 'CRASHED', state_name = 'Crashed' WHERE id = ?", (run,))
    system.advance(minutes=1)
    starts(system, "reconcile")

    def told() -> bool:
        found = system.prefect("POST", "/artifacts/filter", {"artifacts": {"key": {"any_": ["reconcile"]}}})
        return any("deal-1/brief/r1/g1: it was crashed in Prefect; deal-1/brief/r1/g2 takes over" in one["data"] for one in found)

    eventually(told, lambda: f"no artifact:\n{system.log('worker')}")
    someone.is_asked("brief")


def engine_loses_everything(system: System) -> None:
    """Workers are started after it: one that lives on tells the new database of runs that it has lost, again and again, and locks it for minutes.

    Prefect's own asks for a pool that is there no more.
    """
    workers = [part for part in ("worker", "runner") if part in system.running]
    for part in (*workers, "prefect"):
        system.kill(part)
    for place in (system.home / "prefect").glob("prefect.db*"):
        place.unlink()
    system.start("prefect")
    done = studio(system, "deployments.cli", "reconcile", STUDIO_WORKER="stock")
    assert done.returncode == 1 and "Prefect has no deployment brief" in done.stderr, done.stderr + done.stdout
    assert system.prefect("POST", "/deployments/filter", {}) == [], "where pools are the studio's own, it deploys itself"
    done = studio(system, "deployments.cli", "reconcile")
    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stdout == "deal-1/brief/r1/g3: it was missing and is made\n", "what took over waited for its deployment"
    system.start(*workers)


def restored_elsewhere(system: System, tmp_path: Path) -> System:
    """Back up while all runs, lose the machine, restore into an empty place; the runs are made anew before anything is started."""
    file = tmp_path / "studio.backup"
    done = studio(system, "deployments.cli", "backup", str(file))
    assert done.returncode == 0 and "secrets" in done.stdout, done.stderr + done.stdout
    for part in list(system.running):
        system.kill(part)
    home = tmp_path / "elsewhere"
    there = {"STUDIO_HOME": str(home), "STUDIO_CLOCK_FILE": str(home / "clock")}
    done = studio(system, "deployments.cli", "restore", str(file), alone=True, **there)
    assert done.returncode == 0 and "Reminders and deadlines rest" in done.stdout, done.stderr + done.stdout
    moved = System(home)
    done = studio(moved, "deployments.cli", "reconcile", alone=True)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Prefect lost it; deal-1/proposal/r1/g2 takes over" in done.stdout, done.stdout
    moved.start()
    return moved


def an_engine_of_another_installation_is_refused(moved: System) -> None:
    """An empty database of ours knows none of the runs that this engine holds: nothing acts on them."""
    empty = f"sqlite:///{moved.home / 'empty.db'}"
    for command in (("deployments.cli", "reconcile"), ("deployments.worker",)):
        done = studio(moved, *command, STUDIO_DATABASE_URL=empty)
        assert (done.returncode, "belongs to another installation" in done.stderr) == (2, True), done.stderr + done.stdout
