"""What our worker takes from Prefect's private parts is there, in the version we are pinned to; it takes no more than it can carry."""

import asyncio
import inspect
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import pytest
from prefect import Flow, results
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import MissingFlowError
from prefect.workers.base import BaseWorker

from deployments.serve import FLOWS, POOL, STAGES
from deployments.warm import WarmWorker, flow_of
from deployments.worker import Bell, is_too_large, keep_in_touch, look_again, relieve
from flows.money import record_payment
from flows.payment import payment
from models import leases
from models.errors import Refused
from tasks import takeovers
from tasks.mending import Round
from tasks.world import World, world
from tests.fakes import FakeEngine

PATIENCE = 20.0
TAKEN = ("_submitting_flow_run_ids", "_cancelling_observer", "_runs_task_group", "_has_successfully_synced")


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


def made(**what) -> DeploymentResponse:
    return DeploymentResponse(name="theirs", flow_id=uuid4(), **what)


def test_a_deployment_that_the_worker_did_not_make_is_served_where_it_names_a_flow_of_ours() -> None:
    assert flow_of(made(entrypoint="flows.payment.payment")) is payment
    with pytest.raises(MissingFlowError):
        flow_of(made(entrypoint="tasks.runs.is_key"))


@pytest.mark.parametrize(
    "what",
    [
        {},
        {"entrypoint": "payment"},
        {"entrypoint": "subprocess.call"},
        {"entrypoint": "var.uploads.letter.flow"},
        {"entrypoint": "flows/payment.py:payment"},
        {"entrypoint": "/usr/lib/python3.11/subprocess.py:call"},
        {"entrypoint": "flows.payment.payment", "pull_steps": [{"prefect.deployments.steps.run_shell_script": {"script": "id"}}]},
    ],
)
def test_a_deployment_that_would_bring_its_own_code_is_refused(what: dict) -> None:
    with pytest.raises(Refused, match="theirs is not one of this installation"):
        flow_of(made(**what))


class Line:
    """Prefect's client, as far as runs that are due are asked for."""

    def __init__(self, due: int) -> None:
        self.due, self.limits = due, []
        self.answered = lambda: None

    async def request(self, _method: str, _path: str, *, path_params: dict, json: dict) -> SimpleNamespace:
        self.limits.append(json["limit"])
        flow, queue = str(uuid4()), str(uuid4())
        self.answered()
        run = {"work_pool_id": queue, "work_queue_id": queue, "flow_run": {"flow_id": flow}}
        return SimpleNamespace(json=lambda: [run] * min(self.due, json["limit"]))


@pytest.mark.parametrize(
    ("threads", "busy", "due", "taken", "left"), [(3, 0, 2, 2, False), (3, 1, 2, 2, True), (3, 2, 9, 1, True), (3, 3, 9, 0, True), (2, 3, 1, 0, True)]
)
def test_a_worker_takes_no_more_runs_than_it_has_threads_and_knows_that_some_are_left(threads: int, busy: int, due: int, taken: int, left: bool) -> None:
    worker = WarmWorker({}, threads, work_pool_name=POOL)
    worker._client = line = Line(due)
    worker._in_threads = {uuid4() for _ in range(busy)}
    found = asyncio.run(worker._get_scheduled_flow_runs())
    assert (len(found), worker._left) == (taken, left)
    assert line.limits == ([threads - busy] if threads > busy else [])


def test_what_is_asked_for_is_what_prefect_itself_asks_for() -> None:
    assert "_get_scheduled_flow_runs" in inspect.getsource(BaseWorker.get_and_submit_flow_runs)
    assert "get_scheduled_flow_runs_for_work_pool" in inspect.getsource(BaseWorker._get_scheduled_flow_runs)


def after(*nudges: bytes) -> Bell:
    async def heard() -> Bell:
        bell = Bell()
        bell.nudged = bell.due = False
        for data in nudges:
            bell.datagram_received(data, None)
        await bell.wait(5 if nudges else 0)
        return bell

    return asyncio.run(heard())


def test_a_run_that_was_touched_in_prefect_is_looked_at_and_fetched() -> None:
    run = str(uuid4())
    bell = after(f"touched {run}".encode(), b"touched")
    assert (bell.nudged, bell.due, bell.touched) == (True, True, {run})


def test_for_a_nudge_of_ours_prefect_is_asked_only_when_the_waker_made_something() -> None:
    bell = after(b"work")
    assert (bell.nudged, bell.due, bell.touched) == (True, False, set())


def test_when_nobody_nudges_runs_are_polled_for() -> None:
    assert (after().nudged, after().due) == (False, True)


@pytest.mark.parametrize(
    ("done", "soon"),
    [(Round(), 0), (Round(reminded=1), 0), (Round(again=True, woken=1), 1), (Round(more=True, again=True), 0.02), (Round(unbegun=True), 16), (Round(woken=1), 16)],
)
def test_the_waker_looks_again_as_soon_as_there_may_be_something(done: Round, soon: float) -> None:
    assert look_again(done) == soon


class EarlyWorker(WarmWorker):
    """Comes while Prefect is away, which answers the third time."""

    type = "early"
    tries = 0

    async def sync_with_backend(self) -> None:
        self.tries += 1
        if self.tries < 3:
            raise OSError("All connection attempts failed")
        self._has_successfully_synced = True


