"""What the dead leave behind and no stage comes back to: runs that Prefect shows running though they are over, letters claimed for nobody."""

from datetime import timedelta

from sqlmodel import Session, col, select

from models import effects
from models.effects import EffectState
from models.message import Receipt
from models.stages import LIVE, RunState
from models.tables import Effect, StageRun
from tasks.engine import Engine, engine
from tasks.step import step
from tasks.waker import STUCK
from tasks.world import World, lives, real_now, world

LONGEST = timedelta(hours=1)
"""No operation takes so long: one that is shown under way for longer has lost its worker. It has no row that could tell."""
OVER = [state.value for state in RunState if state not in LIVE and state != RunState.WITHDRAWN]


@step
def end_zombies() -> list[str]:
    """End the runs that Prefect shows under way though our rows of them are over, or failed; return them, in sentences.

    A worker that ends a row tells Prefect in the next moment; one that dies in between leaves such a run. So does one that dies with an
    operation in its hands.
    """
    with engine() as prefect:
        return zombies(world(), prefect)


def zombies(here: World, prefect: Engine) -> list[str]:
    """End them, one sentence each."""
    shown = prefect.under_way()
    with here.db.reading() as session:
        rows = [row for row in _not_under_way(session, list(shown)) if row.touched_at < here.now() - STUCK]
        known = set(session.exec(select(StageRun.flow_run_id).where(col(StageRun.flow_run_id).in_(list(shown)))))
    for row in rows:
        _end(prefect, row)
    silent = [one for one, at in shown.items() if one not in known and at < real_now() - LONGEST]
    for one in silent:
        prefect.bury(one, crashed=True, why="Its worker died while it was under way. Retry does the rest of it, and nothing twice.")
    return [*(f"{row.key}: {row.state}, and now in Prefect" for row in rows), *(f"flow run {one}: crashed" for one in silent)]


def _not_under_way(session: Session, flow_run_ids: list[str]) -> list[StageRun]:
    theirs = select(StageRun).where(col(StageRun.flow_run_id).in_(flow_run_ids), col(StageRun.state).in_([*OVER, RunState.FAILED.value]))
    return [row for row in session.exec(theirs.order_by(col(StageRun.id))) if not (row.owner and lives(session, row.owner))]


def _end(prefect: Engine, row: StageRun) -> None:
    why = f"Its worker died when the stage was {row.state}, before it could say so. {row.why}".strip()
    if row.state == RunState.FAILED:
        prefect.fail(row.flow_run_id or "", why=why)
    else:
        prefect.bury(row.flow_run_id or "", crashed=row.state != RunState.DONE, why=why)


@step
def settle_claims() -> list[str]:
    """Say what became of letters whose sender died and whose deal has no stage left to find out; return them, in sentences.

    A mailer that can be asked is asked: what it does not know is left out, since nobody wants it any more. Else it is unknown.
    """
    here = world()
    with here.db.reading() as session:
        left = effects.abandoned(session, now=real_now())
    return [f"{effect.key}: {_settle(here, effect, here.mail.ask(effect.key))}" for effect in left]


def _settle(here: World, effect: Effect, found: Receipt | None) -> str:
    with here.db.writing() as session:
        fresh = session.get_one(Effect, effect.key)
        if (fresh.state, fresh.owner) != (effect.state, effect.owner):
            return f"{fresh.state} by now"
        if found:
            effects.settle(session, fresh, EffectState.DONE, said=found.said, now=here.now(), result={"message_id": found.message_id, "to": ""})
        elif here.mail.can_ask:
            effects.settle(session, fresh, EffectState.PLANNED, said="The worker died before it happened.", now=here.now())
            effects.skip(session, fresh, "The worker died before it happened, and the deal has ended since.", now=here.now())
        else:
            said = "The worker died while it was under way, and the deal has ended since; it may have happened."
            effects.settle(session, fresh, EffectState.UNKNOWN, said=said, now=here.now())
        return fresh.state
