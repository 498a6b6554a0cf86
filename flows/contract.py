"""Contract: from an accepted proposal to a signature, by the salesperson's word.

    contracting ──▶ signed
         └──▶ lost
"""

from flows.brief import DealId
from models.answers import ContractWord
from models.stages import Stage
from models.tracks import Sales
from tasks import contracts, deals, waits
from tasks.runs import round_of
from tasks.stage import stage


@stage(
    Stage.CONTRACT,
    description="""Asks the salesperson to make the contract from the frozen proposal and **waits** for their word: signed on a day, or lost.
They answer by the link in their letter or by **Resume** here. **When it fails** mend what the log names and press Retry.""",
)
def contract(deal_id: DealId) -> None:
    """Carry one deal to its signature. Safe to replay from the first line."""
    round_ = round_of(deal_id)
    contracts.ask_for_contract(deal_id, round_)
    what = "the salesperson's word on the contract"
    word = waits.for_fact(ContractWord, key="word", ladder="contract", whose="studio", what=what)
    if word is None:
        contracts.tell_director(deal_id, round_)
        word = waits.however_long([ContractWord], key="word", whose="studio", what=what)
    if word.outcome == "lost":
        deals.tell_loss(deal_id, Stage.CONTRACT, word.reason)
        deals.close_deal(deal_id, Sales.LOST, why=word.reason)
        return
    deals.conclude(deal_id, Sales.SIGNED, None, why=f"signed on {word.on}")
