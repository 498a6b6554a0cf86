"""Letters that the dead leave behind and no stage comes back to: claimed for nobody."""

from models import effects
from models.effects import EffectState
from models.message import Receipt
from models.tables import Effect
from tasks.step import step
from tasks.world import World, real_now, world


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
