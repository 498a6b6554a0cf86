"""What is owed to a word: letters that a fact orders at once, and those that a stage owes to an answer that it heard, or to silence.

A stage goes from an answer to its letters without a wait between: once it waits again, or is done, they have been said. What has been said
has a row, also where it was left out for a reason.
"""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from models import cash, contract_state, documents, facts, issued, projects
from models.after_answers import MailCame, ReviewGiven
from models.answers import ContractWord, EstimateReview, Held, ProposalAnswer, ProposalForwarded, QualifyAnswer, Released
from models.cash_answers import ContractChangeAsked, Countersigned
from models.cash_tables import Payment, Posting
from models.delivery_answers import ActFaults, ChangeAnswered, MaterialReviewed, MaterialSent, StageAnswered, WorkPaused
from models.estimates import Estimate
from models.stage_state import StageStand
from models.stages import Stage
from models.tables import Deal, Fact, Move, Wait
from models.tracks import Work
from tests.studio import the_company

Calm = set[tuple[str, int]]
"""Stages (and parts) that have said all that they had to say so far."""


BACK = frozenset({StageAnswered.kind, ChangeAnswered.kind, MaterialSent.kind, ActFaults.kind})
"""What ends a pause with a letter; an act that is accepted ends it without one."""


class Owed(NamedTuple):
    """A letter, by its key, and why it is owed."""

    key: str
    why: str


def of_facts(session: Session, deal: Deal) -> Iterator[Owed]:
    """What was ordered in the transaction that kept a fact, or moved the work by it."""
    for fact in facts.of_deal(session, deal.id or 0):
        yield from (Owed(key, f"{fact.kind} {fact.id} was told") for key in _at_once(fact, fact.payload))
    for move in session.exec(select(Move).where(Move.deal_id == deal.id, Move.track == "work")).all():
        fact = session.get(Fact, move.fact_id) if move.fact_id else None
        if fact and move.to == Work.PAUSED and fact.kind == WorkPaused.kind:
            key = f"{_round_of(fact)}/work/paused/{fact.id}"
            yield from (Owed(one, "the work was paused") for one in (key, f"{key}/staff"))
        if fact and move.was == Work.PAUSED and fact.kind in BACK:
            yield Owed(f"{_round_of(fact)}/work/resumed/{fact.id}", "the client is back")
    for payment in session.exec(select(Payment).where(Payment.deal_id == deal.id, Payment.direction == "in")).all():
        shares = select(Posting.id).where(Posting.payment_id == payment.id, Posting.account == "receivable")
        if cash.too_much(session, payment).amount and not session.exec(shares).first():
            key = f"payment/{payment.id}/over"
            yield from (Owed(one, f"payment {payment.id} is too much") for one in (key, f"{key}/staff"))


def _at_once(fact: Fact, said: dict[str, Any]) -> Iterator[str]:
    whose, here = f"deal/{fact.deal_id}", _round_of(fact)
    match fact.kind:
        case Held.kind:
            yield f"{whose}/held/{fact.id}"
        case Released.kind:
            yield f"{whose}/released/{fact.id}"
        case ProposalForwarded.kind:
            yield f"{whose}/proposal/forwarded/{fact.id}"
        case MaterialReviewed.kind if said["decision"] == "reject":
            yield f"{here}/material/{said['item']}/rejected/{fact.id}"
        case ReviewGiven.kind:
            yield from (f"{here}/review/{one}" for one in ("thanks", "came/project-lead", "came/director"))
        case MailCame.kind if not said["is_auto"]:
            yield f"{whose}/mail/{fact.id}"
        case "silence":
            yield from _goodbye(fact, said["stage"])


def _goodbye(fact: Fact, stage: str) -> list[str]:
    """A deal that silence ended: the clock's fact is kept after its letters."""
    here, ladder = _round_of(fact), the_company().ladders.get(stage)
    return [*([f"{here}/{stage}/farewell"] if ladder and ladder.ends else []), *_losses(here, stage)]


def _losses(here: str, stage: str) -> list[str]:
    ladder = the_company().ladders.get(stage)
    roles = (ladder.tell_at_end if ladder else []) or ["salesperson"]
    return [f"{here}/{stage}/lost/{role.replace('_', '-')}" for role in roles]


def of_answers(session: Session, deal: Deal, calm: Calm) -> Iterator[Owed]:
    """What stages owe to the answers that they heard in this round, and to questions that ended in silence."""
    waits = session.exec(select(Wait).where(Wait.deal_id == deal.id, Wait.round == deal.round).order_by(col(Wait.id))).all()
    changed = 0
    for wait in waits:
        if (wait.stage, wait.part) not in calm:
            continue
        if wait.stage == Stage.CONTRACT and wait.key.startswith("details"):
            yield Owed(contract_state.details_letter(deal), "the details were asked for")
        fact = session.get(Fact, wait.fact_id) if wait.fact_id else None
        if fact:
            yield from (Owed(key, f"{fact.kind} {fact.id} was heard") for key in _heard(session, deal, fact, fact.payload))
            changed = fact.payload["version"] if fact.kind == ProposalAnswer.kind else changed
        elif wait.outcome == "silent":
            yield from (Owed(key, f"nobody answered {wait.what}") for key in _unanswered(session, deal, wait, changed))


