"""Prefect, as far as we ask anything of it: make a run, wake it, end it, look at it."""

import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled, Completed, Crashed, Scheduled

from models.errors import Missing, Unavailable

ENDED = frozenset({StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED})
AT_ONCE = 200
_known: dict[str, UUID] = {}
"""Deployments by stage, asked for once in a process."""


class Engine:
    """One conversation with the Prefect server. Every call raises Unavailable while it is away."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self._client = client

    def create(self, stage: str, parameters: dict[str, Any], *, key: str, name: str, tags: Sequence[str]) -> str:
        """Make the run of this idempotency key, or find it made; return its id."""
        made: dict[str, Any] = {"parameters": parameters, "idempotency_key": key, "name": name, "tags": list(tags), "state": Scheduled()}
        try:
            run = self._client.create_flow_run_from_deployment(self._deployment(stage), **made)
        except ObjectNotFound:  # somebody made the deployment anew
            _known.pop(stage, None)
            run = self._client.create_flow_run_from_deployment(self._deployment(stage), **made)
        return str(run.id)

    def look(self, flow_run_ids: Sequence[str]) -> dict[str, State]:
        """The states of these runs; one that Prefect does not know is left out."""
        found: dict[str, State] = {}
        for start in range(0, len(flow_run_ids), AT_ONCE):
            ids = [UUID(one) for one in flow_run_ids[start : start + AT_ONCE]]
            runs = self._client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=ids)), limit=AT_ONCE)
            found.update({str(run.id): run.state for run in runs if run.state})
        return found

    def all_paused(self, flow_run_ids: Sequence[str]) -> bool:
        """Whether Prefect knows each of these runs and none of them is on its way: one count, instead of the runs themselves."""
        mine = FlowRunFilterId(any_=[UUID(one) for one in flow_run_ids])
        paused = FlowRunFilter(id=mine, state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED])))
        return self._client.count_flow_runs(flow_run_filter=paused) == len(flow_run_ids)

    def run(self, flow_run_id: str) -> FlowRun | None:
        """One run, if Prefect knows it."""
        try:
            return self._client.read_flow_run(UUID(flow_run_id))
        except ObjectNotFound:
            return None

    def label(self, flow_run_id: str, *, name: str, tags: Sequence[str]) -> None:
        """Give a run the name and tags that operators look for."""
        self._client.update_flow_run(UUID(flow_run_id), name=name, tags=list(tags))

    def resume(self, flow_run_id: str) -> None:
        """Make a suspended run go on, without a form."""
        self._client.set_flow_run_state(UUID(flow_run_id), Scheduled(name="Resuming"))

    def restart(self, flow_run_id: str) -> None:
        """Hand a run out again that a worker had taken and never begun."""
        self._client.set_flow_run_state(UUID(flow_run_id), Scheduled(message="The worker that took it is gone."), force=True)

    def bury(self, flow_run_id: str, *, crashed: bool, why: str) -> None:
        """Write the end of a run whose worker could not: crashed, or completed."""
        state = Crashed(message=why) if crashed else Completed(message=why)
        self._client.set_flow_run_state(UUID(flow_run_id), state, force=True)

    def cancel(self, flow_run_id: str, *, name: str, why: str) -> None:
        """End a run that nobody wants any more."""
        self._client.set_flow_run_state(UUID(flow_run_id), Cancelled(name=name, message=why), force=True)

    def _deployment(self, stage: str) -> UUID:
        if stage not in _known:
            try:
                _known[stage] = self._client.read_deployment_by_name(f"{stage}/{stage}").id
            except ObjectNotFound:
                raise Missing(f"Prefect has no deployment {stage}; the worker makes it at its start.") from None
        return _known[stage]


@contextmanager
def engine() -> Generator[Engine]:
    """A conversation with the Prefect server.

    Raises Unavailable when it cannot be reached or is not set up yet (retried by the waker).
    """
    try:
        with get_client(sync_client=True, httpx_settings={"verify": _certificates()}) as client:
            yield Engine(client)
    except (httpx.TransportError, PrefectHTTPStatusError, ObjectNotFound) as error:
        raise Unavailable(f"The Prefect server is away: {type(error).__name__}.") from error


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """One for all conversations: Prefect's client would read every certificate of the machine anew, 40 ms each time."""
    return ssl.create_default_context()


def since(state: State) -> datetime:
    """When a run came into its state."""
    return state.timestamp
