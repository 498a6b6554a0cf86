"""Prefect, as far as we ask anything of it: make a run, wake it, end it, look at it. Longer than 200: every call there is."""

import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import VariableCreate, VariableUpdate
from prefect.client.schemas.filters import (
    ArtifactCollectionFilter,
    ArtifactCollectionFilterKey,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    WorkQueueFilter,
    WorkQueueFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.states import Cancelled, Completed, Crashed, Scheduled

from models.errors import Missing, Unavailable
from models.orphans import Seen
from models.stages import Stage

ENDED = frozenset({StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED})
AT_ONCE = 200
_known: dict[str, UUID] = {}
"""Deployments by stage, asked for once in a process."""
OF_STAGES = ("stage", *(f"stage:{stage}" for stage in Stage))
OTHERS = ("operation", "housekeeping")
INSTALLATION = "studio_installation"
NO_ANSWER = (httpx.TransportError, PrefectHTTPStatusError)
"""What Prefect's client raises where its server does not answer as it should."""
_PAUSED = FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED]))
_ANY_QUEUE = WorkQueueFilter(name=WorkQueueFilterName(startswith_=[""]))


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
        """Whether Prefect knows each of these runs, and each is suspended and can be woken: one count, instead of the runs themselves."""
        of_use = FlowRunFilter(
            id=FlowRunFilterId(any_=[UUID(one) for one in flow_run_ids]), state=_PAUSED, deployment_id=FlowRunFilterDeploymentId(is_null_=False)
        )
        return self._client.count_flow_runs(flow_run_filter=of_use, work_queue_filter=_ANY_QUEUE) == len(flow_run_ids)

    def paused(self) -> int:
        """How many runs of stages are suspended."""
        return self._client.count_flow_runs(flow_run_filter=FlowRunFilter(tags=_tagged(OF_STAGES), state=_PAUSED))

    def run(self, flow_run_id: str) -> FlowRun | None:
        """One run, if Prefect knows it."""
        try:
            return self._client.read_flow_run(UUID(flow_run_id))
        except ObjectNotFound:
            return None

    def label(self, flow_run_id: str, *, tags: Sequence[str], name: str = "") -> None:
        """Give a run the tags that operators look for, and a name where one is given."""
        self._client.update_flow_run(UUID(flow_run_id), name=name or None, tags=list(tags))

    def resume(self, flow_run_id: str) -> None:
        """Make a suspended run go on, without a form."""
        self._client.set_flow_run_state(UUID(flow_run_id), Scheduled(name="Resuming"))

    def restart(self, flow_run_id: str) -> None:
        """Hand a run out again that a worker had taken and never begun."""
        self._client.set_flow_run_state(UUID(flow_run_id), Scheduled(message="The worker that took it is gone."), force=True)

    def bury(self, flow_run_id: str, *, crashed: bool, why: str) -> None:
        """Write the end of a run whose worker could not: crashed, or completed. One that Prefect does not know has no end to write."""
        state = Crashed(message=why) if crashed else Completed(message=why)
        with suppress(ObjectNotFound):
            self._client.set_flow_run_state(UUID(flow_run_id), state, force=True)

    def cancel(self, flow_run_id: str, *, name: str, why: str) -> None:
        """End a run that nobody wants any more; one that Prefect does not know has ended."""
        with suppress(ObjectNotFound):
            self._client.set_flow_run_state(UUID(flow_run_id), Cancelled(name=name, message=why), force=True)

    def live(self, tags: Sequence[str] = OF_STAGES, *, paused: bool = True) -> list[Seen]:
        """Every run with one of these tags that has not ended; without those that are suspended where `paused` says so."""
        left_out = list(ENDED if paused else ENDED | {StateType.PAUSED})
        return [
            Seen(
                id=str(run.id), name=run.name, key=run.idempotency_key or "", state=run.state.type.value, since=run.state.timestamp,
                is_whole=run.deployment_id is not None and run.work_queue_id is not None,
            )
            for page in self._pages(FlowRunFilter(tags=_tagged(tags), state=FlowRunFilterState(type=FlowRunFilterStateType(not_any_=left_out))))
            for run in page
            if run.state
        ]  # fmt: skip

    def newest(self) -> list[str]:
        """The ids of some runs of stages, ended ones too; none for a Prefect that never carried any."""
        runs = self._client.read_flow_runs(flow_run_filter=FlowRunFilter(tags=_tagged(OF_STAGES)), limit=AT_ONCE)
        return [str(run.id) for run in runs]

    def forget(self) -> int:
        """Delete every run of a stage; return how many there were."""
        count = 0
        for page in self._pages(FlowRunFilter(tags=_tagged(OF_STAGES)), is_shrinking=True):
            for run in page:
                self._client.delete_flow_run(run.id)
                count += 1
        return count

    def installation(self) -> str:
        """The id of the installation whose runs these are; "" where none has said so."""
        known = self._client.read_variable_by_name(INSTALLATION)
        return str(known.value) if known else ""

    def belong_to(self, installation: str) -> None:
        """Write down whose runs these are."""
        if self._client.read_variable_by_name(INSTALLATION):
            self._client.update_variable(VariableUpdate(name=INSTALLATION, value=installation))
        else:
            self._client.create_variable(VariableCreate(name=INSTALLATION, value=installation))

    def _pages(self, wanted: FlowRunFilter, *, is_shrinking: bool = False) -> Generator[list[FlowRun]]:
        offset = 0
        while page := self._client.read_flow_runs(flow_run_filter=wanted, sort=FlowRunSort.ID_DESC, limit=AT_ONCE, offset=offset):
            yield page
            if len(page) < AT_ONCE:
                return
            offset += 0 if is_shrinking else AT_ONCE

    def shown(self, keys: Sequence[str]) -> dict[str, str]:
        """The ids of the newest artifacts under these keys; a key that nothing was shown under is left out."""
        wanted = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=list(keys)))
        found = self._client.read_latest_artifacts(artifact_filter=wanted, limit=AT_ONCE)
        return {one.key: str(one.latest_id) for one in found if one.key}

    def show(self, key: str, text: str, says: str, artifact_id: str | None) -> str:
        """Write a page of Markdown over the artifact it had, or make a new one; return its id.

        Not by the client's own calls: they would send the page a second time, as an event.
        """
        page = {"data": text, "description": says}
        if artifact_id:
            try:
                self._client.request("PATCH", "/artifacts/{id}", path_params={"id": artifact_id}, json=page)
            except PrefectHTTPStatusError as error:
                if error.response.status_code != httpx.codes.NOT_FOUND:
                    raise
            else:
                return artifact_id
        return str(self._client.request("POST", "/artifacts/", json={"key": key, "type": "markdown", **page}).json()["id"])

    def _deployment(self, stage: str) -> UUID:
        if stage not in _known:
            try:
                _known[stage] = self._client.read_deployment_by_name(f"{stage}/{stage}").id
            except ObjectNotFound:
                raise Missing(f"Prefect has no deployment {stage}: a start of the worker makes it; for your own pools, `prefect deploy`.") from None
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


def passes(error: BaseException) -> bool:
    """Whether an error of Prefect's own client, or of ours, says that somebody is away, and not that what was asked is wrong."""
    return not isinstance(error, PrefectHTTPStatusError) or error.response.is_server_error


def _tagged(tags: Sequence[str]) -> FlowRunFilterTags:
    return FlowRunFilterTags(any_=list(tags))


@lru_cache(maxsize=1)
def _certificates() -> ssl.SSLContext:
    """One for all conversations: Prefect's client would read every certificate of the machine anew, 40 ms each time."""
    return ssl.create_default_context()


def since(state: State) -> datetime:
    """When a run came into its state."""
    return state.timestamp
