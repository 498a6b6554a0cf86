"""The step behind `resend`."""

from models import attempts, facts, inbox, resending, waiting
from models.answers import Noted
from models.errors import Missing, Refused
from models.letters import plan
from models.tables import Deal
from tasks import letters
from tasks.step import step
from tasks.world import world


@step
def resend(deal_id: int, effect: str, reason: str, who: str, key: str) -> str:
    """Order a letter of a deal once more, as an effect of its own, once per run of the form; return that effect's key.

    Raises Missing for what is no letter of the deal, Refused with the reason where it makes no sense any more.
    """
    here = world()
    with here.db.reading() as session:
        deal = session.get(Deal, deal_id)
        if deal is None:
            raise Missing(f"There is no deal {deal_id}.")
        known = facts.find(session, "operator", key)
    if known:
        return _again(deal_id, known.id or 0)
    with attempts.written_down(here.db, deal_id, f"resend {effect}", f"staff:{who}", here.now()), here.db.reading() as session:
        order = resending.order_of(session, session.get_one(Deal, deal_id), effect)
    try:
        letters.write(here, effect, order)
    except (KeyError, LookupError, ValueError) as error:
        raise Refused(f"{order.name} cannot be written as things stand now: {error}") from error
    with here.db.writing() as session:
        resending.order_of(session, waiting.lock(session, deal_id), effect)
        note = Noted(text=f"{order.name} ({effect}) is sent once more. {reason}")
        fact, _ = inbox.tell(session, deal_id, note, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
        return plan(session, _again(deal_id, fact.id or 0), order, now=here.now()).key


def _again(deal_id: int, fact: int) -> str:
    """A key that begins like no other: what counts a deal's letters (warnings, say) by their keys does not count this one."""
    return f"{resending.again(deal_id)}{fact}"
