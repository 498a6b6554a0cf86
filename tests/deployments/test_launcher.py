import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models.settings import ROOT

TOOLS = ("sh", "dirname", "cksum", "cat", "id", "tail", "grep", "mkdir", "rm")


@pytest.fixture
def clone(tmp_path):
    """A folder with a space in its name that holds what the launcher reads, and a PATH of its own with next to nothing on it."""
    folder = tmp_path / "my studio"
    folder.mkdir()
    for name in ("studio", "uv.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    path = tmp_path / "bin"
    path.mkdir()
    for tool in TOOLS:
        link(path, tool)
    program(path / "ldconfig", "echo libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0")
    return folder


def link(path: Path, tool: str) -> None:
    (path / tool).symlink_to(shutil.which(tool) or pytest.fail(f"There is no {tool} here."))


def program(place: Path, script: str) -> None:
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)


def tools(clone: Path) -> Path:
    return clone.parent / "bin"


def as_user(clone: Path, number: int) -> None:
    (tools(clone) / "id").unlink()
    program(tools(clone) / "id", f"echo {number}")


def with_python(clone: Path, *, without: str = "") -> None:
    """A Python on the PATH that lacks the modules named: "pip", "pip venv"."""
    refused = "|".join(f"'-m {module}'*" for module in (*without.split(), "uv"))
    program(tools(clone) / "python3", f'case "$*" in {refused}) exit 1;; esac; exec "{sys.executable}" "$@"')


def with_uv(place: Path) -> None:
    """A uv that notes how it was called and makes an environment whose Python only says what it was asked."""
    python = '#!/bin/sh\\necho ran "$@"\\n'
    sync = f"echo \"$*\" >> uv-calls; mkdir -p .venv/bin; printf '{python}' > .venv/bin/python; /bin/chmod +x .venv/bin/python"
    program(place, f'[ "$1" = --version ] || {{ {sync}; }}')


def studio(clone: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [clone / "studio", *arguments], cwd=cwd or clone, env={"PATH": str(tools(clone)), "HOME": str(clone.parent)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_environment_is_made_from_the_lock_file_and_then_the_command_runs(clone):
    with_python(clone)
    with_uv(tools(clone) / "uv")
    done = studio(clone, "outbox", "--json", cwd=Path("/"))
    assert (done.returncode, done.stdout) == (0, "ran -m deployments.cli outbox --json\n")
    assert "sync --quiet --frozen" in (clone / "uv-calls").read_text()
    assert "--no-dev --inexact" in (clone / "uv-calls").read_text()


def test_a_second_start_makes_nothing_again(clone):
    with_python(clone)
    with_uv(tools(clone) / "uv")
    studio(clone, "status")
    studio(clone, "status")
    assert len((clone / "uv-calls").read_text().splitlines()) == 1


def test_a_changed_lock_file_makes_the_environment_anew(clone):
    with_python(clone)
    with_uv(tools(clone) / "uv")
    studio(clone, "status")
    with (clone / "uv.lock").open("a") as lock:
        lock.write("# newer\n")
    studio(clone, "status")
    assert len((clone / "uv-calls").read_text().splitlines()) == 2


def test_tests_need_the_development_tools_and_other_commands_leave_them_there(clone):
    with_python(clone)
    with_uv(tools(clone) / "uv")
    studio(clone, "status")
    tested = studio(clone, "test", "-k", "money")
    killed = studio(clone, "faults", "--seed", "7")
    studio(clone, "status")
    assert tested.stdout == "ran -m pytest --numprocesses 2 --dist loadgroup -k money\n"
    assert killed.stdout == "ran -m tests.faults --seed 7\n"
    assert ["--no-dev" in call for call in (clone / "uv-calls").read_text().splitlines()] == [True, False]


def test_arguments_with_spaces_arrive_whole(clone):
    with_python(clone)
    with_uv(tools(clone) / "uv")
    studio(clone, "status")
    program(clone / ".venv/bin/python", 'for word in "$@"; do echo "[$word]"; done')
    assert studio(clone, "keys", "add", "the CRM").stdout.splitlines()[-1] == "[the CRM]"


def with_pip_when(clone: Path, condition: str) -> Path:
    """A Python without uv and venv whose pip brings a uv when the condition holds; return where pip notes its calls."""
    calls = clone / "pip-calls"
    with_uv(tools(clone) / "made-uv")
    link(tools(clone), "cp")
    program(
        tools(clone) / "python3",
        f"""
case "$*" in
  "-m uv --version") [ -n "${{PYTHONPATH:-}}" ] && [ -e .uv/uv ];;
  "-m uv sync"*) exec .uv/uv sync;;
  "-m pip install"*) {condition} && echo "$*" > pip-calls && mkdir -p .uv && cp "{tools(clone)}/made-uv" .uv/uv;;
  "-m venv"*) exit 1;;
  -c*) exec "{sys.executable}" "$@";;
esac""",
    )
    return calls


def test_without_uv_pip_brings_it_into_a_folder_of_our_own(clone):
    calls = with_pip_when(clone, "true")
    done = studio(clone, "status")
    assert (done.returncode, done.stdout) == (0, "ran -m deployments.cli status\n")
    assert "--target .uv uv" in calls.read_text()
    assert "--break-system-packages" not in calls.read_text()


def test_without_pip_root_has_it_installed(clone):
    calls = with_pip_when(clone, "[ -e apt-calls ]")
    as_user(clone, 0)
    program(tools(clone) / "apt-get", 'echo "$*" >> apt-calls')
    done = studio(clone, "status")
    assert (done.returncode, done.stdout) == (0, "ran -m deployments.cli status\n")
    assert (clone / "apt-calls").read_text().splitlines()[-1].endswith("python3-pip python3-venv")
    assert calls.exists()


def test_without_uv_pip_and_venv_one_sentence_says_what_to_do(clone):
    with_python(clone, without="pip venv")
    done = studio(clone, "up")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("Studioflow needs uv, and neither pip nor venv could bring it: install uv")


def test_without_a_new_enough_python_one_sentence_says_so(clone):
    program(tools(clone) / "python3", "exit 1")
    done = studio(clone, "up")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Studioflow needs Python 3.11 or newer, and there is none on the PATH.\n"


def test_an_environment_that_cannot_be_made_is_not_taken_for_made(clone):
    with_python(clone)
    program(tools(clone) / "uv", '[ "$1" = --version ] || { echo "no such index" >&2; exit 1; }')
    first, again = studio(clone, "status"), studio(clone, "status")
    assert first.returncode == again.returncode == 2
    assert "no such index\nThe environment could not be made from uv.lock" in again.stderr


def test_missing_libraries_are_named_and_the_start_goes_on(clone):
    with_python(clone)
    with_uv(tools(clone) / "uv")
    program(tools(clone) / "ldconfig", "echo libc.so.6")
    as_user(clone, 1000)
    done = studio(clone, "up")
    assert (done.returncode, done.stdout) == (0, "ran -m deployments.cli up\n")
    assert done.stderr.splitlines()[-1].endswith(
        "sudo apt-get install -y libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core"
    )


def test_root_has_missing_libraries_installed(clone):
    with_python(clone)
    with_uv(tools(clone) / "uv")
    program(tools(clone) / "ldconfig", "echo libc.so.6")
    as_user(clone, 0)
    program(tools(clone) / "apt-get", 'echo "$DEBIAN_FRONTEND $*" >> apt-calls')
    assert studio(clone, "up").returncode == 0
    assert (
        (clone / "apt-calls").read_text().splitlines()[-1].endswith("libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core")
    )
