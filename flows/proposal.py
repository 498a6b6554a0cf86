"""Proposal: from a price to the client's answer.

    estimating ──▶ proposed ──▶ contracting
                      │ ⇅ a change asked for, a version revised
                      └──▶ lost
"""

from typing import Any

from models.answers import Answer, ProposalAnswer, ProposalRevised
from models.stages import Stage
from models.tracks import Sales
from flows.brief import DealId
from tasks import deals, proposals, waits
from tasks.runs import round_of
from tasks.stage import stage

ASK: dict[str, Any] = {"models": [ProposalAnswer, ProposalRevised], "key": "answer"}
CLIENT = ASK | {"ladder": "proposal", "whose": "client", "what": "an answer to the proposal"}
STUDIO = ASK | {"whose": "studio", "what": "a new version of the proposal"}


@stage(
    Stage.PROPOSAL,
    description="""Makes the proposal, live page and PDF, sends the link and **waits** for the client: accept, a change, decline. A change
asked for waits for the salesperson: run **revise-proposal**; the client then finds the new version at the same address. **Resume** answers
for the client (on the phone, say): version and gross total must be the ones shown. **When it fails** mend what the log names, press Retry.""",
)
def proposal(deal_id: DealId) -> None:
    """Carry one deal through its proposal. Safe to replay from the first line."""
    version = proposals.publish_proposal(deal_id, round_of(deal_id))
    proposals.print_proposal(deal_id, version, "live")
    proposals.mail_proposal(deal_id, version, is_first=True)
    deals.move_deal(deal_id, Sales.PROPOSED, why="the proposal went out")
    answer = waits.for_any(**CLIENT)
    while not is_final(answer):
        if isinstance(answer, ProposalRevised):
            version = answer.version
            proposals.print_proposal(deal_id, version, "live")
            proposals.mail_proposal(deal_id, version, is_first=False)
            answer = waits.for_any(**CLIENT)
        else:
            proposals.tell_change(deal_id, version, answer.text)
            answer = waits.for_any(**STUDIO, ladder="proposal-revision") or escalate(deal_id, version)
    finish(deal_id, version, answer)


def is_final(answer: Answer | None) -> bool:
    """Whether nothing more is to be said: accepted, declined, or silence to the end."""
    return answer is None or (isinstance(answer, ProposalAnswer) and answer.decision != "change")


def escalate(deal_id: int, version: int) -> Answer:
    """The salesperson did not revise in time: the director is told, and the wait goes on without an end."""
    proposals.tell_director(deal_id, version)
    return waits.for_any(**STUDIO)


def finish(deal_id: int, version: int, answer: ProposalAnswer | None) -> None:
    """Silence and a no end the deal, with a way back; a yes goes on to the contract."""
    if answer is None:
        deals.say_goodbye(deal_id, Stage.PROPOSAL)
        deals.tell_loss(deal_id, Stage.PROPOSAL, "no answer to the proposal")
        deals.close_deal(deal_id, Sales.LOST, why="no answer to the proposal")
    elif answer.decision == "decline":
        proposals.mail_refused(deal_id, version)
        proposals.tell_refusal(deal_id, version, answer.reason, answer.text)
        deals.close_deal(deal_id, Sales.LOST, why=answer.reason or "declined")
    else:
        proposals.print_proposal(deal_id, version, "frozen")
        proposals.thank_for_acceptance(deal_id, version)
        proposals.tell_acceptance(deal_id, version)
        deals.conclude(deal_id, Sales.CONTRACTING, Stage.CONTRACT, why="the proposal was accepted")
