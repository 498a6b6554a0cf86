"""What is served: the work pool and a deployment of every flow. Said again at every start; nothing is lost by it."""

from datetime import timedelta
from typing import cast

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.deployments.runner import EntrypointType, RunnerDeployment
from prefect.exceptions import ObjectNotFound

from flows.brief import brief
from flows.contract import contract
from flows.estimate import estimate
from flows.intake import intake
from flows.leads import register_lead
from flows.operations import close_as_lost, note, put_on_hold, release, renew_link, reopen, settle_effect
from flows.proposal import proposal
from flows.reconcile import reconcile
from flows.revision import revise_proposal

STAGES: tuple[Flow, ...] = (intake, brief, estimate, proposal, contract)
OPERATIONS: tuple[Flow, ...] = (
    register_lead, revise_proposal, put_on_hold, release, close_as_lost, reopen, note, settle_effect, renew_link,
)  # fmt: skip
HOUSEKEEPING: dict[Flow, timedelta] = {reconcile: timedelta(minutes=10)}
FLOWS: tuple[Flow, ...] = (*STAGES, *OPERATIONS, *HOUSEKEEPING)
POOL = "studio-warm"
PLAIN_TEMPLATE = {
    "job_configuration": {"name": "{{ name }}"},
    "variables": {"type": "object", "properties": {"name": {"type": "string", "title": "Name"}}},
}
"""A small one: Prefect's server validates it at each run, and an empty one is refused."""


def deploy(pool: str = POOL) -> dict[str, Flow]:
    """Set up the work pool and every deployment; return flows by deployment id."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(pool)
        except ObjectNotFound:
            wanted = WorkPoolCreate(name=pool, type="studioflow", base_job_template=PLAIN_TEMPLATE)
            client.create_work_pool(wanted)
    return {str(deployment_of(one).apply(work_pool_name=pool)): one for one in FLOWS}


def deployment_of(one: Flow) -> RunnerDeployment:
    """A flow's deployment: its own name, its description, its tags; the module path as entrypoint."""
    tag = "stage" if one in STAGES else "operation" if one in OPERATIONS else "housekeeping"
    made = one.to_deployment(
        name=one.name, description=one.description, tags=[tag], interval=HOUSEKEEPING.get(one), entrypoint_type=EntrypointType.MODULE_PATH
    )
    return cast("RunnerDeployment", made)
