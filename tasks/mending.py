"""Mending: the runs of the dead get a successor, what Prefect says of a run is written on its row, what nobody wants is ended.

A run that an operator cancels in the Prefect UI is cancelled: a person decided it, so no successor undoes it. Its deal has no next step then,
which `reconcile` tells of until somebody starts the stage again from its deployment's form, or closes the deal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_
from datetime import datetime, timedelta

from prefect.client.schemas.objects import State, StateType
from sqlmodel import Session

from models import due, waiting, wanted
from models.stages import LIVE, RunState
from models.tables import StageRun
from tasks import heartbeat
from tasks.engine import ENDED, Engine, since
from tasks.stage import make_run
from tasks.world import World, lives, real_now

STUCK = timedelta(seconds=15)
A_LOOK = 100
"""How many runs of a kind are looked at in one round."""
BY_OPERATOR = "an operator cancelled it in Prefect, which keeps no name"
_GONE = frozenset({StateType.CRASHED, StateType.COMPLETED})
_CANCELLED = frozenset({StateType.CANCELLED, StateType.CANCELLING})


@dataclass
class Round:
    """What one round did. `again` asks for another soon, because something was not ripe yet; `more` at once: work is left over.

    `unbegun` says that runs were made, by whomever, and have not begun: they are to be looked at once they are stuck.
    """

    created: int = 0
    woken: int = 0
    reminded: int = 0
    errands: int = 0
    mended: list[str] = field(default_factory=list)
    unbegun: bool = False
    again: bool = False
    more: bool = False


@dataclass
class _Found:
    """Rows that a round mends: whose worker died while they ran, or at their end; nobody's any more; those to compare with Prefect."""

    dead: list[StageRun]
    ended: list[StageRun]
    withdrawn: list[StageRun]
    doubtful: list[StageRun]


def mend(here: World, prefect: Engine, done: Round, *, ripe: Mapping[str, datetime], told: Iterable[str]) -> None:
    """Mend what can be seen from here. `ripe` are runs that should go on, `told` those that somebody touched in Prefect."""
    with here.db.reading() as session:
        found = _look(session, here, [*told, *(run for run, at in ripe.items() if at < here.now() - STUCK)])
        done.unbegun = bool(wanted.in_states(session, RunState.CREATED, limit=1))
    if heartbeat.was_missed():
        found = with_(found, dead=[], ended=[])
        done.again = True
    ends = prefect.look([row.flow_run_id for row in found.dead if row.flow_run_id])
    for row in found.dead:
        state = ends.get(row.flow_run_id or "")
        if state is not None and state.type in _CANCELLED:  # a stock worker ends a run's process when an operator cancels it
            agree(here, prefect, row, state, done)
        else:
            replace(here, prefect, row, "its worker died", done)
    for row in found.ended:
        _bury(here, prefect, row, done)
    _compare(here, prefect, found.doubtful, done)
    _cancel(here, prefect, found.withdrawn, done)
    done.more |= len(found.withdrawn) == A_LOOK


def _look(session: Session, here: World, doubted: list[str]) -> _Found:
    owned, before = due.owned(session), here.now() - STUCK
    alive = {owner: lives(session, owner) for owner in {row.owner for row in owned}}
    doubtful = [
        *due.not_begun(session, before, limit=A_LOOK),
        *due.of_runs(session, doubted),
        *(row for row in owned if alive[row.owner] and row.touched_at < before),
        *(row for row in wanted.in_states(session, RunState.RUNNING, limit=A_LOOK) if not row.owner and row.touched_at < before),
    ]
    return _Found(
        dead=[row for row in owned if not alive[row.owner] and row.state == RunState.RUNNING],
        ended=[row for row in owned if not alive[row.owner] and row.state not in LIVE],
        withdrawn=wanted.in_states(session, RunState.WITHDRAWN, limit=A_LOOK),
        doubtful=list({row.id: row for row in doubtful}.values()),
    )


