"""The warm worker beside what Prefect ships: the same flow on the same server, in turns."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Figure, median
from benchmarks.house import House, python_path
from models.errors import StudioError

FIRST_STEP_S, MORE = 0.5, 6
WARM = "warm worker"
STOCK = {"process worker": "", "process worker, polling each 2 s": "2"}
PAUSE = 3.0
SLOW = 300.0


@dataclass
class Engine:
    """A worker to measure, by the deployment that it runs, and what was measured."""

    name: str
    deployment: str
    asking: str
    to_first_step: list[float] = field(default_factory=list)
    to_next_step: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


def engines(house: House, *, quick: bool) -> list[Figure]:
    """Trigger → first step and Resume → next step, one run at a time; and runs a second, so many triggered at once. All workers in turns."""
    singles, rounds, batch = (3, 1, 5) if quick else (10, 3, 20)
    with ExitStack() as stock:
        found = [_engine(house, WARM, warm_pool(house))]
        for number, (name, poll) in enumerate(STOCK.items(), 1):
            pool = f"bench-process-{number}"
            stock.enter_context(_process_worker(house, pool, poll))
            found.append(_engine(house, name, pool))
        for engine in found:
            _run(house, engine, 1)  # what a worker reads once is read
        for _ in range(singles):
            for engine in found:
                time.sleep(random.uniform(0, PAUSE))  # a worker that polls must not be met in step
                engine.to_first_step.append(_run(house, engine, 1)[0])
                engine.to_next_step.append(_resume(house, engine))
        for _ in range(rounds):
            for engine in found:
                engine.rates.append(batch / _run(house, engine, batch)[1])
    return _figures(found, batch)


def _engine(house: House, name: str, pool: str) -> Engine:
    return Engine(name, deployment_in(house, pool), deployment_in(house, pool, "asking"))


def _figures(found: list[Engine], batch: int) -> list[Figure]:
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
        figures.append(Figure("engines", f"warm worker against {engine.name}: runs a second", more, "×", "ratio of medians", at_least=MORE))
    return figures


def _spread(seconds: list[float]) -> str:
    return f"median of {len(seconds)}, {min(seconds):.2f} to {max(seconds):.2f} s"


def _resume(house: House, engine: Engine) -> float:
    """Seconds from a Resume over Prefect's API to the step after the question."""
    mark = a_folder(house) / "asked"
    body = {"parameters": {"mark": str(mark)}, "state": {"type": "SCHEDULED"}}
    run = f"/flow_runs/{house.ask('POST', f'/deployments/{engine.asking}/create_flow_run', body)['id']}"
    house.until(lambda: house.ask("GET", run)["state"]["type"] == "PAUSED", f"a run on the {engine.name} is suspended", SLOW)
    time.sleep(random.uniform(0, PAUSE))
    began = time.time()
    house.ask("POST", f"{run}/resume", {})
    house.until(mark.with_suffix(".last").exists, f"a run on the {engine.name} goes on", SLOW)
    return float(mark.with_suffix(".last").read_text()) - began


def _run(house: House, engine: Engine, count: int) -> tuple[float, float]:
    """Trigger runs at once; the seconds from the first trigger to the first first step and to the last last step."""
    folder = a_folder(house)
    began = time.time()
    for number in range(count):
        body = {"parameters": {"mark": str(folder / str(number))}, "state": {"type": "SCHEDULED"}}
        house.ask("POST", f"/deployments/{engine.deployment}/create_flow_run", body)
    house.until(lambda: len(list(folder.glob("*.last"))) == count, f"{count} runs end on the {engine.name}", SLOW)
    return earliest(folder, "*.first") - began, latest(folder, "*.last") - began


def a_folder(house: House) -> Path:
    house.marks += 1
    folder = house.home / "marks" / str(house.marks)
    folder.mkdir(parents=True)
    return folder


def earliest(folder: Path, names: str) -> float:
    return min(_times(folder, names))


def latest(folder: Path, names: str) -> float:
    return max(_times(folder, names))


def _times(folder: Path, names: str) -> list[float]:
    return [float(file.read_text()) for file in folder.glob(names)]


def warm_pool(house: House) -> str:
    pools = house.ask("POST", "/work_pools/filter", {})
    name = next((pool["name"] for pool in pools if pool["type"] == "studioflow"), "")
    if not name:
        raise StudioError("The warm worker has no work pool.")
    return name


def deployment_in(house: House, pool: str, name: str = "plain") -> str:
    """Deploy a flow of `plain_flow` in a pool, or find it deployed; the deployment's id."""
    flow = house.ask("POST", "/flows/", {"name": name})
    entrypoint = f"benchmarks.plain_flow.{name}"
    body = {"name": pool, "flow_id": flow["id"], "entrypoint": entrypoint, "work_pool_name": pool, "enforce_parameter_schema": False}
    return house.ask("POST", "/deployments/", body)["id"]


@contextmanager
def _process_worker(house: House, pool: str, poll: str) -> Generator[None]:
    """Prefect's own process worker as its command line starts it, with its own polling unless `poll` says how many seconds."""
    env = python_path(house.env) | ({"PREFECT_WORKER_QUERY_SECONDS": poll} if poll else {})
    command = [sys.executable, "-m", "prefect", "worker", "start", "--type", "process", "--pool", pool, "--name", pool]
    with (house.home / "logs" / f"{pool}.log").open("ab") as log:
        worker = subprocess.Popen(command, cwd=house.home, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        house.until(lambda: _is_online(house, pool, worker), f"the worker of {pool} comes up")
        yield
    finally:
        os.killpg(worker.pid, signal.SIGTERM)
        try:
            worker.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def _is_online(house: House, pool: str, worker: subprocess.Popen[bytes]) -> bool:
    if worker.poll() is not None:
        raise StudioError(f"Prefect's process worker does not start:\n{house.log(pool)}")
    known = house.prefect("POST", f"/work_pools/{pool}/workers/filter", {})
    return isinstance(known, list) and any(one["status"] == "ONLINE" for one in known)