def test_a_worker_that_came_while_prefect_was_away_tries_soon_and_fetches_runs_as_soon_as_it_is_known() -> None:
    async def scene() -> Bell:
        bell, worker = Bell(), EarlyWorker({}, 1, work_pool_name=POOL)
        bell.nudged = bell.due = False
        touch = asyncio.create_task(keep_in_touch(worker, bell, every=10 * PATIENCE, soon=0.01))
        await bell.wait(PATIENCE)
        touch.cancel()
        assert (worker.tries, worker.is_known) == (3, True)
        return bell

    assert asyncio.run(scene()).due


@pytest.mark.parametrize(("held", "too_large"), [("Pss:\t  600000 kB", False), ("Rss:\t 900000 kB\nPss:\t 600001 kB", True), ("", False)])
def test_a_worker_that_holds_more_than_it_may_is_too_large(tmp_path: Path, held: str, too_large: bool) -> None:
    (tmp_path / "smaps_rollup").write_text(held)
    assert is_too_large(600, tmp_path / "smaps_rollup") is too_large
    assert not is_too_large(600, tmp_path / "no /proc here")


def test_a_worker_with_a_run_in_it_is_not_empty() -> None:
    worker = WarmWorker({}, 1, work_pool_name=POOL)
    assert worker.is_empty
    worker._in_threads.add(uuid4())
    assert not worker.is_empty


def test_a_worker_that_takes_no_more_asks_for_no_run_and_leaves_what_prefect_was_just_asked_for() -> None:
    worker = WarmWorker({}, 3, work_pool_name=POOL)
    worker._client = line = Line(2)
    line.answered = worker.take_no_more
    assert asyncio.run(worker._get_scheduled_flow_runs()) == []
    assert (line.limits, worker._left) == ([3], False)
    assert asyncio.run(worker._get_scheduled_flow_runs()) == []
    assert line.limits == [3]


@pytest.mark.parametrize("drain", [PATIENCE, 0.05])
def test_a_worker_under_steady_load_that_has_grown_too_large_stops_once_its_runs_have_left_it_or_take_too_long(drain: float) -> None:
    worker, run = WarmWorker({}, 1, work_pool_name=POOL), uuid4()
    worker._client = line = Line(9)
    worker._in_threads.add(run)
    sizes = iter([False, False, True])

    async def scene() -> None:
        stopping = asyncio.Event()
        relief = asyncio.create_task(relieve(worker, lambda: next(sizes), stopping, look=0.01, drain=drain))
        while not worker._is_full:
            await asyncio.sleep(0.01)
        if drain == PATIENCE:
            await asyncio.sleep(0.05)
            assert not stopping.is_set()
            worker._in_threads.discard(run)
        await asyncio.wait_for(stopping.wait(), PATIENCE)
        assert await worker._get_scheduled_flow_runs() == [] == line.limits
        await relief

    asyncio.run(scene())


def test_certificates_are_read_once_for_all_conversations_with_prefect() -> None:
    a_worker(FakeEngine(), payment, FlowRun(flow_id=uuid4(), deployment_id=uuid4()))
    lines = [SyncPrefectClient("http://127.0.0.1:9/api") for _ in range(2)]
    assert lines[0]._client._transport._pool._ssl_context is lines[1]._client._transport._pool._ssl_context


def test_where_results_are_kept_is_asked_by_the_function_that_we_ask_once() -> None:
    a_worker(FakeEngine(), payment, FlowRun(flow_id=uuid4(), deployment_id=uuid4()))
    assert hasattr(results._read_server_default_result_storage_block_id, "cache_info")
    assert "_read_server_default_result_storage_block_id()" in inspect.getsource(results._get_default_result_storage)


def test_a_run_that_was_made_with_its_name_is_not_named_again() -> None:
    worker = a_worker(FakeEngine(), payment, FlowRun(flow_id=uuid4(), deployment_id=uuid4()))
    (named,) = worker._named.values()
    assert (named.flow_run_name, named.name, named.fn) == (None, payment.name, payment.fn)
    assert payment.flow_run_name


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_a_run_that_no_row_tells_of_is_held_from_the_moment_at_which_it_is_taken(flow: Flow) -> None:
    run = FlowRun(flow_id=uuid4(), deployment_id=uuid4())
    assert a_worker(FakeEngine(), flow, run)._is_row_less(run) is (flow not in STAGES)
    assert not WarmWorker({}, 1, work_pool_name=POOL)._is_row_less(run), "what we do not serve is not ours to take up"


class LookingWorker(WarmWorker):
    """Looks who has the run in hands once its flow has ended, and Prefect heard of it."""

    type = "looking"
    holder = ""

    def _execute(self, flow_run: FlowRun) -> None:
        with world().db.reading() as session:
            self.holder = leases.holder(session, f"{takeovers.MARK}{flow_run.id}")


def test_a_run_is_let_go_only_after_prefect_has_heard_what_became_of_it(here_sqlite: World) -> None:
    run = FlowRun(flow_id=uuid4(), deployment_id=uuid4())
    worker = LookingWorker({str(run.deployment_id): record_payment}, 1, FakeEngine().talk, work_pool_name=POOL)
    takeovers.hold(str(run.id))
    worker._carry(run)
    assert worker.holder == here_sqlite.worker
    with here_sqlite.db.reading() as session:
        assert leases.named(session, takeovers.MARK) == []
