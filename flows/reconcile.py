"""Reconcile: our rows against Prefect's runs, every ten minutes and whenever an operator likes."""

from prefect.logging import get_run_logger

from models.errors import InInbox, Refused
from tasks import orphans, printing
from tasks import reconcile as check
from tasks.operation import chore


@chore(
    name="reconcile",
    description="""Compares our rows with Prefect's runs: a run that Prefect lost or that crashed gets a successor; one that an operator
cancelled is cancelled; one that nobody owns (a duplicate, an orphan) is cancelled; a zombie whose worker died is ended. Settles letters
that a dead worker left and no stage comes back to. Prints the documents that could not be printed before. What was mended is in the log and in
the artifact *reconcile*. Then looks for open deals without a next step, for webhooks that cannot be acted on, and for bank statements that stay
in the watched folder.
**It fails** when there is one, names it and says what helps: the stage to start from its deployment, the operation that ends the deal, the folder
that nobody may write to. Tell whoever looks after the system.""",
)
def reconcile() -> None:
    """Mend what can be mended, and fail where a person is needed."""
    for sentence in check.tell([*check.mend_runs(), *orphans.settle_claims(), *printing.print_missing()]):
        get_run_logger().warning(sentence)
    check.note_ran()
    shown, lying = [*check.find_stranded(), *check.find_unread()], check.find_left_lying()
    if lying:
        raise Refused("\n".join([*shown, *lying]))
    if shown:
        raise InInbox("\n".join(shown))
