"""What is served: the work pool and a deployment of every flow. Said again at every start; nothing is lost by it."""

from datetime import timedelta
from typing import cast, get_type_hints

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.deployments.runner import EntrypointType, RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron, Interval
from pydantic.fields import FieldInfo

from deployments.pools import PLAIN_TEMPLATE, POOL
from flows.adopting import adopt_deal
from flows.after_operations import change_address, list_access, reply_review
from flows.approving import approve
from flows.brief import brief
from flows.closing import close_month, closing
from flows.contract import contract
from flows.contract_operations import revise_contract
from flows.delivery_operations import move_date, payment_due, read_mail, read_tracker
from flows.estimate import estimate
from flows.handover import handover
from flows.hours import import_hours, record_hours, sync_hours
from flows.intake import intake
from flows.invoice import invoice
from flows.invoicing import cancel_work, correct_invoice, issue_proforma
from flows.kickoff import kickoff
from flows.launch import launch
from flows.leads import register_lead, replay_intake
from flows.materials import gather_materials
from flows.money import ignore_payment, import_statement, match_suspense, money_proof, record_payment
from flows.next_steps import next_steps
from flows.operations import close_as_lost, note, put_on_hold, release, renew_link, reopen, settle_effect
from flows.payment import payment
from flows.production import production
from flows.proposal import proposal
from flows.reconcile import reconcile
from flows.resending import resend
from flows.review import review
from flows.revision import revise_proposal
from models import documents, upkeep

STAGES: tuple[Flow, ...] = (
    intake, brief, estimate, proposal, contract, invoice, payment, kickoff, gather_materials, production, launch,
    next_steps, handover, review, closing,
)  # fmt: skip
OPERATIONS: tuple[Flow, ...] = (
    register_lead, revise_proposal, put_on_hold, release, close_as_lost, reopen, note, settle_effect, renew_link,
    record_payment, match_suspense, ignore_payment, import_statement, revise_contract, correct_invoice, cancel_work, issue_proforma,
    payment_due, move_date, list_access, reply_review, change_address, import_hours, record_hours, read_mail, approve, resend, replay_intake,
    adopt_deal,
)  # fmt: skip
HOUSEKEEPING: dict[Flow, timedelta | str] = {
    reconcile: upkeep.EVERY, money_proof: timedelta(days=1), sync_hours: timedelta(hours=1), close_month: "0 6 1 * *",
    read_tracker: timedelta(minutes=10),
}  # fmt: skip
"""How often each runs by itself; a text is a cron line, by the studio's clock."""
FLOWS: tuple[Flow, ...] = (*STAGES, *OPERATIONS, *HOUSEKEEPING)


def deploy(pool: str = POOL, zone: str = "UTC") -> dict[str, Flow]:
    """Set up the work pool and every deployment; return flows by deployment id. `zone` is the studio's (IANA)."""
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(pool)
        except ObjectNotFound:
            wanted = WorkPoolCreate(name=pool, type="studioflow", base_job_template=PLAIN_TEMPLATE)
            client.create_work_pool(wanted)
        there = {(known.name, known.version): known.id for known in client.read_deployments(limit=200) if known.work_pool_name == pool}
    wanted_ones = [(one, deployment_of(one, zone)) for one in FLOWS]
    return {str(there.get((made.name, made.version)) or made.apply(work_pool_name=pool)): one for one, made in wanted_ones}


def deployment_of(one: Flow, zone: str = "UTC") -> RunnerDeployment:
    """A flow's deployment: its own name, its description, its tags; the module path as entrypoint."""
    tag = "stage" if one in STAGES else "operation" if one in OPERATIONS else "housekeeping"
    often = HOUSEKEEPING.get(one)
    schedule = Cron(often, timezone=zone) if isinstance(often, str) else Interval(often) if often else None
    made = one.to_deployment(
        name=one.name, description=one.description, tags=[tag], schedule=schedule, entrypoint_type=EntrypointType.MODULE_PATH
    )
    deployment = cast("RunnerDeployment", made)
    _describe(one, deployment)
    deployment.version = _version(deployment)
    return deployment


def _version(deployment: RunnerDeployment) -> str:
    """What the deployment says, in short: one that says the same is left as it is, and a start costs one request instead of sixty."""
    said = deployment.model_dump(mode="json", include={"name", "description", "tags", "entrypoint", "schedules"})
    said["form"] = deployment._parameter_openapi_schema.model_dump(mode="json")  # noqa: SLF001 (as above)
    for schedule in said.get("schedules") or []:
        schedule.get("schedule", {}).pop("anchor_date", None)
    return documents.fingerprint(said)[:16]


def _describe(one: Flow, deployment: RunnerDeployment) -> None:
    """Put each parameter's words into the run form: Prefect takes them from docstrings only, ours stand with the types."""
    hints = get_type_hints(one.fn, include_extras=True)
    for name, field in deployment._parameter_openapi_schema.properties.items():  # noqa: SLF001 (the form's schema has no other door)
        told = [extra.description for extra in getattr(hints.get(name), "__metadata__", ()) if isinstance(extra, FieldInfo)]
        if told and told[0]:
            field["description"] = told[0]
