"""Changes beyond what was agreed, as money: each one taken is a further payment of the plan, invoiced like the others.

They are counted behind the contract's own payments, in the order in which the client took them.
"""

from datetime import datetime

from sqlmodel import Session

from models import issued, projects, wanted
from models.contract import ContractBody, Instalment
from models.money import Money
from models.project_plan import due_after
from models.projects import Stand
from models.schedule import vat_of
from models.stage_state import Offer
from models.stages import Stage
from models.tables import Deal, Fact, StageRun

MOST_TITLE = 60


def gross(session: Session, deal: Deal, offer: Offer) -> Money:
    """What a change costs with VAT, as its invoice will say."""
    return _instalment(projects.contract_of(session, deal), offer, 0).gross


def with_changes(session: Session, deal: Deal, body: ContractBody) -> ContractBody:
    """The contract with a payment more for each change that the client took; the contract itself where there is none, or no project."""
    if projects.find(session, deal) is None:
        return body
    taken = [offer for offer in projects.stand(session, deal).changes if offer.offered.price]
    further = [_instalment(body, offer, len(body.schedule) + place) for place, offer in enumerate(taken, start=1)]
    return body.model_copy(update={"schedule": [*body.schedule, *further]}) if further else body


def due(stand: Stand, schedule: list[Instalment], *, own: int, is_launched: bool) -> list[int]:
    """The payments that are due by the stages accepted so far; `own` of the schedule are the contract's. All of them once it is launched."""
    if is_launched:
        return [one.part for one in schedule]
    done = {stage.slug for stage in stand.accepted}
    by_stage = due_after(schedule[:own], [stage.slug for stage in stand.plan.stages])
    further = {one.part: one.after for one in schedule[own:]}
    return [1, *sorted(part for part, stage in (by_stage | further).items() if stage in done)]


def next_unissued(session: Session, deal: Deal) -> int:
    """The payment of the plan that nobody has asked for yet; 0 when all have been."""
    body = with_changes(session, deal, projects.contract_of(session, deal))
    return next((one.part for one in body.schedule if not is_asked(session, deal, one.part)), 0)


def is_asked(session: Session, deal: Deal, part: int) -> bool:
    """Whether a payment's invoice is out, or wanted; one that was settled in other books is nobody's to ask for."""
    if any(one.part == part and one.settled for one in projects.contract_of(session, deal).schedule):
        return True
    live = any(row.stage == Stage.INVOICE and row.part == part and row.round == deal.round for row in wanted.live_of(session, deal.id or 0))
    return live or issued.of_part(session, deal, part) is not None


def want_invoice(session: Session, deal: Deal, part: int, *, fact: Fact | None, now: datetime) -> StageRun | None:
    """Want the invoice of a payment of the plan; None when it was asked for before."""
    if is_asked(session, deal, part):
        return None
    return wanted.want(session, Stage.INVOICE, deal=deal, part=part, fact=fact, now=now)


def _instalment(body: ContractBody, offer: Offer, part: int) -> Instalment:
    net = Money.of_major(offer.offered.price, body.currency)
    vat = vat_of(net, body.vat_rule.percent)
    words = " ".join(offer.offered.text.split())
    title = f"Change: {words if len(words) <= MOST_TITLE else words[: MOST_TITLE - 1].rstrip() + '…'}"
    return Instalment(part=part, title=title, when="when the change is accepted", percent=0, net=net, vat=vat, gross=net + vat, after=offer.stage)
