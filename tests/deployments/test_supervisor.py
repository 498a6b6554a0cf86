import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from deployments.supervisor import Child, Policy, Supervisor
from models.errors import BadSetup
from models.settings import ROOT

QUICK = Policy(start=20, grace=5, deaths=3, within=60, pause=0.01)
FAMILY = "sleep 600 & echo $$ $! > pids.tmp; mv pids.tmp pids; wait"

SCRIPT = """
import sys
from pathlib import Path
from deployments.supervisor import Child, Policy, Supervisor
folder = Path(sys.argv[1])
pids = folder / "pids"
child = Child("family", ["sh", "-c", sys.argv[2]], lambda: "" if pids.exists() else "not yet")
one = Supervisor([child], folder, {"PATH": "/usr/bin:/bin"}, cwd=folder, policy=Policy(grace=float(sys.argv[3])))
end = one.run(lambda: print("ready", flush=True))
sys.exit(end.code)
"""


@pytest.fixture
def supervise(tmp_path):
    started = []

    def run(command: str = FAMILY, grace: float = 5) -> tuple[subprocess.Popen, list[int]]:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path), command, str(grace)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process, [int(pid) for pid in (tmp_path / "pids").read_text().split()]

    yield run
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def supervisor(folder: Path, *children: Child, policy: Policy = QUICK) -> Supervisor:
    return Supervisor(children, folder / "logs", {"PATH": os.environ["PATH"]}, cwd=folder, policy=policy)


def shell(name: str, script: str, trouble: Callable[[], str] = lambda: "") -> Child:
    return Child(name, ["sh", "-c", script], trouble)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_every_child_and_grandchild(supervise, sign):
    process, family = supervise()
    process.send_signal(sign)
    assert process.wait(20) == 0
    assert not any(lives(pid) for pid in family)


def test_a_supervisor_that_is_killed_leaves_no_orphans(supervise):
    process, family = supervise()
    assert all(lives(pid) for pid in family)
    process.kill()
    assert soon(lambda: not any(lives(pid) for pid in family))


def test_a_child_that_will_not_hear_is_killed_in_the_end(supervise):
    process, family = supervise(f"trap '' TERM; {FAMILY}; sleep 600", grace=0.2)
    process.terminate()
    assert process.wait(20) == 0
    assert not any(lives(pid) for pid in family)


def test_a_second_signal_hurries(supervise):
    process, family = supervise(f"trap '' TERM; {FAMILY}; sleep 600", grace=600)
    process.terminate()
    assert soon(lambda: not lives(family[1]) or process.poll() is None)
    while process.poll() is None:
        process.terminate()
        time.sleep(0.05)
    assert process.returncode == 0
    assert not any(lives(pid) for pid in family)


def test_a_child_that_died_is_started_again_and_what_it_left_is_ended(tmp_path):
    script = "sleep 600 & echo $! >> left; echo born >> births; [ $(wc -l < births) -lt 2 ] && kill -KILL $$; touch grown; wait"
    one = supervisor(tmp_path, shell("phoenix", script, lambda: "" if (tmp_path / "grown").exists() else "not yet"))
    end = one.run(lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert end.code == 0
    assert (tmp_path / "births").read_text() == "born\nborn\n"
    assert not any(lives(int(pid)) for pid in (tmp_path / "left").read_text().split())


def test_a_child_that_dies_again_and_again_stops_everything_with_a_sentence(tmp_path):
    healthy = shell("steady", "echo $$ > steady; exec sleep 600")
    end = supervisor(tmp_path, healthy, shell("worker", "while [ ! -s steady ]; do sleep 0.01; done; echo no engine; exit 7")).run(
        lambda: None
    )
    assert end.code == 1
    assert end.why.startswith("The worker died 3 times within 60 s (exit code 7); the last line of ")
    assert end.why.endswith("worker.log is: no engine")
    assert not lives(int((tmp_path / "steady").read_text()))


def test_a_child_that_finds_its_set_up_broken_is_not_tried_again(tmp_path):
    end = supervisor(tmp_path, shell("api", "echo once >> tries; echo STUDIO_X is wrong.; exit 2")).run(lambda: None)
    assert (end.code, end.why) == (2, "STUDIO_X is wrong.")
    assert (tmp_path / "tries").read_text() == "once\n"


def test_a_system_that_never_gets_well_says_what_is_missing(tmp_path):
    child = shell("api", "exec sleep 600", lambda: "the database is away")
    end = supervisor(tmp_path, child, policy=Policy(start=0.3)).run(lambda: pytest.fail("it is not ready"))
    assert end.code == 1
    assert "api: the database is away" in end.why


def test_a_log_is_kept_below_its_bound_while_the_child_writes_on(tmp_path):
    chatter = "while [ ! -e logs/api.log.1 ]; do echo 0123456789; done; echo after > /dev/stdout; touch trimmed; exec sleep 600"
    one = supervisor(tmp_path, shell("api", chatter), policy=Policy(log_bytes=1000))
    one._children[0].log.parent.mkdir()
    one._children[0].log.write_text("before\n" * 1000)
    one._trim_logs()
    assert (tmp_path / "logs" / "api.log.1").read_text() == "before\n" * 1000

    def stop_once_trimmed() -> None:
        assert soon((tmp_path / "trimmed").exists)
        os.kill(os.getpid(), signal.SIGTERM)

    one.run(stop_once_trimmed)
    assert (tmp_path / "logs" / "api.log").read_text() == "after\n"


def test_what_goes_wrong_meanwhile_ends_the_child_that_came_up(tmp_path):
    def broken() -> None:
        assert soon((tmp_path / "first").exists)
        raise BadSetup("company/studio.toml is missing.")

    with pytest.raises(BadSetup):
        supervisor(tmp_path, shell("engine", "echo $$ > tmp; mv tmp first; exec sleep 600")).run(lambda: None, broken)
    assert not lives(int((tmp_path / "first").read_text()))


def lives(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def soon(holds: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        if holds():
            return True
        time.sleep(0.05)
    return False
