"""Deals at each place of the sale, with everything behind them."""

from sqlmodel import Session

from models.answers import BriefSent, ContractWord, EstimateReview, ProposalAnswer
from models.stages import Stage
from models.tables import Deal
from models.tracks import Sales
from tests.factories import a_brief, a_deal, a_proposal, a_wait, a_wish, an_acceptance, an_estimate, told
from tests.fakes import MONDAY

PLACES = ("received", "briefing", "estimating", "proposed", "change asked", "accepted", "lost")


def at(session: Session, place: str, **values) -> Deal:
    """A deal at `place`, its stage waiting for whom it waits for there."""
    sales = {"change asked": Sales.PROPOSED, "accepted": Sales.CONTRACTING}.get(place) or Sales(place)
    deal = a_deal(session, sales=sales, **values)
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
        case "accepted":
            deal.sales = Sales.PROPOSED
            told(session, deal, an_acceptance(a_proposal(session, deal)))
            deal.sales = Sales.CONTRACTING
            a_wait(session, deal, ContractWord, stage=Stage.CONTRACT, whose="studio", what="the salesperson's word")
    session.flush()
    return deal
