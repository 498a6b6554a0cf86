"""The warm worker beside what Prefect ships, and beside one that forks for each run: the same flow on the same server, in turns."""

import random
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.engine_rows import FORKED, HELD, STOCK, WARM, Engine, rows
from benchmarks.figures import Figure
from benchmarks.house import House
from benchmarks.processes import PRINTING, SMAPS, family
from benchmarks.workers import forked_worker, process_worker
from deployments import hatch
from models import nudges
from models.errors import StudioError

PAUSE, REST = 3.0, 5.0
SLOW = 300.0


def engines(house: House, *, quick: bool) -> list[Figure]:
    """Trigger → first step and Resume → next step, one run at a time; and runs a second, so many triggered at once. All workers in turns."""
    singles, rounds, batch = (3, 1, 5) if quick else (10, 3, 20)
    with ExitStack() as others:
        found = _all(house, others)
        for engine in found:
            _run(house, engine, 1)  # what a worker reads once is read
        for _ in range(singles):
            for engine in random.sample(found, len(found)):  # nobody always comes after the one whose processes take long to end
                time.sleep(random.uniform(0, PAUSE))  # a worker that polls must not be met in step
                engine.to_first_step.append(_run(house, engine, 1)[0])
                engine.to_next_step.append(_resume(house, engine))
        for _ in range(rounds):
            for engine in random.sample(found, len(found)):
                time.sleep(PAUSE)  # what the one before leaves is over
                engine.rates.append(batch / _run(house, engine, batch)[1])
        for engine in found if SMAPS.exists() else []:
            engine.memory = _memory(house, engine)
    return rows(found, batch)


def _all(house: House, others: ExitStack) -> list[Engine]:
    """The warm worker, and those beside it, started for as long as `others` is open."""
    worker = next((one.pid for one in family(house.pid) if one.name == "worker"), 0) if SMAPS.exists() else 0
    found = [_engine(house, WARM, warm_pool(house), worker)]
    for number, (name, poll) in enumerate(STOCK.items(), 1):
        pool = f"bench-process-{number}"
        found.append(_engine(house, name, pool, others.enter_context(process_worker(house, pool, poll))))
    if hatch.CAN:
        pid, port = others.enter_context(forked_worker(house, "bench-forked"))
        found.append(_engine(house, FORKED, "bench-forked", pid))
        found[0].port = found[-1].port = port
    return found


def _engine(house: House, name: str, pool: str, pid: int) -> Engine:
    return Engine(name, deployment_in(house, pool), deployment_in(house, pool, "asking"), deployment_in(house, pool, "holding"), pid)


def _resume(house: House, engine: Engine) -> float:
    """Seconds from a Resume over Prefect's API to the step after the question."""
    mark = a_folder(house) / "asked"
    body = {"parameters": {"mark": str(mark)}, "state": {"type": "SCHEDULED"}}
    run = f"/flow_runs/{_ask(house, engine, f'/deployments/{engine.asking}/create_flow_run', body)['id']}"
    house.until(lambda: house.ask("GET", run)["state"]["type"] == "PAUSED", f"a run on the {engine.name} is suspended", SLOW)
    time.sleep(random.uniform(0, PAUSE))
    began = time.time()
    _ask(house, engine, f"{run}/resume", {})
    house.until(mark.with_suffix(".last").exists, f"a run on the {engine.name} goes on", SLOW)
    return float(mark.with_suffix(".last").read_text()) - began


def _run(house: House, engine: Engine, count: int) -> tuple[float, float]:
    """Trigger runs at once; the seconds from the first trigger to the first first step and to the last last step."""
    folder = a_folder(house)
    began = time.time()
    _trigger(house, engine, engine.deployment, folder, count)
    house.until(lambda: len(list(folder.glob("*.last"))) == count, f"{count} runs end on the {engine.name}", SLOW)
    return earliest(folder, "*.first") - began, latest(folder, "*.last") - began


def _memory(house: House, engine: Engine) -> tuple[float, float]:
    """What a worker's processes hold at rest, and what each of some runs at work adds to it."""
    time.sleep(REST)  # processes of earlier runs have ended
    folder, idle = a_folder(house), _held(engine)
    _trigger(house, engine, engine.holding, folder, HELD)
    house.until(lambda: len(list(folder.glob("*.first"))) == HELD, f"{HELD} runs begin on the {engine.name}", SLOW)
    time.sleep(1)  # the second step has begun
    busy = _held(engine)
    (folder / "go").touch()
    house.until(lambda: len(list(folder.glob("*.last"))) == HELD, f"{HELD} runs end on the {engine.name}", SLOW)
    return idle, (busy - idle) / HELD


def _held(engine: Engine) -> float:
    return sum(one.memory for one in family(engine.pid) if one.name != PRINTING)


def _trigger(house: House, engine: Engine, deployment: str, folder: Path, count: int) -> None:
    for number in range(count):
        body = {"parameters": {"mark": str(folder / str(number))}, "state": {"type": "SCHEDULED"}}
        _ask(house, engine, f"/deployments/{deployment}/create_flow_run", body)


def _ask(house: House, engine: Engine, path: str, body: dict[str, Any]) -> Any:
    answer = house.ask("POST", path, body)
    if engine.port:
        nudges.nudge(engine.port, says=nudges.RUNS)
    return answer


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
