"""What our worker takes from Prefect's private parts is there, in the version we are pinned to."""

import inspect

import pytest
from prefect.workers.base import BaseWorker

from deployments.serve import POOL
from deployments.worker import WarmWorker

TAKEN = ("_submitting_flow_run_ids", "_cancelling_observer", "_runs_task_group")


def test_the_method_we_replace_is_the_one_that_prefect_calls_for_each_run() -> None:
    assert inspect.iscoroutinefunction(BaseWorker._submit_run)
    assert list(inspect.signature(BaseWorker._submit_run).parameters) == list(inspect.signature(WarmWorker._submit_run).parameters)
    assert "self._submit_run" in inspect.getsource(BaseWorker._submit_scheduled_flow_runs)
    assert inspect.iscoroutinefunction(BaseWorker._propose_pending_state)


@pytest.mark.parametrize("name", TAKEN)
def test_what_we_read_of_a_worker_is_there_from_the_start(name: str) -> None:
    assert hasattr(WarmWorker({}, 1, work_pool_name=POOL), name)