def replace(here: World, prefect: Engine, row: StageRun, why: str, done: Round) -> None:
    """The next generation takes a dead run's row over; the dead one is shown as crashed."""
    with here.db.writing() as session:
        if row.deal_id:
            waiting.lock(session, row.deal_id)  # a deal that is being closed gets no successor
        fresh = wanted.now_is(session, row.id or 0)
        if _has_changed(fresh, row):
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


def _compare(here: World, prefect: Engine, rows: list[StageRun], done: Round) -> None:
    states, well = prefect.look([row.flow_run_id for row in rows if row.flow_run_id]), []
    for row in rows:
        state = states.get(row.flow_run_id or "")
        if row.owner and (state is None or state.type not in _CANCELLED):
            continue  # a worker that lives has it in its hands, and tells by itself what becomes of it
        if agree(here, prefect, row, state, done):
            continue
        if state and state.type in {StateType.PENDING, StateType.RUNNING} and since(state) < real_now() - STUCK:
            hand_out(here, prefect, row, "handed out again", done)
        else:
            well.append(row)
    if well:
        with here.db.writing() as session:
            due.looked_at(session, well, now=here.now())


def agree(here: World, prefect: Engine, row: StageRun, state: State | None, done: Round) -> bool:
    """Make a row say what Prefect says of its run (None: it is not known there); whether anything was to be done."""
    if state is None:
        replace(here, prefect, row, "Prefect lost it", done)
    elif state.type in _CANCELLED:
        if _write(here, row, RunState.CANCELLED, BY_OPERATOR, done) and state.type == StateType.CANCELLING:
            prefect.cancel(row.flow_run_id or "", name="Cancelled", why="It stops at its next step.")
    elif state.type in _GONE and row.state != RunState.FAILED:
        replace(here, prefect, row, f"it was {(state.name or state.type).lower()} in Prefect", done)
    elif state.type == StateType.FAILED and row.state != RunState.FAILED:
        _write(here, row, RunState.FAILED, state.message or "it failed in Prefect", done)
    elif state.is_paused() and row.state == RunState.RUNNING:
        _write(here, row, RunState.WAITING, "", done)
    else:
        return False
    return True


def hand_out(here: World, prefect: Engine, row: StageRun, what: str, done: Round) -> None:
    """Hand a run out again that was taken and never begun, unless it has begun by now."""
    if not has_gone_on(here, row):
        prefect.restart(row.flow_run_id or "")
        done.mended.append(f"{row.key}: {what}")


def has_gone_on(here: World, row: StageRun) -> bool:
    """Whether somebody was at a row since it was read: its run, scheduled now, might be carried out twice at once."""
    with here.db.reading() as session:
        return _has_changed(session.get_one(StageRun, row.id), row)


def _has_changed(fresh: StageRun, row: StageRun) -> bool:
    """Whether somebody was at a row since it was read; what Prefect said then may be true no more."""
    return (fresh.state, fresh.owner, fresh.touched_at) != (row.state, row.owner, row.touched_at)


def _write(here: World, row: StageRun, to: RunState, why: str, done: Round) -> bool:
    with here.db.writing() as session:
        fresh = wanted.now_is(session, row.id or 0)
        if _has_changed(fresh, row):
            return False
        fresh.owner = ""
        wanted.mark(session, fresh, to, now=here.now(), why=why[:2000])
    done.mended.append(f"{row.key}: {to} in Prefect, and now in our rows")
    return True


def _cancel(here: World, prefect: Engine, rows: list[StageRun], done: Round) -> None:
    """Cancel the runs that nobody wants."""
    states = prefect.look([row.flow_run_id for row in rows if row.flow_run_id])
    for row in rows:
        state = states.get(row.flow_run_id or "")
        if state is not None and state.type not in ENDED:
            prefect.cancel(row.flow_run_id or "", name="Withdrawn", why=row.why)
        with here.db.writing() as session:
            wanted.mark(session, wanted.now_is(session, row.id or 0), RunState.CANCELLED, now=here.now(), why=row.why)
        done.mended.append(f"{row.key}: withdrawn")
