"""The system at rest: memory and processor time by process, and how long a second start takes."""

import time
from collections.abc import Mapping, Sequence

from benchmarks.figures import Figure, median
from benchmarks.house import House
from benchmarks.processes import Process, family, is_printing

START_S = 15
LEAVES_S = 360.0
"""A printing process that has nothing to print has left by then."""


def rest(house: House, *, quick: bool) -> list[Figure]:
    """Memory and processor time of every process once it has worked and come to rest; a quick one does not wait for the printing process to leave."""
    if not quick:
        house.until(lambda: not is_printing(family(house.pid)), "the printing process leaves", LEAVES_S)
    time.sleep(5 if quick else 30)
    span = 10 if quick else 30
    before, began = {one.pid: one for one in family(house.pid)}, time.monotonic()
    time.sleep(span)
    after, took = family(house.pid), time.monotonic() - began
    share = {one.pid: 100 * (one.seconds - before[one.pid].seconds) / took for one in after if one.pid in before}
    return rows(after, share, f"over {span} s, of one core")


def rows(after: Sequence[Process], share: Mapping[int, float], span: str) -> list[Figure]:
    """Each process and their sum; `share` is per cent of a core by process number, and `span` says over what."""
    pss = f"PSS, the printing process {'still there' if is_printing(after) else 'gone'}"
    return [
        *(Figure("rest", f"memory at rest, {one.name}", one.memory, "MiB", "PSS") for one in after),
        Figure("rest", "memory at rest, all", sum(one.memory for one in after), "MiB", pss),
        *(Figure("rest", f"processor at rest, {one.name}", share[one.pid], "%", span) for one in after if one.pid in share),
        Figure("rest", "processor at rest, all", sum(share.values()), "%", span),
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
