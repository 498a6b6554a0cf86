"""Proposal: from a price to the client's answer.

    estimating ──▶ proposed ──▶ contracting
                      │ ⇅ a change asked for, a version revised
                      └──▶ lost
"""

from flows.brief import DealId
from models.answers import ProposalAnswer, ProposalRevised
from models.stages import Stage
from models.tracks import Sales
from tasks import deals, proposals, waits
from tasks.runs import round_of
from tasks.stage import stage

Said = ProposalAnswer | ProposalRevised
KINDS: tuple[type[Said], ...] = (ProposalAnswer, ProposalRevised)


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
    answer = ask_client()
    while isinstance(answer, ProposalRevised) or (answer and answer.decision == "change"):
        if isinstance(answer, ProposalRevised):
            version = answer.version
            proposals.print_proposal(deal_id, version, "live")
            proposals.mail_proposal(deal_id, version, is_first=False)
            answer = ask_client()
        else:
            proposals.tell_change(deal_id, version, answer.text)
            answer = ask_studio(deal_id, version)
    finish(deal_id, version, answer)


def ask_client() -> Said | None:
    """The client's answer, or a version that the studio made meanwhile; None after silence."""
    return waits.for_last(KINDS, key="answer", ladder="proposal", whose="client", what="an answer to the proposal")


def ask_studio(deal_id: int, version: int) -> Said:
    """The new version, or a further answer of the client's. When nobody revises in time the director is told, and the wait goes on."""
    what = "a new version of the proposal"
    said = waits.for_any(KINDS, key="answer", ladder="proposal-revision", whose="studio", what=what)
    if said is None:
        proposals.tell_director(deal_id, version)
        said = waits.however_long(KINDS, key="answer", whose="studio", what=what)
    return said


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
