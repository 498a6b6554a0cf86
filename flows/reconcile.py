"""Reconcile: our rows against Prefect's runs, every ten minutes and whenever an operator likes."""

from prefect import flow
from prefect.logging import get_run_logger

from models.errors import Refused
from tasks import orphans, printing
from tasks import reconcile as check


@flow(
    name="reconcile",
    flow_run_name="reconcile",
    description="""Compares our rows with Prefect's runs: a run that Prefect lost, that crashed or was cancelled gets a successor; one that is
over with us is ended there. Says what became of letters that a dead worker left of ended deals. Prints the documents that could not be
printed before. Then looks for open deals without a next step, and for webhooks that cannot be acted on.
**It fails** when there is one and names it: reopen or close that deal, and tell whoever looks after the system.""",
)
def reconcile() -> None:
    """Mend what can be mended, and fail where a person is needed."""
    for sentence in [*check.mend_runs(), *orphans.end_zombies(), *orphans.settle_claims(), *printing.print_missing()]:
        get_run_logger().warning(sentence)
    trouble = [*check.find_stranded(), *check.find_unread()]
    if trouble:
        raise Refused("\n".join(trouble))
