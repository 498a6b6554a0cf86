"""The waker: makes wanted runs, wakes waits, sends reminders and errands, buries the dead. A loop in the worker, nudged or by itself.

One instance at a time holds the lease. Each round looks only at what is due (`models.due`), however many deals wait; nothing here keeps
state.
"""

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from prefect.client.schemas.objects import StateType
from sqlmodel import Session

from models import due, effects, facts, inbox, ladder, leases, upkeep, waiting, wanted
from models.answers import ProposalViewed, Released
from models.errors import Missing, Unavailable
from models.ladder import ScheduledRung
from models.letters import LetterOrder
from models.stages import Stage
from models.tables import Deal, Effect, Wait
from tasks import cashier, chasing, dunning, letters, takeovers
from tasks.engine import Engine, engine
from tasks.mending import A_LOOK, STUCK, Round, has_gone_on, mend
from tasks.stage import make_run
from tasks.world import World, lives, real_now, world

__all__ = ["STUCK", "Round", "tick"]

LEASE = timedelta(minutes=5)
"""Longer than a round takes, so that no two are at work; that a holder died is known by its own lease, or by its process."""
ERRAND_PAUSE = timedelta(minutes=2)
A_ROUND = 20
"""How many runs are made and letters sent in one round: an answer that has just come waits no longer than these take."""
log = logging.getLogger("studioflow.waker")


def tick(talk: Callable[[], AbstractContextManager[Engine]] = engine, told: Iterable[str] = ()) -> Round:
    """One round; `talk` opens a conversation with Prefect. Does nothing while another process holds the lease.

    `told` are flow runs that somebody touched in Prefect: they are looked at now. Raises Unavailable while Prefect is away; what does not
    need it has been done by then.
    """
    here, done = world(), Round()
    with here.db.writing() as session:
        upkeep.note_up(session, now=real_now())
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
            ripe = _wake(here, prefect, done)
            _create(here, prefect, done)
            mend(here, prefect, done, ripe=ripe, told=told)
            takeovers.take_up(here, prefect, done)
    finally:
        _send_errands(here, done)
        cashier.act_on_orders(here)
        _climb_ladders(here, done)
        done.more |= cashier.take_statements() > 0
    return done


def _create(here: World, prefect: Engine, done: Round) -> None:
    with here.db.reading() as session:
        rows = wanted.to_make(session, limit=A_ROUND)
    for row in rows:
        try:
            make_run(here, prefect, row)
        except Missing as missing:  # its deployment is not there; that keeps nobody else's from being made
            log.error("%s cannot be made: %s", row.key, missing)  # noqa: TRY400
            with here.db.writing() as session:
                wanted.touch(session, row.id or 0, now=here.now())
            continue
        done.created += 1
    done.more |= len(rows) == A_ROUND and done.created > 0


def _wake(here: World, prefect: Engine, done: Round) -> dict[str, datetime]:
    """Resume each run whose wait has its answer, or whose time is up; return them all, those that could not go on yet too."""
    with here.db.reading() as session:
        ripe = due.ripe(session, now=here.now(), limit=A_LOOK)
        rows = wanted.of_runs(session, list(ripe))
    states = prefect.look(list(ripe))
    for flow_run_id, state in [(run, states[run]) for run in ripe if run in states]:
        if state.is_paused() and not has_gone_on(here, rows[flow_run_id]):  # an operator's Resume may be quicker
            prefect.resume(flow_run_id)
            done.woken += 1
        elif state.type in {StateType.RUNNING, StateType.PENDING, StateType.SCHEDULED, StateType.PAUSED}:
            done.again = True
    done.more |= done.woken == A_LOOK
    return ripe


def _climb_ladders(here: World, done: Round) -> None:
    """Send the latest due rung of each wait, and skip the ones that downtime passed over."""
    with here.db.reading() as session:
        waits = due.to_remind(session, now=here.now(), limit=A_LOOK)
    waits.sort(key=lambda wait: -(_due_rung(here, wait) or 0))  # a client with two invoices gets the letter of the later one, not both
    done.more |= len(waits) > A_ROUND
    for wait in waits[:A_ROUND]:
        index = _due_rung(here, wait)
        try:
            if index is not None:
                _send_rung(here, wait, index, ScheduledRung.model_validate(wait.rungs[index]))
        except Unavailable as away:
            log.warning("A reminder of deal %s waits: %s", wait.deal_id, away)
            _remind_later(here, wait)
            return
        except Exception:  # one letter that cannot be written keeps nobody else's from going out
            log.exception("A reminder of deal %s cannot be sent.", wait.deal_id)
            _remind_later(here, wait)
            continue
        with here.db.writing() as session:
            waiting.climbed(session, session.get_one(Wait, wait.id), wait.rungs_sent if index is None else index + 1)
        done.reminded += index is not None


def _remind_later(here: World, wait: Wait) -> None:
    """A rung that cannot be sent now makes room for the others."""
    with here.db.writing() as session:
        waiting.put_off(session, session.get_one(Wait, wait.id), here.now() + ERRAND_PAUSE)


def _due_rung(here: World, wait: Wait) -> int | None:
    """Which rung of a wait is due now; those that downtime passed over are not."""
    rungs = [ScheduledRung.model_validate(rung) for rung in wait.rungs]
    return ladder.latest_due(rungs, wait.rungs_sent - 1, here.now())


def _send_rung(here: World, wait: Wait, index: int, rung: ScheduledRung) -> None:
    """The rung's letter to whose move it is; staff whom it names learn of a silent client. Nothing if the answer has come by now."""

    def still_asked(session: Session) -> str | None:
        """Why the letter is not wanted any more; None to send it."""
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
    """Send the letters that facts ordered; one that cannot go now is put off, visible in the ledger, and the others wait for the next round."""
    with here.db.reading() as session:
        errands = effects.planned_errands(session, now=real_now())
    for errand in errands:
        try:
            letters.send(errand.key, letters.order_of(errand.args), kind="errand")
            done.errands += 1
        except Unavailable as away:
            log.warning("%s waits: %s", errand.key, away)
            _put_off(here, errand)
            done.again = True  # the others' round comes at once: a server that hangs takes half a minute a letter, and answers wait
            return
        except Exception:  # as above
            log.exception("%s cannot be sent.", errand.key)
            _put_off(here, errand)


def _put_off(here: World, errand: Effect) -> None:
    with here.db.writing() as session:
        effects.later(session, session.get_one(Effect, errand.key), real_now() + ERRAND_PAUSE)


def _release_holds(here: World) -> None:
    """Let deals go on whose day has come."""
    now = here.now()
    with here.db.reading() as session:
        if not due.held_until(session, now):
            return
    with here.db.writing() as session:
        for deal in due.held_until(session, now):
            answer, mark = Released(reason="its day has come"), deal.held_until.isoformat() if deal.held_until else ""
            inbox.tell(session, deal.id or 0, answer, source="clock", external_id=f"deal/{deal.id}/released/{mark}", actor="system", now=now)
