"""The waker: makes wanted runs, wakes waits, sends reminders and errands, buries the dead. A loop in the worker, nudged or by itself.

One instance at a time holds the lease. Each round looks only at what is due; nothing here keeps state.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from prefect.client.schemas.objects import StateType
from sqlmodel import Session, col, select

from models import effects, facts, inbox, ladder, leases, waiting, wanted
from models.answers import ProposalViewed, Released
from models.errors import Missing, Unavailable
from models.ladder import ScheduledRung
from models.letters import LetterOrder
from models.stages import LIVE, RunState, Stage
from models.tables import Deal, Effect, StageRun, Wait
from tasks import cashier, chasing, dunning, letters
from tasks.engine import ENDED, Engine, engine, since
from tasks.stage import tags, title
from tasks.world import World, lives, real_now, world

LEASE = timedelta(seconds=30)
STUCK = timedelta(seconds=15)
ERRAND_PAUSE = timedelta(minutes=2)
A_ROUND = 20
"""How many runs are made and letters sent in one round: an answer that has just come waits no longer than these take."""
log = logging.getLogger("studioflow.waker")


@dataclass
class Round:
    """What one round did; `again` asks for another at once, because something was not ripe yet."""

    created: int = 0
    woken: int = 0
    reminded: int = 0
    errands: int = 0
    mended: list[str] = field(default_factory=list)
    again: bool = False


def tick(talk: Callable[[], AbstractContextManager[Engine]] = engine) -> Round:
    """One round; `talk` opens a conversation with Prefect. Does nothing while another process holds the lease.

    Raises Unavailable while Prefect is away; what does not need it has been done by then.
    """
    here, done = world(), Round()
    with here.db.writing() as session:
        before = leases.holder(session, "waker")
        if before and not lives(session, before):  # a dead worker's lease is not waited for
            leases.give_back(session, "waker", before)
            session.flush()
        if not leases.take(session, "waker", here.worker, length=LEASE, now=real_now()):
            return done
    _release_holds(here)
    cashier.act_on_webhooks(here)
    try:
        with talk() as prefect:
            _wake(here, prefect, done)
            _create(here, prefect, done)
            _mend(here, prefect, done)
    finally:
        _send_errands(here, done)
        cashier.act_on_orders(here)
        _climb_ladders(here, done)
        done.again |= cashier.take_statements() > 0
    return done


def _create(here: World, prefect: Engine, done: Round) -> None:
    with here.db.reading() as session:
        rows = wanted.in_states(session, RunState.WANTED, limit=A_ROUND)
    for row in rows:
        try:
            make_run(here, prefect, row)
        except Missing as missing:  # its deployment is not there; that keeps nobody else's from being made
            log.error("%s cannot be made: %s", row.key, missing)  # noqa: TRY400
            continue
        done.created += 1
    done.again |= len(rows) == A_ROUND


def make_run(here: World, prefect: Engine, row: StageRun) -> None:
    """Make Prefect's run of a wanted row, or find it made."""
    parameters = {"application_id": row.application_id} if row.application_id else {"deal_id": row.deal_id}
    parameters |= {"part": row.part} if row.part else {}
    with here.db.reading() as session:
        deal = session.get(Deal, row.deal_id) if row.deal_id else None
    flow_run_id = prefect.create(row.stage, parameters, key=row.key, name=title(row.stage, parameters), tags=tags(row.stage, deal))
    with here.db.writing() as session:
        wanted.created(session, row.id or 0, flow_run_id, now=here.now())


def _wake(here: World, prefect: Engine, done: Round) -> None:
    """Resume each run whose wait has its answer, or whose time is up."""
    with here.db.reading() as session:
        due = [wait for wait in _due(session, here.now()) if _is_ripe(session, wait, here.now())]
    states = prefect.look([wait.flow_run_id for wait in due])
    for wait in due:
        state = states.get(wait.flow_run_id)
        if state is not None and state.is_paused():
            prefect.resume(wait.flow_run_id)
            done.woken += 1
        elif state is not None and state.type in {StateType.RUNNING, StateType.PENDING, StateType.SCHEDULED}:
            done.again = True


def _due(session: Session, now: datetime) -> list[Wait]:
    query = select(Wait).where(col(Wait.closed_at).is_(None), col(Wait.due_at) <= now).order_by(col(Wait.due_at)).limit(500)
    return list(session.exec(query))


