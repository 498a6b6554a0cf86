"""Steps of the estimate: counted, shown to a manager where it must be, changed by their word."""

from models import documents, facts, pricing, waiting
from models.answers import EstimateReview
from models.errors import Missing
from models.estimates import Estimate
from models.letters import LetterOrder
from models.tables import Brief
from tasks import letters
from tasks.step import step
from tasks.world import world


@step
def count_estimate(deal_id: int, round_: int) -> dict[str, int | bool]:
    """Count the estimate from the brief as it is: {version, needs_approval}. Counted once per version of the brief."""
    here = world()
    with here.db.writing() as session:
        deal = waiting.lock(session, deal_id)  # a run and its successor may count at once
        sent = documents.latest(session, deal_id, "brief")
        answers = sent.body["answers"] if sent else session.get_one(Brief, deal_id).answers
        reason = f"brief v{sent.version if sent else 0}, round {round_}"
        known = next((one for one in documents.all_of(session, deal_id) if one.kind == "estimate" and one.why == reason), None)
        if known is None:
            card, service = here.company.rates, deal.service
            counted = pricing.estimate(card, service, answers, here.company.briefs[service])
            known = documents.add_version(
                session, deal, "estimate", counted.model_dump(mode="json"), made_by="system", why=reason, now=here.now(),
                made_from={"brief": sent.version if sent else 0},
            )  # fmt: skip
        return {"version": known.version, "needs_approval": Estimate.model_validate(known.body).needs_approval}


@step
def ask_manager(deal_id: int, version: int) -> str:
    """Ask a project manager to look at an estimate, with the link; return the effect's state."""
    order = LetterOrder(name="estimate-approval", deal_id=deal_id, to="project_manager")
    return letters.send(f"deal/{deal_id}/estimate/v{version}/approval", order).state


@step
def ask_director(deal_id: int, version: int) -> str:
    """Tell the director that nobody has looked at an estimate; return the effect's state."""
    order = LetterOrder(name="estimate-approval-reminder", deal_id=deal_id, to="director")
    return letters.send(f"deal/{deal_id}/estimate/v{version}/director", order).state


@step
def apply_review(deal_id: int, version: int, hours: dict[str, float], reason: str) -> int:
    """The estimate with the hours a manager changed, as the next version; return its number. Without changes it stays."""
    here = world()
    with here.db.writing() as session:
        deal, before = waiting.lock(session, deal_id), documents.version(session, deal_id, "estimate", version)
        if before is None:
            raise Missing(f"Deal {deal_id} has no estimate {version}.")
        if not hours:
            return version
        why = f"reviewed v{version}"
        known = documents.latest(session, deal_id, "estimate")
        if known and known.why == why:
            return known.version
        who = _reviewer(deal_id)
        changed = pricing.change_hours(Estimate.model_validate(before.body), hours, reason, who)
        return documents.add_version(
            session, deal, "estimate", changed.model_dump(mode="json"), made_by=who, why=why, now=here.now(), made_from=before.made_from
        ).version


@step
def tell_refusal(deal_id: int, version: int, reason: str) -> str:
    """Tell the salesperson that a manager refused the estimate; return the effect's state."""
    order = LetterOrder(
        name="estimate-refused", deal_id=deal_id, to="salesperson", facts={"who": _reviewer(deal_id), "reason": reason}
    )
    return letters.send(f"deal/{deal_id}/estimate/v{version}/refused", order).state


@step
def mail_refused(deal_id: int, version: int) -> str:
    """Tell the client honestly that this is not for us; return the effect's state."""
    return letters.send(f"deal/{deal_id}/estimate/v{version}/declined", LetterOrder(name="estimate-declined", deal_id=deal_id, to="client")).state


def _reviewer(deal_id: int) -> str:
    with world().db.reading() as session:
        told = facts.of_deal(session, deal_id, EstimateReview.kind)
    return told[-1].actor.removeprefix("staff:") if told else "system"