def _heard(session: Session, deal: Deal, fact: Fact, said: dict[str, Any]) -> Iterator[str]:
    whose, here, version = f"deal/{deal.id}", f"deal/{deal.id}/r{deal.round}", f"v{said.get('version')}"
    match fact.kind:
        case QualifyAnswer.kind if said["decision"] == "out":
            yield from _losses(here, "intake")
        case EstimateReview.kind if said["decision"] == "refuse":
            yield from (f"{whose}/estimate/v{_counted(session, deal)}/{one}" for one in ("declined", "refused"))
        case ProposalAnswer.kind:
            ends = {"accept": ["accepted", "accepted-staff"], "decline": ["declined", "declined-staff"]}
            yield from (f"{whose}/proposal/{version}/{one}" for one in ends.get(said["decision"], [f"change-{_mark(said['text'])}"]))
        case ContractChangeAsked.kind:
            yield f"{whose}/contract/{version}/change-{_mark(said['text'])}"
        case Countersigned.kind:
            yield from (f"{whose}/contract/{version}/{one}" for one in (["countersign", "refused"][: 2 if said["decision"] == "refuse" else 1]))
        case ContractWord.kind if said["outcome"] == "lost":
            yield from _losses(here, "contract")
        case ActFaults.kind:
            yield f"{whose}/act/{version}/faults-{_mark(said['text'])}"


def _unanswered(session: Session, deal: Deal, wait: Wait, changed: int) -> list[str]:
    """`changed` is the version of the proposal that a change was last asked of."""
    if wait.stage == Stage.MATERIALS:
        return [f"deal/{deal.id}/r{deal.round}/materials/silent/{wait.key.replace('#', '-')}"]
    if wait.stage == Stage.ESTIMATE:
        return [f"deal/{deal.id}/estimate/v{_counted(session, deal)}/director"]
    if wait.ladder == "proposal-revision":
        return [f"deal/{deal.id}/proposal/v{changed}/director"]
    mine = [one for one in issued.of_deal(session, deal) if one.part == wait.part]
    return [f"invoice/{mine[0].id}/director"] if wait.stage == Stage.PAYMENT and len(mine) == 1 else []


def of_estimate(session: Session, deal: Deal, calm: Calm) -> Iterator[Owed]:
    """A manager is asked about an estimate that needs it, as it was counted last."""
    version = _counted(session, deal)
    document = documents.version(session, deal.id or 0, "estimate", version) if version and (Stage.ESTIMATE, 0) in calm else None
    if document and Estimate.model_validate(document.body).needs_approval:
        yield Owed(f"deal/{deal.id}/estimate/v{version}/approval", "the estimate needs a manager's word")


def of_work(session: Session, deal: Deal, calm: Calm) -> Iterator[Owed]:
    """What materials and production owe by where each item and each stage stands now."""
    if projects.find(session, deal) is None:
        return
    stand, here = projects.stand(session, deal), f"deal/{deal.id}/r{deal.round}"
    if (Stage.MATERIALS, 0) in calm:
        sent = [item for item in stand.materials if item.place == "sent"]
        yield from (Owed(f"{here}/material/{item.slug}/sent/{item.sent_fact}", f"{item.slug} was sent, and nobody has looked at it") for item in sent)
    if (Stage.PRODUCTION, 0) in calm:
        for stage in stand.accepted:
            key, why = f"{here}/stage/{stage.slug}/accepted", f"{stage.slug} is accepted"
            yield from (Owed(one, why) for one in (key, f"{key}/staff")[: 2 if stage.plan.approval else 1])
        if now := stand.current:
            yield from (Owed(f"{here}/stage/{now.slug}/{one}", f"{now.slug} is {now.place}") for one in _asked(now))


def _asked(stage: StageStand) -> list[str]:
    number, is_answered = stage.offer.number if stage.offer else 0, stage.moved_by == ChangeAnswered.kind
    answered = [f"offer/{number}/answered"] if is_answered else []
    match stage.place:
        case "shown":
            return [f"v{stage.version}/shown", *answered]
        case "changes" if is_answered:
            return [f"offer/{number}/taken", *answered]
        case "changes" | "beyond":
            return [f"comment/{stage.moved_fact}"]
        case "priced":
            return [f"offer/{number}"]
        case _:
            return []


def _counted(session: Session, deal: Deal) -> int:
    """The version of the estimate as it was counted last in this round; what a manager changed comes after it. 0 before there is one."""
    mine = [one for one in documents.all_of(session, deal.id or 0) if one.kind == "estimate" and one.why.startswith("brief v")]
    return max((one.version for one in mine if one.round == deal.round), default=0)


def _round_of(fact: Fact) -> str:
    return "/".join(fact.subject.split("/")[:3])


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
