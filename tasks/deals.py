"""Steps that move a deal: each one transaction, safe to say twice."""

from sqlmodel import Session, col, select

from models import inbox, waiting, wanted
from models.errors import Unavailable
from models.facts import News, keep
from models.letters import LetterOrder
from models.stages import RunState, Stage
from models.tables import Deal, Fact, StageRun, Wait
from models.tracks import Sales, move
from tasks import letters, runs
from tasks.step import step
from tasks.world import world


@step
def move_deal(deal_id: int, to: Sales, why: str) -> str:
    """Move a deal along the sale; return where it stands. Said again it changes nothing."""
    here = world()
    with here.db.writing() as session:
        deal = waiting.lock(session, deal_id)
        runs.keep(session)
        move(session, deal, to, why=why, fact=cause(session, deal_id), now=here.now())
        return deal.sales


@step
def conclude(deal_id: int, to: Sales, next_stage: Stage | None, why: str, part: int = 0) -> str:
    """End this stage: the move, the next stage (and `part` of the payment plan) wanted and this run's row done, in one transaction.

    Said again, because its commit went unheard, it leaves what has followed alone.
    """
    here, run = world(), runs.current()
    with here.db.writing() as session:
        deal, fact = waiting.lock(session, deal_id), cause(session, deal_id)
        if run and wanted.now_is(session, run.row_id).state == RunState.DONE:
            return deal.sales
        move(session, deal, to, why=why, fact=fact, now=here.now())
        if next_stage:
            wanted.want(session, next_stage, deal=deal, fact=fact, now=here.now(), part=part)
        finish(session, run)
    here.nudge()
    return deal.sales


@step
def hand_on(deal_id: int, next_stage: Stage, part: int) -> str:
    """End this stage without a move of the sale: the next one wanted for a part of the payment plan, this run's row done; return its key."""
    here, run = world(), runs.current()
    with here.db.writing() as session:
        deal = waiting.lock(session, deal_id)
        row = wanted.want(session, next_stage, deal=deal, fact=cause(session, deal_id), now=here.now(), part=part)
        finish(session, run)
    here.nudge()
    return row.key


@step
def close_deal(deal_id: int, to: Sales, why: str) -> str:
    """End a deal as lost or declined, and this stage with it; return where it stands.

    What no fact caused (silence past a deadline) becomes a fact of the clock's. Raises Unavailable where somebody has answered after all: the
    stage is told again, and hears it.
    """
    here, run = world(), runs.current()
    with here.db.writing() as session:
        deal, last = waiting.lock(session, deal_id), _last_wait(session, run, deal_id)
        if last and waiting.answer_after_silence(session, last):
            raise Unavailable(f"{last.what[:1].upper()}{last.what[1:]} has come after all: deal {deal_id} is not closed.")
        fact = cause(session, deal_id) or _silence(session, deal, why)
        inbox.close(session, deal, to, why=why, fact=fact, now=here.now(), but_run=run.flow_run_id if run else "")
        finish(session, run)
        return deal.sales


@step
def tell_loss(deal_id: int, stage: Stage, reason: str) -> list[str]:
    """Tell those whom the stage's ladder names (else the salesperson) that a deal ended, and why; return the effects' states."""
    here = world()
    with here.db.reading() as session:
        round_ = session.get_one(Deal, deal_id).round
    ended = here.company.ladders.get(stage.value)
    states = []
    for role in (ended.tell_at_end if ended else []) or ["salesperson"]:
        order = LetterOrder(name="deal-lost-staff", deal_id=deal_id, to=role, facts={"stage": stage.value, "reason": reason})
        states.append(letters.send(f"deal/{deal_id}/r{round_}/{stage}/lost/{role.replace('_', '-')}", order).state)
    return states


@step
def say_goodbye(deal_id: int, stage: Stage) -> str:
    """Send the letter that ends the stage's ladder, with a way back; return the effect's state, "" where the ladder has none."""
    here = world()
    ended = here.company.ladders.get(stage.value)
    if ended is None or ended.ends is None:
        return ""
    with here.db.reading() as session:
        round_ = session.get_one(Deal, deal_id).round
    return letters.send(f"deal/{deal_id}/r{round_}/{stage}/farewell", LetterOrder(name=ended.ends, deal_id=deal_id, to="client")).state


def cause(session: Session, deal_id: int) -> Fact | None:
    """The last fact that a wait of this run took: what made the deal move."""
    run = runs.current()
    if run is None:
        return None
    wait = _last_wait(session, run, deal_id)
    if wait and wait.fact_id:
        return session.get(Fact, wait.fact_id)
    row = session.get(StageRun, run.row_id)
    return session.get(Fact, row.fact_id) if wait is None and row and row.fact_id else None


def _last_wait(session: Session, run: runs.Run | None, deal_id: int) -> Wait | None:
    """The last question of this run that is over."""
    if run is None:
        return None
    here = (Wait.stage == run.stage, Wait.round == run.round, Wait.part == run.part)
    mine = select(Wait).where(Wait.deal_id == deal_id, *here, Wait.subject != "")
    return session.exec(mine.where(col(Wait.closed_at).is_not(None)).order_by(col(Wait.id).desc())).first()


def _silence(session: Session, deal: Deal, why: str) -> Fact:
    here, run = world(), runs.current()
    stage = run.stage if run else "stage"
    news = News(
        kind="silence", source="clock", external_id=f"deal/{deal.id}/r{deal.round}/{stage}/silence", deal_id=deal.id, actor="system",
        payload={"stage": stage, "why": why}, subject=f"deal/{deal.id}/r{deal.round}/{stage}",
    )  # fmt: skip
    return keep(session, news, now=here.now())[0]


def finish(session: Session, run: runs.Run | None) -> None:
    """End this run's row, in the transaction of its last step, with the pauses that it may have opened.

    Raises Refused, and so undoes the step, where somebody closed the deal or took the run over while the step worked.
    """
    here = world()
    if run is None:
        return
    row = wanted.keep(session, run.row_id, run.flow_run_id, run.began)
    if row.state == RunState.RUNNING:
        wanted.mark(session, row, RunState.DONE, now=here.now())
    own = (row.stage, row.round, row.part)
    for wait in waiting.open_waits(session, row.deal_id or 0):
        if (wait.stage, wait.round, wait.part) == own:
            waiting.over(session, waiting.Spot(wait.deal_id, wait.stage, wait.round, wait.key, wait.flow_run_id, wait.part), now=here.now())
