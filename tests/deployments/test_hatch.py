"""Parts as forks: what they have of their own, how they end, and what a supervisor makes of them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import hatch
from models.settings import ROOT
from tests.deployments.test_supervisor import lives, soon

pytestmark = pytest.mark.skipif(not hatch.CAN, reason="forks are for Linux")

PARTS = """
import os, signal, sys, time
from pathlib import Path

print("imported in", os.getpid(), flush=True)

def tells():
    opened = [int(one) for one in os.listdir("/proc/self/fd")]
    print(os.getpid() == os.getsid(0) == os.getpgid(0), os.getcwd(), sorted(opened)[:3], len(opened), repr(sys.stdin.read()))
    print(Path("/proc/self/cmdline").read_text().split("\\0")[0].strip(), signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)

def leaves(): sys.exit(2)
def says(): sys.exit("STUDIO_X is wrong.")
def breaks(): raise ValueError("It is broken.")

def stays():
    with open("lives", "a") as lives:
        print(os.getpid(), file=lives)
    time.sleep(600)
"""
HATCH = """
import os, signal, sys
from pathlib import Path
from deployments.hatch import hatch
sys.path.insert(0, sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: None)
held = os.open("/dev/zero", os.O_RDONLY)
with open(Path(sys.argv[1]) / "log", "ab") as log:
    for name in sys.argv[2:]:
        print(hatch(f"some_parts:{name}", log.fileno(), name=name, cwd=Path(sys.argv[1])).wait(20), flush=True)
"""
SUPERVISE = """
import sys
from pathlib import Path
from deployments.supervisor import Child, Policy, Supervisor
folder = Path(sys.argv[1])
sys.path.insert(0, sys.argv[1])
child = Child("phoenix", ["false"], lambda: "" if (folder / "lives").exists() else "not yet", "some_parts:stays")
end = Supervisor([child], folder, {}, cwd=folder, policy=Policy(pause=0.01, grace=5)).run(lambda: print("ready", flush=True))
sys.exit(end.code)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "some_parts.py").write_text(PARTS)
    return tmp_path


@pytest.fixture
def supervised(folder: Path) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen([sys.executable, "-c", SUPERVISE, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert [process.stdout.readline().split()[0] for _ in range(2)] == ["imported", "ready"]
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def hatched(folder: Path, *names: str) -> tuple[list[str], str]:
    done = subprocess.run([sys.executable, "-c", HATCH, str(folder), *names], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines(), (folder / "log").read_text()


def test_a_part_has_group_folder_name_and_files_of_its_own(folder: Path) -> None:
    said, log = hatched(folder, "tells")
    assert said[1:] == ["0"]
    assert log.splitlines() == [f"True {folder} [0, 1, 2] 4 ''", "studioflow tells True"]  # the fourth is the folder of files, while it is read


def test_what_parts_import_is_imported_once(folder: Path) -> None:
    said, _ = hatched(folder, "leaves", "leaves", "tells")
    assert [line.split()[0] for line in said] == ["imported", "2", "2", "0"]


def test_a_parts_last_words_and_its_code_are_what_they_would_be_as_a_command(folder: Path) -> None:
    said, log = hatched(folder, "leaves", "says", "breaks")
    assert said[1:] == ["2", "1", "1"]
    assert log.startswith("STUDIO_X is wrong.\nTraceback")
    assert log.endswith("ValueError: It is broken.\n")


def test_a_part_that_was_killed_is_hatched_again_from_what_is_loaded(folder: Path, supervised: subprocess.Popen) -> None:
    first = int((folder / "lives").read_text())
    os.kill(first, signal.SIGKILL)
    assert soon(lambda: len((folder / "lives").read_text().split()) == 2)
    second = int((folder / "lives").read_text().split()[1])
    assert lives(second)
    supervised.terminate()
    assert supervised.wait(20) == 0
    assert not lives(second)
    assert supervised.stdout.read() == ""  # nothing was imported a second time


def test_a_supervisor_that_is_killed_leaves_no_part_behind(folder: Path, supervised: subprocess.Popen) -> None:
    part = int((folder / "lives").read_text())
    supervised.kill()
    assert soon(lambda: not lives(part))