def _is_ripe(session: Session, wait: Wait, now: datetime) -> bool:
    if wait.kinds and facts.unconsumed(session, wait.deal_id, wait.subject, wait.kinds):
        return True
    return waiting.is_past(session.get_one(Deal, wait.deal_id), wait, now)


def _climb_ladders(here: World, done: Round) -> None:
    """Send the latest due rung of each wait, and skip the ones that downtime passed over."""
    with here.db.reading() as session:
        waits = [wait for wait in _due(session, here.now()) if _has_rung(session, wait, here.now())]
    waits.sort(key=lambda wait: -(_due_rung(here, wait) or 0))  # a client with two invoices gets the letter of the later one, not both
    done.again |= len(waits) > A_ROUND
    for wait in waits[:A_ROUND]:
        index = _due_rung(here, wait)
        if index is None:
            continue
        try:
            _send_rung(here, wait, index, ScheduledRung.model_validate(wait.rungs[index]))
        except Unavailable as away:
            log.warning("A reminder of deal %s waits: %s", wait.deal_id, away)
            return
        except Exception:  # one letter that cannot be written keeps nobody else's from going out
            log.exception("A reminder of deal %s cannot be sent.", wait.deal_id)
            continue
        with here.db.writing() as session:
            waiting.climbed(session, session.get_one(Wait, wait.id), index + 1)
        done.reminded += 1


def _due_rung(here: World, wait: Wait) -> int | None:
    """Which rung of a wait is due now; those that downtime passed over are not."""
    rungs = [ScheduledRung.model_validate(rung) for rung in wait.rungs]
    return ladder.latest_due(rungs, wait.rungs_sent - 1, here.now())


def _has_rung(session: Session, wait: Wait, now: datetime) -> bool:
    is_held = session.get_one(Deal, wait.deal_id).held_since is not None
    return wait.rungs_sent < len(wait.rungs) and not is_held and not _is_ripe(session, wait, now)


def _send_rung(here: World, wait: Wait, index: int, rung: ScheduledRung) -> None:
    """The rung's letter to whose move it is; staff whom it names learn of a silent client. Nothing if the answer has come by now."""

    def still_asked(session: Session) -> str | None:
        row = session.get_one(Wait, wait.id)
        if row.closed_at or facts.unconsumed(session, row.deal_id, row.subject, row.kinds):
            return "The answer has come."
        if session.get_one(Deal, row.deal_id).held_since:
            return "The deal is on hold."
        return None

    name = rung.letter
    with here.db.reading() as session:
        seen = facts.of_deal(session, wait.deal_id, ProposalViewed.kind)
    if rung.letter_unopened and not any(fact.known_at >= wait.opened_at for fact in seen):
        name = rung.letter_unopened
    key = f"deal/{wait.deal_id}/r{wait.round}/{wait.stage}/wait-{wait.id}/rung-{index + 1}"
    if wait.stage == Stage.PAYMENT:
        dunning.remind(here, wait, name, still_asked)
        name = "client-silent"
    elif wait.stage == Stage.MATERIALS:
        chasing.remind(here, wait, rung)
        return
    elif wait.whose == "client":
        letters.send(key, LetterOrder(name=name, deal_id=wait.deal_id, to="client", is_reminder=True), guard=still_asked)
        name = "client-silent"
    for role in rung.tell or ([] if wait.whose == "client" else ["salesperson"]):
        words = {"what": wait.what} if name == "client-silent" else {}
        order = LetterOrder(name=name, deal_id=wait.deal_id, to=role, facts=words, is_reminder=True)
        letters.send(f"{key}/{role.replace('_', '-')}", order, guard=still_asked)


def _send_errands(here: World, done: Round) -> None:
    """Send the letters that facts ordered; one that cannot go now is put off, visible in the ledger."""
    with here.db.reading() as session:
        errands = effects.planned_errands(session, now=real_now())
    for errand in errands:
        try:
            letters.send(errand.key, letters.order_of(errand.args), kind="errand")
            done.errands += 1
        except Unavailable as away:
            log.warning("%s waits: %s", errand.key, away)
            _put_off(here, errand)
        except Exception:  # as above
            log.exception("%s cannot be sent.", errand.key)
            _put_off(here, errand)


