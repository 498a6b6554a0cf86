"""Steps around the contract that the salesperson makes."""

from models.letters import LetterOrder
from tasks import letters
from tasks.step import step


@step
def ask_for_contract(deal_id: int, round_: int) -> str:
    """Ask the salesperson to make the contract and to say how it went; return the effect's state."""
    order = LetterOrder(name="contract-to-prepare", deal_id=deal_id, to="salesperson")
    return letters.send(f"deal/{deal_id}/r{round_}/contract/prepare", order).state


@step
def tell_director(deal_id: int, round_: int) -> str:
    """Tell the director that nobody said what became of a contract; return the effect's state."""
    order = LetterOrder(name="contract-reminder", deal_id=deal_id, to="director")
    return letters.send(f"deal/{deal_id}/r{round_}/contract/director", order).state
