"""Figures: what was measured, beside what was aimed at; as a table, as Markdown, as JSON."""

import math
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

DATABASES = {"embedded": "SQLite", "postgres": "PostgreSQL and Redis"}
HEADINGS = ("figure", "measured", "aim", "how")


@dataclass(frozen=True)
class Figure:
    """One figure in its unit. `at_most` or `at_least` is the aim, where there is one; `how` says what was taken of what."""

    of: str
    name: str
    value: float
    unit: str
    how: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def meets(self) -> bool | None:
        """Whether the aim is met; None when there is none."""
        if self.at_most is not None:
            return self.value <= self.at_most
        return self.value >= self.at_least if self.at_least is not None else None

    @property
    def aim(self) -> str:
        """The aim in words, "" when there is none."""
        if self.at_most is not None:
            return f"≤ {self.at_most:g} {self.unit}"
        return f"≥ {self.at_least:g} {self.unit}" if self.at_least is not None else ""

    @property
    def measured(self) -> str:
        """The value in its unit, three digits that mean something."""
        digits = 0 if abs(self.value) >= 100 else 1 if abs(self.value) >= 10 else 2
        return f"{self.value:.{digits}f} {self.unit}"


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle. Raises ValueError when there are none."""
    if not values:
        raise ValueError("Nothing was measured.")
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` (0 to 1) of all values do not exceed. Raises ValueError when there are none."""
    if not values:
        raise ValueError("Nothing was measured.")
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def table(figures: Sequence[Figure], machine: str) -> Table:
    """The figures for a person, the machine below them."""
    shown = Table(*HEADINGS, box=box.SIMPLE, caption=machine, caption_justify="left")
    before = ""
    for figure in figures:
        if before not in ("", figure.of):
            shown.add_section()
        before = figure.of
        style = {True: "green", False: "red", None: ""}[figure.meets]
        shown.add_row(figure.name, Text(_marked(figure), style), figure.aim, figure.how)
    return shown


def markdown(figures: Sequence[Figure], machine: str) -> str:
    """The figures as a table for README.md, the machine above it."""
    rows = [(figure.name, _marked(figure), figure.aim, figure.how) for figure in figures]
    lines = [" | ".join(row) for row in (HEADINGS, ("---",) * len(HEADINGS), *rows)]
    return "\n".join([machine, "", *(f"| {line} |" for line in lines)])


def plain(figures: Sequence[Figure], machine: str) -> dict[str, Any]:
    """The figures for a script."""
    return {"machine": machine, "figures": [asdict(figure) | {"meets": figure.meets} for figure in figures]}


def machine(profile: str = "embedded") -> str:
    """What it was measured on, in one line: cores, memory, load before the run, versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    here = f"{cores} cores, {memory:.0f} GiB memory, load {os.getloadavg()[0]:.1f} before the run, {_system()}"
    return f"{here}, Python {platform.python_version()}, Prefect {version('prefect')}, {DATABASES[profile]}"


def _marked(figure: Figure) -> str:
    return f"{figure.measured} (missed)" if figure.meets is False else figure.measured


def _system() -> str:
    known = Path("/etc/os-release")
    names = [line for line in known.read_text().splitlines() if line.startswith("PRETTY_NAME=")] if known.exists() else []
    return names[0].partition("=")[2].strip('"') if names else platform.system()
