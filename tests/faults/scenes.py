"""What deals go through, each scene as one client plays it. Together they reach every step of the stages of the sale."""

from collections.abc import Callable

from models.answers import ContractWord, EstimateReview, ProposalAnswer, QualifyAnswer
from models.cash_answers import ContractChangeAsked, Countersigned
from models.cash_tables import Invoice
from models.stages import Stage
from tests.e2e.client import COMPLEX
from tests.factories import an_agreed_deal
from tests.faults.operators import Operator
from tests.faults.players import Player

Scene = Callable[[Player, Operator], None]
STAFF = "staff:conor@northlight.example"


def buys(player: Player, _operator: Operator) -> None:
    """The whole way from the form to the welcome."""
    player.does(player.applies)
    player.gets("r1/brief/mail")
    player.does(player.sends_brief)
    player.gets("proposal/v1/mail")
    player.stands("proposed")
    player.does(player.accepts)
    player.gets("r1/contract/details")
    signs(player)
    invoice = player.is_billed()
    player.does(lambda: player.pays_online(invoice))
    player.money("deposit_paid")
    player.gets("r1/kickoff/welcome")
    player.is_asked("materials")


def signs(player: Player) -> None:
    """From the details to both signatures."""
    player.does(player.gives_details)
    player.gets("contract/v1/mail")
    player.is_asked("contract")
    player.signs_the_contract()
    countersigns(player)
    player.gets("contract/v1/signed")


def countersigns(player: Player) -> None:
    """The director signs, where that is not done by rule."""
    player.sees_any(f"deal/{player.deal}/contract/v1/countersign")
    player.tells(Countersigned(version=1, decision="sign", name="Aoife Brennan"), actor=STAFF)


def is_too_poor(player: Player, _operator: Operator) -> None:
    """A budget below the minimum, and a client who leaves it at that."""
    player.does(lambda: player.applies(budget="500"))
    player.gets("intake/minimum")
    player.is_asked("intake")
    player.tells(QualifyAnswer(decision="out"))
    player.stands("declined")


def forgets_the_brief(player: Player, _operator: Operator) -> None:
    player.does(player.applies)
    player.gets("r1/brief/mail")
    player.keeps_silent("brief")
    player.stands("lost")


def is_refused(player: Player, _operator: Operator) -> None:
    """An estimate that nobody looks at, and that the director refuses."""
    to_the_manager(player)
    player.keeps_silent("estimate")
    player.gets("estimate/v1/director")
    player.is_asked("estimate")
    player.is_answered_by_form("estimate", EstimateReview.kind, decision="refuse", reason="Not our kind of work.", who="Aoife Brennan")
    player.stands("declined")


def declines(player: Player, operator: Operator) -> None:
    """An estimate that a manager approves by a form of its own, and a client to whom it is too dear."""
    to_the_manager(player)
    operator.does("approve", deal_id=player.deal, who="Tomasz Zielinski")
    player.gets("proposal/v1/mail")
    player.is_asked("proposal")
    player.tells(ProposalAnswer(decision="decline", version=1, reason="price", text="Too dear."))
    player.stands("lost")


def to_the_manager(player: Player) -> None:
    """To an estimate that a project manager has to look at."""
    player.does(player.applies)
    player.gets("r1/brief/mail")
    player.does(lambda: player.sends_brief(**COMPLEX))
    player.gets("estimate/v1/approval")
    player.is_asked("estimate")


def wants_it_otherwise(player: Player, operator: Operator) -> None:
    """A change asked for, a studio that takes its time, a new version, and silence."""
    player.does(player.applies)
    player.gets("r1/brief/mail")
    player.does(player.sends_brief)
    player.gets("proposal/v1/mail")
    player.is_asked("proposal")
    player.tells(ProposalAnswer(decision="change", version=1, text="Fewer pages, please."))
    player.has_letter("proposal/v1/change-")
    player.keeps_silent("proposal")
    player.gets("proposal/v1/director")
    player.is_asked("proposal")
    operator.does("revise-proposal", deal_id=player.deal, who="Conor Walsh", discount_percent=3, reason="A first order.", publish=True)
    player.gets("proposal/v2/mail")
    player.keeps_silent("proposal")
    player.stands("lost")


def haggles(player: Player, operator: Operator) -> None:
    """A contract changed at the client's wish, then refused by the director, then lost."""
    player.begins(an_agreed_deal)
    player.wants(Stage.CONTRACT)
    player.gets("contract/v1/mail")
    player.is_asked("contract")
    player.tells(ContractChangeAsked(version=1, text="Payment within 14 days, please.", name="Ada Byron"))
    player.has_letter("contract/v1/change-")
    player.is_asked("contract")
    moments = {"1": "within 14 days of signing"}
    operator.does("revise-contract", deal_id=player.deal, who="Conor Walsh", reason="14 days.", publish=True, payment_moments=moments)
    player.gets("contract/v2/mail")
    player.is_asked("contract")
    player.signs_the_contract(version=2)
    player.sees_any(f"deal/{player.deal}/contract/v2/countersign")
    player.is_asked("contract")
    player.tells(Countersigned(version=2, decision="refuse", name="Aoife Brennan", reason="The terms are off."), actor=STAFF)
    player.sees_any(f"deal/{player.deal}/contract/v2/refused")
    player.is_asked("contract")
    player.tells(ContractWord(outcome="lost", reason="No agreement."), actor=STAFF)
    player.stands("lost")


def pays_late(player: Player, _operator: Operator, way: str = "pay-reordered") -> None:
    """An invoice whose reminders all pass, then paid, with the provider's words in the wrong order unless told otherwise."""
    invoice = player.has_signed()
    player.is_asked("payment")
    player.keeps_silent("payment")
    player.sees_any(f"invoice/{invoice.id}/director")
    pays(player, invoice, way)


def is_told_twice(player: Player, _operator: Operator) -> None:
    """A payment that the provider tells of twice."""
    pays(player, player.has_signed(), "pay-double")


def is_told_late(player: Player, _operator: Operator) -> None:
    """A payment that the provider tells of after a while."""
    pays(player, player.has_signed(), "pay-late")


def pays(player: Player, invoice: Invoice, way: str) -> None:
    """Pay at the provider's page, in one of the ways that its words can go; then work begins."""
    player.does(lambda: player.pays_online(invoice, way))
    player.money("deposit_paid", seconds=120)
    player.gets("r1/kickoff/welcome")


def is_never_told(player: Player, operator: Operator) -> None:
    """A payment of which the provider's word never comes: the daily proof names it, and somebody has it sent again from the provider's site."""
    invoice = player.has_signed()
    player.does(lambda: player.pays_online(invoice, "pay-late"))
    player.webhooks(invoice, "given up")
    assert operator.runs("money-proof") == "Failed"
    player.webhooks(invoice, "waiting")
    player.money("deposit_paid", seconds=120)


def pays_by_bank(player: Player, _operator: Operator) -> None:
    """A deposit that comes on the bank's statement."""
    invoice = player.has_signed()
    player.transfers(invoice.gross, f"Invoice {invoice.number}, thank you")
    player.money("deposit_paid", seconds=120)
    player.gets("r1/kickoff/welcome")


SALE: tuple[Scene, ...] = (
    buys, is_too_poor, forgets_the_brief, is_refused, declines, wants_it_otherwise, haggles, pays_late, is_told_twice, is_told_late, is_never_told,
    pays_by_bank,
)  # fmt: skip