def _put_off(here: World, errand: Effect) -> None:
    with here.db.writing() as session:
        effects.later(session, session.get_one(Effect, errand.key), real_now() + ERRAND_PAUSE)


def _release_holds(here: World) -> None:
    """Let deals go on whose day has come."""
    now = here.now()
    with here.db.writing() as session:
        for deal in session.exec(select(Deal).where(col(Deal.held_until) <= now)).all():
            answer, mark = Released(reason="its day has come"), deal.held_until.isoformat() if deal.held_until else ""
            inbox.tell(session, deal.id or 0, answer, source="clock", external_id=f"deal/{deal.id}/released/{mark}", actor="system", now=now)


def _mend(here: World, prefect: Engine, done: Round) -> None:
    """Give the runs of dead workers a successor, hand out again what was taken and never begun, end what nobody wants."""
    with here.db.reading() as session:
        running = [row for row in wanted.in_states(session, RunState.RUNNING) if row.owner and not lives(session, row.owner)]
        ended = session.exec(select(StageRun).where(col(StageRun.state).not_in(LIVE), StageRun.owner != "")).all()
        ended = [row for row in ended if not lives(session, row.owner)]
        withdrawn = wanted.in_states(session, RunState.WITHDRAWN)
        stuck = [row for row in wanted.in_states(session, RunState.CREATED) if row.touched_at < here.now() - STUCK]
        stuck += [row for row in wanted.in_states(session, RunState.RUNNING) if not row.owner and row.touched_at < here.now() - STUCK]
        due = {wait.flow_run_id for wait in _due(session, here.now() - STUCK)}
        stuck += [row for row in wanted.in_states(session, RunState.WAITING) if row.flow_run_id in due]
    for row in running:
        replace(here, prefect, row, "its worker died", done)
    for row in ended:
        _bury(here, prefect, row, done)
    _hand_out_again(here, prefect, stuck, done)
    _cancel(here, prefect, withdrawn, done)


def replace(here: World, prefect: Engine, row: StageRun, why: str, done: Round) -> None:
    """The next generation takes a dead run's row over; the dead one is shown as crashed."""
    with here.db.writing() as session:
        fresh = session.get_one(StageRun, row.id)
        if fresh.state != row.state or fresh.owner != row.owner:
            return
        fresh.owner = ""
        successor = wanted.succeed(session, fresh, now=here.now(), why=why)
    if row.flow_run_id:
        prefect.bury(row.flow_run_id, crashed=True, why=f"{why}; {successor.key} takes over.")
    make_run(here, prefect, successor)
    done.mended.append(f"{row.key}: {why}; {successor.key} takes over")


def _bury(here: World, prefect: Engine, row: StageRun, done: Round) -> None:
    """A worker died after its stage was done: the run is shown as what it was."""
    if row.flow_run_id:
        prefect.bury(row.flow_run_id, crashed=row.state != RunState.DONE, why="Its worker died at the very end.")
    with here.db.writing() as session:
        fresh = session.get_one(StageRun, row.id)
        fresh.owner = ""
        session.add(fresh)
    done.mended.append(f"{row.key}: ended")


def _hand_out_again(here: World, prefect: Engine, rows: list[StageRun], done: Round) -> None:
    states = prefect.look([row.flow_run_id for row in rows if row.flow_run_id])
    for row in rows:
        state = states.get(row.flow_run_id or "")
        if state is None or state.type in {StateType.CRASHED, StateType.CANCELLED}:
            replace(here, prefect, row, "Prefect lost it" if state is None else f"it was {(state.name or state.type).lower()}", done)
        elif state.type in {StateType.PENDING, StateType.RUNNING} and since(state) < real_now() - STUCK:
            prefect.restart(row.flow_run_id or "")
            done.mended.append(f"{row.key}: handed out again")


def _cancel(here: World, prefect: Engine, rows: list[StageRun], done: Round) -> None:
    """Cancel the runs that nobody wants."""
    states = prefect.look([row.flow_run_id for row in rows if row.flow_run_id])
    for row in rows:
        state = states.get(row.flow_run_id or "")
        if state is not None and state.type not in ENDED:
            prefect.cancel(row.flow_run_id or "", name="Withdrawn", why=row.why)
        with here.db.writing() as session:
            wanted.mark(session, session.get_one(StageRun, row.id), RunState.CANCELLED, now=here.now(), why=row.why)
        done.mended.append(f"{row.key}: withdrawn")
