"""The process worker's limit: so many runs at once, and a run that is woken before its first process is gone is no error."""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from uuid import UUID, uuid4

from anyio import CapacityLimiter
from prefect.client.schemas.responses import WorkerFlowRunResponse

from deployments.pools import POOL
from deployments.runner import LimitedWorker


class Pool:
    """A Prefect whose pool has these runs due."""

    def __init__(self, due: Iterable[UUID]) -> None:
        self._due = [WorkerFlowRunResponse.model_construct(flow_run=SimpleNamespace(id=one)) for one in due]

    async def get_scheduled_flow_runs_for_work_pool(self, **_asked: object) -> list[WorkerFlowRunResponse]:
        return self._due


def test_a_run_that_has_a_process_still_is_left_for_the_next_look() -> None:
    first, second = uuid4(), uuid4()

    async def look() -> tuple[list[UUID], list[UUID]]:
        worker = LimitedWorker(name="a worker", work_pool_name=POOL, limit=2)
        worker._client, worker._limiter = Pool([first, second]), CapacityLimiter(2)
        worker.limiter.acquire_on_behalf_of_nowait(first)
        held = await worker._get_scheduled_flow_runs()
        worker.limiter.release_on_behalf_of(first)
        return [one.flow_run.id for one in held], [one.flow_run.id for one in await worker._get_scheduled_flow_runs()]

    assert asyncio.run(look()) == ([second], [first, second])
