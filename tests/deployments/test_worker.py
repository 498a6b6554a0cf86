"""What our worker takes from Prefect's private parts is there, in the version we are pinned to."""

import inspect
from uuid import uuid4

import pytest
from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.workers.base import BaseWorker

from deployments.serve import POOL
from deployments.warm import WarmWorker
from flows.payment import payment
from tests.fakes import FakeEngine

TAKEN = ("_submitting_flow_run_ids", "_cancelling_observer", "_runs_task_group")


def test_the_method_we_replace_is_the_one_that_prefect_calls_for_each_run() -> None:
    assert inspect.iscoroutinefunction(BaseWorker._submit_run)
    assert list(inspect.signature(BaseWorker._submit_run).parameters) == list(inspect.signature(WarmWorker._submit_run).parameters)
    assert "self._submit_run" in inspect.getsource(BaseWorker._submit_scheduled_flow_runs)
    assert inspect.iscoroutinefunction(BaseWorker._propose_pending_state)


@pytest.mark.parametrize("name", TAKEN)
def test_what_we_read_of_a_worker_is_there_from_the_start(name: str) -> None:
    assert hasattr(WarmWorker({}, 1, work_pool_name=POOL), name)


def a_worker(prefect: FakeEngine, flow: Flow, run: FlowRun) -> WarmWorker:
    return WarmWorker({str(run.deployment_id): flow}, 1, prefect.talk, work_pool_name=POOL)


@pytest.mark.parametrize("parameters", [{"deal_id": 1}, {"deal_id": 1, "part": 1, "colour": "red"}, {}])
def test_a_run_whose_parameters_do_not_fit_is_shown_as_crashed(parameters: dict) -> None:
    prefect, run = FakeEngine(), FlowRun(flow_id=uuid4(), deployment_id=uuid4(), parameters=parameters)
    a_worker(prefect, payment, run)._carry(run)
    assert prefect.did == [("crash", str(run.id))]


def test_while_prefect_is_away_a_run_that_cannot_begin_does_not_take_the_worker_down() -> None:
    prefect, run = FakeEngine(away=True), FlowRun(flow_id=uuid4(), deployment_id=uuid4(), parameters={})
    worker = a_worker(prefect, payment, run)
    worker._in_threads.add(run.id)
    worker._carry(run)
    assert (prefect.did, worker._in_threads) == ([], set())
