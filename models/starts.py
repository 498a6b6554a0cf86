"""What moves a deal that nothing moves on: the stages to start anew, told from its last runs, else from its tracks; or how it is ended."""

from dataclasses import dataclass

from sqlmodel import Session, col, select

from models import cash, issued, ledger, projects
from models.documents import latest
from models.stages import RunState, Stage
from models.tables import Deal, Move, StageRun
from models.tracks import CLOSED, WORK, Sales, Work
from models.wanted import STARTS_FROM, WORKS_FROM

BY_SALES = {
    Sales.RECEIVED: Stage.INTAKE, Sales.BRIEFING: Stage.BRIEF, Sales.ESTIMATING: Stage.ESTIMATE, Sales.PROPOSED: Stage.PROPOSAL,
    Sales.CONTRACTING: Stage.CONTRACT,
}  # fmt: skip
BY_WORK = {
    Work.KICKOFF: Stage.KICKOFF, Work.MATERIALS: Stage.MATERIALS, Work.PRODUCTION: Stage.PRODUCTION, Work.LAUNCH: Stage.LAUNCH,
    Work.COMPLETED: Stage.HANDOVER,
}  # fmt: skip


@dataclass(frozen=True)
class Start:
    """A stage to be started from its deployment: of a payment of the plan with its part, of an application with its number."""

    stage: Stage
    part: int = 0
    application: int = 0

    def __str__(self) -> str:
        which = f"part {self.part}" if self.part else f"application {self.application}" if self.application else ""
        return f"{self.stage} ({which})" if which else self.stage.value


def starts(session: Session, deal: Deal) -> list[Start]:
    """The stages whose deployments take the deal as it stands: those that were cancelled last, else what its tracks need. May be none."""
    mine = select(StageRun).where(StageRun.deal_id == deal.id, StageRun.round == deal.round).order_by(col(StageRun.id))
    newest = {(row.stage, row.part): row for row in session.exec(mine).all()}
    ended = [Start(Stage(row.stage), row.part, row.application_id or 0) for row in newest.values() if row.state == RunState.CANCELLED]
    return [one for one in ended if _takes(one.stage, deal)] or [one for one in _by_tracks(session, deal, newest) if _takes(one.stage, deal)]


def ending(session: Session, deal: Deal) -> str:
    """The operation that ends the deal: close-as-lost while it is not won and no invoice is out, cancel-work afterwards; "" where none does."""
    asks = any(not issued.is_credited(session, one) for one in issued.of_deal(session, deal))
    if deal.sales not in {Sales.WON, *CLOSED} and not asks:
        return "close-as-lost"
    return "cancel-work" if deal.sales in {Sales.SIGNED, Sales.WON} and Work.CANCELLED in WORK[Work(deal.work)] else ""


def advice(session: Session, deal: Deal) -> str:
    """What to do about a deal without a next step, in a sentence."""
    begin, end = " and ".join(str(one) for one in starts(session, deal)), ending(session, deal)
    ways = [*([f"start {begin}"] if begin else []), *([f"run {end}"] if end else [])]
    said = " or ".join(ways) or "no form helps: ask whoever looks after the system"
    return f"{said[0].upper()}{said[1:]}."


def _takes(stage: Stage, deal: Deal) -> bool:
    return Sales(deal.sales) in STARTS_FROM[stage] and Work(deal.work) in WORKS_FROM.get(stage, {Work(deal.work)})


def _by_tracks(session: Session, deal: Deal, newest: dict[tuple[str, int], StageRun]) -> list[Start]:
    sales, work = Sales(deal.sales), Work(deal.work)
    if sales == Sales.RECEIVED:
        return [Start(Stage.INTAKE, application=row.application_id) for row in newest.values() if row.application_id]
    if sales in BY_SALES:
        return [Start(BY_SALES[sales])]
    if work == Work.PAUSED:
        moved = select(Move).where(Move.deal_id == deal.id, Move.track == "work", Move.to == Work.PAUSED.value).order_by(col(Move.id).desc())
        before = session.exec(moved).first()
        work = Work(before.was) if before else Work.MATERIALS
    if work in BY_WORK and (work == Work.KICKOFF or projects.find(session, deal)):
        return [Start(BY_WORK[work])]
    return _of_money(session, deal)


def _of_money(session: Session, deal: Deal) -> list[Start]:
    """The first payment of the plan that is not in: to be invoiced, or waited for. The payment's stage wins a deal that is only signed."""
    contract = latest(session, deal.id or 0, "contract")
    if contract is None or contract.round != deal.round:
        return []
    parts = [one.part for one in cash.agreed(session, deal).schedule if not one.settled]
    for part in parts:
        invoice = issued.of_part(session, deal, part)
        if invoice is None:
            return [Start(Stage.INVOICE, part)]
        if deal.sales == Sales.SIGNED or ledger.open_of(session, invoice).amount:
            return [Start(Stage.PAYMENT, part)]
    return [Start(Stage.PAYMENT, part) for part in parts[-1:]]
