"""Steps behind `adopt-deal`: the deal taken up, what its past stages would have sent left out, its stage begun."""

from collections.abc import Callable
from typing import Any

from sqlmodel import Session, func, select

from models import adopted, adopting, changes, completion, documents, facts, links, projects, wanted
from models.adopted import Newcomer, Past
from models.adoption import ADOPTED, MUTED, Order
from models.effects import EffectState
from models.estimates import Estimate
from models.stages import Stage
from models.tables import Deal, Effect
from models.tracks import CLOSED, Work
from tasks import (
    acts,
    applications,
    briefs,
    contracts,
    effects,
    estimates,
    handovers,
    kickoffs,
    launches,
    productions,
    proposals,
    reviews,
    trackers,
    trainings,
)
from tasks.step import step
from tasks.world import world


@step
def adopt(stage: str, service: str, client: dict[str, Any], past: dict[str, Any], who: str, reason: str, key: str) -> int:
    """Take a deal up at a stage, once per run of the form; return its number. Raises Refused, saying what is missing; nothing is kept then."""
    here = world()
    order = Order(
        stage=Stage(stage), service=service, client=Newcomer.model_validate(client), past=Past.model_validate(past), who=who, reason=reason, key=key
    )
    with here.db.writing() as session:
        return adopting.adopt(session, here.company, order, now=here.now()).id or 0


@step
def mute_past(deal_id: int, stage: str) -> int:
    """Leave out what the stages before would have sent, under the very keys of their own steps; return how many effects that are.

    No replay sends them, whatever comes back to their line.
    """
    with effects.muted(MUTED):
        for past, says in _PAST.items():
            if adopted.ORDER.index(past) < adopted.ORDER.index(Stage(stage)):
                says(deal_id)
        applications.thank_client.fn(deal_id)
        applications.tell_salesperson.fn(deal_id)
        _thank_for_stages(deal_id)
    with world().db.reading() as session:
        mine = select(func.count()).where(Effect.deal_id == deal_id, Effect.state == EffectState.SKIPPED.value)
        return session.exec(mine).one()


@step
def begin(deal_id: int, stage: str) -> list[str]:
    """Want the stage that a deal was taken up at, and what goes on beside it, once; return the keys of the runs. Nothing of a deal closed since."""
    here, at = world(), Stage(stage)
    with here.db.writing() as session:
        deal = session.get_one(Deal, deal_id, with_for_update=True)
        [fact] = facts.of_deal(session, deal_id, ADOPTED)
        if deal.sales in CLOSED or deal.work == Work.CANCELLED or wanted.has_followed(session, fact):
            return [row.key for row in wanted.live_of(session, deal_id)]
        wanted.want(session, at, deal=deal, fact=fact, part=1 if at == Stage.INVOICE else 0, now=here.now())
        if at == Stage.PRODUCTION and any(not item.is_settled for item in projects.stand(session, deal).materials):
            wanted.want(session, Stage.MATERIALS, deal=deal, fact=fact, now=here.now())
        if at == Stage.HANDOVER:
            for one in projects.contract_of(session, deal).schedule:
                changes.want_invoice(session, deal, one.part, fact=fact, now=here.now())
            completion.follow(session, deal, fact=fact, now=here.now())
        return [row.key for row in wanted.live_of(session, deal_id)]


def _newest(session: Session, deal_id: int, kind: str) -> int:
    document = documents.latest(session, deal_id, kind)
    return document.version if document else 0


def _brief(deal_id: int) -> None:
    briefs.mail_brief.fn(deal_id, 1)


def _estimate(deal_id: int) -> None:
    with world().db.reading() as session:
        document = documents.latest(session, deal_id, "estimate")
    if document and Estimate.model_validate(document.body).needs_approval:
        estimates.ask_manager.fn(deal_id, document.version)


def _proposal(deal_id: int) -> None:
    with world().db.reading() as session:
        version = _newest(session, deal_id, "proposal")
    proposals.mail_proposal.fn(deal_id, version, is_first=True)
    proposals.thank_for_acceptance.fn(deal_id, version)
    proposals.tell_acceptance.fn(deal_id, version)


def _contract(deal_id: int) -> None:
    with world().db.reading() as session:
        version = _newest(session, deal_id, "contract")
    contracts.give_word_link.fn(deal_id, 1)
    contracts.mail_contract.fn(deal_id, version)
    contracts.mail_signed.fn(deal_id, version)
    contracts.tell_signed.fn(deal_id, version)


def _kickoff(deal_id: int) -> None:
    here = world()
    kickoffs.tell_manager.fn(deal_id)
    with here.db.writing() as session:
        links.hand_out(session, here.secret, "project-staff", deal_id, now=here.now())
    with here.db.reading() as session:
        order = trackers.order_of(session, session.get_one(Deal, deal_id))
    effects.once(trackers.opening(here, deal_id, order))
    kickoffs.welcome_client.fn(deal_id)


def _thank_for_stages(deal_id: int) -> None:
    """The letters of the stages of production that are accepted, also where production goes on."""
    with world().db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        accepted = projects.stand(session, deal).accepted if projects.find(session, deal) else []
    for stage in accepted:
        productions.thank(deal, stage)


def _launch(deal_id: int) -> None:
    launches.tell_manager.fn(deal_id)
    acts.mail_act.fn(deal_id, 1)
    acts.mail_accepted.fn(deal_id, 1)
    acts.tell_accepted.fn(deal_id, 1)


def _handover(deal_id: int) -> None:
    trainings.offer_training.fn(deal_id)
    handovers.ask_for_accesses.fn(deal_id)


_PAST: dict[Stage, Callable[[int], object]] = {
    Stage.BRIEF: _brief, Stage.ESTIMATE: _estimate, Stage.PROPOSAL: _proposal, Stage.CONTRACT: _contract, Stage.KICKOFF: _kickoff,
    Stage.LAUNCH: _launch, Stage.HANDOVER: _handover, Stage.REVIEW: reviews.ask_for_review.fn,
}  # fmt: skip
"""What a stage sends while it is carried out, said by its own steps. Invoices of the past are in other books, and materials ask nothing more."""
