"""The rows of the workers beside each other, and the worker that forks: what is a ratio of what, when a run counts as over."""

import os
import socket
import threading
from pathlib import Path
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun

from benchmarks import plain_flow, rest
from benchmarks.engine_rows import FORKED, STOCK, WARM, Engine, rows
from benchmarks.forks import LARGEST, ForkingWorker
from benchmarks.processes import PRINTING, Process
from deployments.pools import POOL

PATIENCE = 20.0


def an_engine(name: str, first: float, rate: float, memory: tuple[float, float] | None = None) -> Engine:
    return Engine(name, to_first_step=[first], to_next_step=[2 * first], rates=[rate], memory=memory)


@pytest.mark.parametrize(("name", "aim"), [(FORKED, None), *((name, 6) for name in STOCK)])
def test_the_warm_worker_stands_against_each_other_one_and_has_its_aim_only_against_what_prefect_ships(name: str, aim: float | None) -> None:
    found = {one.name: one for one in rows([an_engine(WARM, 0.1, 6), an_engine(name, 0.4, 2)], 20)}
    of = f"warm worker against {name}: "
    assert [found[of + what].value for what in ("first step sooner", "next step sooner", "runs a second")] == pytest.approx([4, 4, 3])
    assert found[f"{of}runs a second"].at_least == aim
    assert (found[f"trigger → first step, {WARM}"].at_most, found[f"trigger → first step, {name}"].at_most) == (0.5, None)


def test_memory_is_told_of_the_workers_whose_memory_could_be_read() -> None:
    found = rows([an_engine(WARM, 0.1, 6), an_engine(FORKED, 0.1, 6, (200, 30))], 20)
    memory = {one.name: one.value for one in found if one.unit == "MiB"}
    assert memory == {f"memory at rest, {FORKED}": 200, f"memory that a run adds, {FORKED}": 30}


@pytest.mark.skipif(not hasattr(socket, "SOCK_SEQPACKET") or not hasattr(socket, "recv_fds"), reason="needs Linux")
def test_a_run_that_is_forked_is_over_once_nobody_has_its_end_open() -> None:
    orders, nest = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    run = FlowRun(flow_id=uuid4(), deployment_id=uuid4(), parameters={"mark": "here"})
    waiting = threading.Thread(target=ForkingWorker(orders, 1, work_pool_name=POOL)._execute, args=(run,), daemon=True)
    with orders, nest:
        waiting.start()
        order, handles, *_ = socket.recv_fds(nest, LARGEST, 1)
        told = FlowRun.model_validate_json(order)
        assert (told.id, told.deployment_id, told.parameters) == (run.id, run.deployment_id, run.parameters)
        assert waiting.is_alive()
        os.close(handles[0])
        waiting.join(PATIENCE)
        assert not waiting.is_alive()


def test_a_run_that_is_held_goes_on_once_memory_was_looked_at(tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    assert plain_flow.hold.fn(str(tmp_path / "0")) == str(tmp_path / "0")


@pytest.mark.parametrize(("name", "how"), [(PRINTING, "PSS, the printing process still there"), ("worker", "PSS, the printing process gone")])
def test_the_sum_of_memory_at_rest_says_whether_the_printing_process_is_in_it(name: str, how: str) -> None:
    found = {one.name: one for one in rest.rows([Process(1, "pages", 100, 1), Process(2, name, 60, 1)], {1: 0.5}, "over 30 s, of one core")}
    assert (found["memory at rest, all"].value, found["memory at rest, all"].how) == (160, how)
    assert found["processor at rest, all"].value == 0.5
