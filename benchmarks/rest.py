"""The system at rest: memory and processor time by process, and how long a second start takes. Needs Linux's /proc."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, median
from benchmarks.house import House
from models.errors import StudioError

PROC = Path("/proc")
NAMES = {
    "deployments.cli": "supervisor", "deployments.prefect_server": "Prefect server", "deployments.worker": "worker",
    "api.app:create_app": "pages", "tasks.gateways.pdf_child": "PDF process", "sh": "guard",
}  # fmt: skip
START_S = 15


@dataclass(frozen=True)
class Process:
    """One process: what it is, its memory in MiB (shared pages by share), its processor seconds so far."""

    pid: int
    name: str
    memory: float
    seconds: float


def family(root: int) -> list[Process]:
    """A process and everything below it. Raises StudioError where there is no /proc."""
    if not (PROC / "self" / "smaps_rollup").exists():
        raise StudioError("Memory and processor time are read from Linux's /proc, which is not here.")
    parents = {pid: _parent(pid) for pid in (int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())}
    known = [root]
    for pid in known:
        known += [child for child, parent in parents.items() if parent == pid]
    return [found for pid in known if (found := _look(pid))]


def rest(house: House, *, quick: bool) -> list[Figure]:
    """Memory and processor time of every process once it has worked and come to rest."""
    if house.up is None:
        raise StudioError("The system is not up.")
    time.sleep(5 if quick else 30)
    span = 10 if quick else 30
    before, began = {one.pid: one for one in family(house.up.pid)}, time.monotonic()
    time.sleep(span)
    after, took = family(house.up.pid), time.monotonic() - began
    share = {one.pid: 100 * (one.seconds - before[one.pid].seconds) / took for one in after if one.pid in before}
    how = f"over {span} s, of one core"
    return [
        *(Figure("rest", f"memory at rest, {one.name}", one.memory, "MiB", "PSS") for one in after),
        Figure("rest", "memory at rest, all", sum(one.memory for one in after), "MiB", "PSS"),
        *(Figure("rest", f"processor at rest, {one.name}", share[one.pid], "%", how) for one in after if one.pid in share),
        Figure("rest", "processor at rest, all", sum(share.values()), "%", how),
    ]


def restart(house: House, *, quick: bool) -> list[Figure]:
    """A second `up` on the same home, from the command to everything well."""
    took = []
    for _ in range(1 if quick else 3):
        house.settle()
        house.halt()
        began = time.monotonic()
        house.start()
        took.append(time.monotonic() - began)
    return [Figure("start", "second start → everything well", median(took), "s", f"median of {len(took)}", at_most=START_S)]


def _look(pid: int) -> Process | None:
    try:
        words = (PROC / str(pid) / "cmdline").read_text().split("\0")
        rollup = (PROC / str(pid) / "smaps_rollup").read_text()
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    name = next((NAMES[word] for word in [*words[1:], Path(words[0]).name] if word in NAMES), Path(words[0]).name)
    memory = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024
    return Process(pid, name, memory, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))


def _parent(pid: int) -> int:
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
