"""Launch: from the last stage to the client's acceptance.

    launch ─ checklist done ──▶ rest of the plan invoiced ──▶ act sent ──▶ signed by code, or on paper ──▶ completed ──▶ handover
                                                               │ ⇅ faults named, mended: the next version
                                                               └──▶ silence: accepted where the contract says so after two warnings,
                                                                    else paused until the client is back
"""

from collections.abc import Sequence

from flows.brief import DealId
from flows.contract import ask
from models.answer import Answer
from models.delivery_answers import ActDeemed, ActFaults, ActSigned, FaultsMended, LaunchChecked
from models.stages import Stage
from tasks import acts, launches, waits
from tasks.stage import stage

OFFERED: Sequence[type[Answer]] = (ActSigned, ActFaults)
MENDING: Sequence[type[Answer]] = (FaultsMended, ActSigned, ActFaults)
WHAT = "acceptance of the work"


@stage(
    Stage.LAUNCH,
    description="""**Waits** for the launch's checklist (the project manager's page, or **Resume**), then invoices the rest of the payment plan and
sends the act of acceptance. **Waits** for the client's signature by mailed code; **Resume** says that it was signed on paper. Faults named in
place of a signature go to the project manager: **Resume** then says that they are mended, and the next version goes out. Silence counts as
acceptance only where the contract says so and its two warnings have arrived; else the project is paused. Signed, paid: in either order.
**When it fails** mend what the log names and press Retry: no letter, act or invoice is made twice.""",
)
def launch(deal_id: DealId) -> None:
    """Carry one deal from its last stage to its acceptance. Safe to replay from the first line."""
    launches.tell_manager(deal_id)
    ask([LaunchChecked], key="launch", ladder="launch", whose="studio", what="the launch checklist")
    launches.ask_payments(deal_id)
    showing = 1
    version = acts.publish_act(deal_id, showing)
    said = offer(deal_id, version)
    while not isinstance(said, ActSigned | ActDeemed):
        if isinstance(said, FaultsMended):
            showing += 1
            version = acts.publish_act(deal_id, showing)
            said = offer(deal_id, version)
        else:
            said = mend(deal_id, version, said)
    finish(deal_id, version)


def offer(deal_id: int, version: int) -> Answer:
    """Send a version and wait for what becomes of it; silence may accept it."""
    acts.print_act(deal_id, version)
    acts.mail_act(deal_id, version)
    said = waits.for_any(OFFERED, key="act", ladder="act", whose="client", what=WHAT)
    if said is not None:
        return said
    if acts.end_silence(deal_id, version) == "deemed":
        return ActDeemed(version=version)
    return waits.however_long(OFFERED, key="act", whose="client", what=WHAT)


def mend(deal_id: int, version: int, said: Answer) -> Answer:
    """Tell the project manager what is not as agreed; then that it is mended, more of it, or the signature after all."""
    if isinstance(said, ActFaults):
        acts.tell_faults(deal_id, version, said.text)
    return ask(MENDING, key="mended", ladder="act-faults", whose="studio", what="word that the faults are mended")


def finish(deal_id: int, version: int) -> None:
    """Both get the sealed act; the project is completed, and the hand-over follows."""
    acts.seal_act(deal_id, version)
    acts.mail_accepted(deal_id, version)
    acts.tell_accepted(deal_id, version)
    launches.conclude_launch(deal_id)
