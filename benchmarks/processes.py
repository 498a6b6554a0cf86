"""The processes of the measured system, as Linux's /proc shows them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import StudioError

PROC = Path("/proc")
SMAPS = PROC / "self" / "smaps_rollup"
PRINTING = "PDF process"
NAMES = {
    "studioflow supervisor": "supervisor",
    "studioflow prefect": "Prefect server",
    "deployments.prefect_server": "Prefect server",
    "studioflow worker": "worker",
    "deployments.worker": "worker",
    "studioflow api": "pages",
    "api.app:create_app": "pages",
    "studioflow sandbox": "sandbox",
    "deployments.sandbox.app:create_app": "sandbox",
    "tasks.gateways.pdf_child": PRINTING,
    "deployments.runner": "process worker",
    "prefect.engine": "run",
    "sh": "guard",
}


@dataclass(frozen=True)
class Process:
    """One process: what it is, its memory in MiB (shared pages by share), its processor seconds so far."""

    pid: int
    name: str
    memory: float
    seconds: float


def family(root: int) -> list[Process]:
    """A process and everything below it. Raises StudioError where there is no /proc."""
    if not SMAPS.exists():
        raise StudioError("Memory and processor time are read from Linux's /proc, which is not here.")
    parents = {pid: _parent(pid) for pid in (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())}
    known = [root]
    for pid in known:
        known += [child for child, parent in parents.items() if parent == pid]
    return [found for pid in known if (found := _look(pid))]


def is_printing(found: Sequence[Process]) -> bool:
    """Whether the printing process is among them: it leaves by itself once it has had nothing to print for five minutes."""
    return any(one.name == PRINTING for one in found)


def resident(pid: int, *, at_most: bool = False) -> float:
    """What a process holds in memory now, or `at_most` has held so far, in MiB; shared pages count whole, unlike in `family`."""
    name = "VmHWM:" if at_most else "VmRSS:"
    return next(int(line.split()[1]) for line in (PROC / str(pid) / "status").read_text().splitlines() if line.startswith(name)) / 1024


def _look(pid: int) -> Process | None:
    try:
        words = (PROC / str(pid) / "cmdline").read_text().split("\0")
        rollup = (PROC / str(pid) / "smaps_rollup").read_text()
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    own = Path(words[0].strip()).name  # a part that was forked has a title instead of words; a library may have put all words into the first
    name = next((NAMES[word] for word in [*words[1:], *words[0].split(), own] if word in NAMES), own)
    memory = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
    return Process(pid, name, memory, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))


def _parent(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
