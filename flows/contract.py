"""Contract: from an accepted proposal to both signatures.

    contracting: details ──▶ sent ──▶ signed by the client ──▶ signed by the studio ──▶ signed
                               │ ⇅ a change asked for, a version revised ◀──┘ the studio refused
                               ├──▶ signed on paper, by the salesperson's word
                               └──▶ lost, by the salesperson's word; never by silence
"""

from collections.abc import Sequence
from typing import TypeVar

from flows.brief import DealId
from models.answers import Answer, ContractWord
from models.cash_answers import ContractChangeAsked, ContractDetails, ContractRevised, ContractSigned, Countersigned
from models.stages import Stage
from models.tracks import Sales
from tasks import contracts, deals, waits
from tasks.runs import round_of
from tasks.stage import stage

Said = ContractWord | ContractSigned | ContractChangeAsked | ContractRevised
Typed = TypeVar("Typed", bound=Answer)
KINDS: tuple[type[Said], ...] = (ContractWord, ContractSigned, ContractChangeAsked, ContractRevised)


@stage(
    Stage.CONTRACT,
    description="""Asks the client who signs (unless that is known), makes the contract from the accepted proposal, sends it and **waits**: for the
signature by mailed code, for a wish, for your word. **Resume** while details are asked for gives them for the client; **Resume** later says
that it was *signed* on paper, or *lost*. A change wanted: run **revise-contract**; the version before is void. Where contract.toml says so the
director signs for the studio; **Resume** then signs or refuses. Silence never ends a contract. **When it fails** mend what the log names,
press Retry.""",
)
def contract(deal_id: DealId) -> None:
    """Carry one deal to its signatures. Safe to replay from the first line."""
    round_ = round_of(deal_id)
    contracts.give_word_link(deal_id, round_)
    said = learn_details(deal_id, round_)
    version = 0
    if said is None:
        version = contracts.publish_contract(deal_id, round_)
        said = offer(deal_id, version)
    while not is_lost(said) and not (is_signed(said) and studio_signs(deal_id, version)):
        if isinstance(said, ContractRevised):
            version = said.version
            said = offer(deal_id, version)
        else:
            said = ask_studio(deal_id, version, said)
    finish(deal_id, version, said)


def learn_details(deal_id: int, round_: int) -> Said | None:
    """None once the contract can be made; the salesperson's word when the deal is lost before."""
    if not contracts.needs_details(deal_id, round_):
        return None
    contracts.ask_details(deal_id, round_)
    asked: tuple[type[ContractDetails | ContractWord], ...] = (ContractDetails, ContractWord)
    said = ask(asked, key="details", ladder="contract-details", whose="client", what="the details for the contract")
    return said if isinstance(said, ContractWord) else None


def offer(deal_id: int, version: int) -> Said:
    """Send a version and wait for what becomes of it."""
    contracts.print_contract(deal_id, version)
    contracts.mail_contract(deal_id, version)
    return ask(KINDS, key="word", ladder="contract", whose="client", what="a signature under the contract")


def ask_studio(deal_id: int, version: int, said: Said) -> Said:
    """Tell the salesperson what the client wants, or that the studio refused; then the new version, or whatever else comes."""
    if isinstance(said, ContractChangeAsked):
        contracts.tell_change(deal_id, version, said.text)
    else:
        contracts.tell_refusal(deal_id, version)
    return ask(KINDS, key="word", ladder="contract-change", whose="studio", what="a new version of the contract")


def is_lost(said: Said) -> bool:
    """Whether the salesperson says that it comes to nothing."""
    return isinstance(said, ContractWord) and said.outcome == "lost"


def is_signed(said: Said) -> bool:
    """Whether the client has signed, by code or on paper."""
    return isinstance(said, ContractSigned) or (isinstance(said, ContractWord) and said.outcome == "signed")


def studio_signs(deal_id: int, version: int) -> bool:
    """The studio signs, by its rule or by the director's hand; False when the director refuses."""
    if contracts.sign_by_rule(deal_id, version):
        return True
    contracts.ask_director(deal_id, version)
    word = ask([Countersigned], key="countersign", ladder="countersign", whose="studio", what="the studio's own signature")
    return word.decision == "sign"


def finish(deal_id: int, version: int, said: Said) -> None:
    """Both get the sealed contract and the first invoice follows; a lost deal ends."""
    if isinstance(said, ContractWord) and is_lost(said):
        deals.tell_loss(deal_id, Stage.CONTRACT, said.reason)
        deals.close_deal(deal_id, Sales.LOST, why=said.reason)
        return
    contracts.seal_contract(deal_id, version)
    contracts.mail_signed(deal_id, version)
    contracts.tell_signed(deal_id, version)
    how = f"on paper on {said.on}" if isinstance(said, ContractWord) else "by code"
    deals.conclude(deal_id, Sales.SIGNED, Stage.INVOICE, part=1, why=f"signed {how}")


def ask(kinds: Sequence[type[Typed]], *, key: str, ladder: str, whose: str, what: str) -> Typed:
    """The first answer of these kinds. Should the owner's ladder end in silence the wait goes on without it: no contract is lost that way."""
    said = waits.for_any(kinds, key=key, ladder=ladder, whose=whose, what=what)
    return said if said is not None else waits.however_long(kinds, key=key, whose=whose, what=what)
