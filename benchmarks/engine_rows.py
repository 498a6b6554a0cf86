"""The workers that are measured, and their rows: worker beside worker, then the warm one against each of the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Figure, median

FIRST_STEP_S, MORE = 0.5, 6
WARM, FORKED = "warm worker", "forked worker"
STOCK = {"process worker": "", "process worker, polling each 2 s": "2"}
HELD = 4
"""Runs at work at once while memory is looked at."""


@dataclass
class Engine:
    """A worker to measure, by the deployment that it runs, and what was measured."""

    name: str
    deployment: str = ""
    asking: str = ""
    holding: str = ""
    pid: int = 0
    port: int = 0
    """The forked worker's, which is nudged there as the warm one is by Prefect's server; each of the two at the runs of either."""
    to_first_step: list[float] = field(default_factory=list)
    to_next_step: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    memory: tuple[float, float] | None = None
    """At rest, and what a run at work adds; in MiB."""

    @property
    def aim(self) -> float | None:
        """How many times as many runs a second the warm worker is to do; None where nothing is aimed at."""
        return MORE if self.name in STOCK else None


def rows(found: Sequence[Engine], batch: int) -> list[Figure]:
    """What was measured, worker beside worker, and the warm one (the first) against each of the others."""
    ours, figures = found[0], []
    for engine in found:
        aim, taken = FIRST_STEP_S if engine is ours else None, engine.to_first_step
        figures.append(Figure("engines", f"trigger → first step, {engine.name}", median(taken), "s", _spread(taken), at_most=aim))
    figures += [
        Figure("engines", f"Resume → next step, {engine.name}", median(engine.to_next_step), "s", _spread(engine.to_next_step)) for engine in found
    ]
    for engine in found:
        how = f"{batch} triggered at once, to the last one's last step; median of {len(engine.rates)}"
        figures.append(Figure("engines", f"runs of six steps a second, {engine.name}", median(engine.rates), "a second", how))
    for engine in found[1:]:
        sooner = median(engine.to_first_step) / median(ours.to_first_step)
        awake = median(engine.to_next_step) / median(ours.to_next_step)
        more = median(ours.rates) / median(engine.rates)
        figures.append(Figure("engines", f"warm worker against {engine.name}: first step sooner", sooner, "×", "ratio of medians"))
        figures.append(Figure("engines", f"warm worker against {engine.name}: next step sooner", awake, "×", "ratio of medians"))
        figures.append(Figure("engines", f"warm worker against {engine.name}: runs a second", more, "×", "ratio of medians", at_least=engine.aim))
    for engine in found:
        if engine.memory:
            idle, more = engine.memory
            figures.append(Figure("engines", f"memory at rest, {engine.name}", idle, "MiB", "PSS, with the processes that it keeps"))
            figures.append(Figure("engines", f"memory that a run adds, {engine.name}", more, "MiB", f"PSS, {HELD} at work at once"))
    return figures


def _spread(seconds: list[float]) -> str:
    return f"median of {len(seconds)}, {min(seconds):.2f} to {max(seconds):.2f} s"
