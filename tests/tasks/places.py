"""Deals at each place of the sale and of the work, with everything behind them."""

from sqlmodel import Session

from models.answers import BriefSent, ContractWord, EstimateReview, ProposalAnswer
from models.cash_answers import ContractChangeAsked, ContractDetails, Countersigned, MoneyCame
from models.stages import Stage
from models.tables import Deal
from models.tracks import Sales
from tests.factories import (
    a_brief,
    a_code,
    a_contract,
    a_deal,
    a_payment,
    a_proposal,
    a_signature,
    a_signed_deal,
    a_wait,
    a_wish,
    an_agreed_deal,
    an_estimate,
    an_invoice,
    told,
)  # fmt: skip
from tests.fakes import MONDAY
from tests.tasks.work_places import WORK_PLACES, at_work

PLACES = (
    "received", "briefing", "estimating", "proposed", "change asked", "accepted", "contract out", "contract signed", "contract refused",
    "invoiced", "under way", "lost",
)  # fmt: skip
CONTRACTING = ("accepted", "contract out", "contract signed", "contract refused")


def at(session: Session, place: str, **values) -> Deal:
    """A deal at `place`, its stage waiting for whom it waits for there."""
    if place in CONTRACTING:
        return contracting(session, place, **values)
    if place in {"invoiced", "under way"}:
        return invoiced(session, place, **values)
    if place in WORK_PLACES:
        return at_work(session, place, **values)
    deal = a_deal(session, sales=Sales.PROPOSED if place == "change asked" else Sales(place), **values)
    match place:
        case "briefing":
            a_brief(session, deal, {}, sent=False)
            a_wait(session, deal, BriefSent, stage=Stage.BRIEF, what="the filled brief", deadline=MONDAY.replace(day=20))
        case "estimating":
            an_estimate(session, deal)
            a_wait(session, deal, EstimateReview, stage=Stage.ESTIMATE, whose="studio", what="a manager's word")
        case "proposed":
            a_proposal(session, deal)
            a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, what="an answer to the proposal", deadline=MONDAY.replace(day=20))
        case "change asked":
            told(session, deal, a_wish(a_proposal(session, deal)))
            a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL)
            a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, whose="studio", what="a new version", key="answer#2")
    session.flush()
    return deal


def contracting(session: Session, place: str, **values) -> Deal:
    """A deal whose proposal was accepted, with its contract as far as `place` says."""
    deal = an_agreed_deal(session, details=place != "accepted", **values)
    if place == "accepted":
        a_wait(session, deal, ContractDetails, stage=Stage.CONTRACT, what="the details for the contract", key="details#1")
        return deal
    document = a_contract(session, deal)
    if place == "contract out":
        told(session, deal, ContractChangeAsked(version=1, text="A longer warranty, please."))
        a_code(session, document)
        a_wait(session, deal, ContractWord, stage=Stage.CONTRACT, what="a signature under the contract", key="word#1")
        return deal
    a_signature(session, document)
    if place == "contract refused":
        told(session, deal, Countersigned(version=1, decision="refuse", name="Aoife Brennan", reason="The price is wrong."))
        return deal
    a_wait(session, deal, Countersigned, stage=Stage.CONTRACT, whose="studio", what="the studio's own signature", key="countersign#1")
    return deal


def invoiced(session: Session, place: str, **values) -> Deal:
    """A deal whose first invoice is out; under way: it is paid, and the project manager is waited for."""
    deal = a_signed_deal(session, **values)
    invoice = an_invoice(session, deal)
    if place == "invoiced":
        a_wait(session, deal, MoneyCame, stage=Stage.PAYMENT, part=1, key="money#1", what=f"the money of {invoice.number}")
        return deal
    a_payment(session, invoice)
    deal.sales, deal.work, deal.money = Sales.WON.value, "kickoff", "deposit_paid"
    session.flush()
    return deal
