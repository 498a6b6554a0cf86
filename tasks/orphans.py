"""Letters that the dead leave behind and no stage comes back to: claimed for nobody."""

from models import effects, wanted
from models.effects import EffectState
from models.message import Receipt
from models.tables import Effect
from tasks.step import step
from tasks.world import World, real_now, world


@step
def settle_claims() -> list[str]:
    """Say what became of letters whose sender died and to which no stage comes back; return them, in sentences.

    A mailer that can be asked is asked. What it does not know goes out after all while its deal goes on, and is left out once the deal has
    ended, since nobody wants it any more. Where nobody can be asked it is unknown.
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
        goes_on = bool(wanted.live_of(session, fresh.deal_id or 0))
        since = "its stage has gone on without it" if goes_on else "the deal has ended since"
        if found:
            effects.settle(session, fresh, EffectState.DONE, said=found.said, now=here.now(), result={"message_id": found.message_id, "to": ""})
        elif here.mail.can_ask:
            effects.settle(session, fresh, EffectState.PLANNED, said=f"The worker died before it happened, and {since}.", now=here.now())
            if goes_on:
                fresh.kind = effects.ERRAND
            else:
                effects.skip(session, fresh, fresh.said, now=here.now())
        else:
            said = f"The worker died while it was under way, and {since}; it may have happened."
            effects.settle(session, fresh, EffectState.UNKNOWN, said=said, now=here.now())
        return fresh.state
