"""Hand-over: from completed work to a client who is support's, for good.

    completed ──▶ training offered, accesses asked for ──▶ ticket at the desk with the case file ──▶ handed over
                     slot booked: an entry for the calendar                                          no way leads back
"""

from flows.brief import DealId
from models.after_answers import AccessListed
from models.stages import Stage
from tasks import handovers, trainings, waits
from tasks.stage import stage
from tasks.waits import Ask


@stage(
    Stage.HANDOVER,
    description="""The work is completed: support offers the client a training with slots, the project manager is asked where the client's accesses
are. **Waits** for both at once: the client chooses on the project page (silence is an answer too: support can still be asked), the manager
lists the accesses on their page or with **Resume** (never a password). Then the ticket is opened at the support desk with the case file, the
manager is off the project, and the client writes to support. Nobody can take that back. While the desk is away it tries again by itself.
**When it fails** the desk has said no: mend its settings, run settle-effect for the ticket, press Retry; no second ticket is opened.""",
)
def handover(deal_id: DealId) -> None:
    """Carry one deal from completed work to support. Safe to replay from the first line."""
    heard = 0
    trainings.offer_training(deal_id)
    handovers.ask_for_accesses(deal_id)
    stands = handovers.look(deal_id, heard)
    trainings.confirm_training(deal_id, heard)  # after the look: what it no longer asks for is confirmed here
    while stands["asks"]:
        ask(stands["asks"])
        heard += 1
        stands = handovers.look(deal_id, heard)
        trainings.confirm_training(deal_id, heard)
    handovers.hand_over(deal_id, handovers.open_ticket(deal_id))


def ask(asks: list[dict[str, str]]) -> None:
    """Wait until one of the questions that are open has its answer, or has ended in silence."""
    asked = [Ask([handovers.ANSWERS[one["key"]]], key=one["key"], whose=one["whose"], what=one["what"], ladder=one["ladder"]) for one in asks]
    waits.for_some(asked, key="handover", form=AccessListed, what=" and ".join(one.what for one in asked))
