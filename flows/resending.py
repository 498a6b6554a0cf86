"""Resend: a letter of a deal goes out once more."""



from flows.operations import DealId, EffectKey, Reason, Who
from tasks import resends
from tasks.operation import operation, this_run
from tasks.world import world


@operation(
    name="resend",
    description="""Sends a client a letter of their deal once more (it was lost, deleted, or the address was wrong), as the deal stands now, with
links that work. Choose it by its effect's key, as `./studio deal ID` and the deal's card show it. **It is refused**, with the reason, for a
letter whose question was answered, whose version is outdated, whose money is in or whose link was withdrawn, while the address is dead,
and for one that would lead back a client who is support's.""",
)
def resend(deal_id: DealId, effect: EffectKey, who: Who, reason: Reason) -> str:
    """Order a letter once more; return the key of the new effect."""
    key = resends.resend(deal_id, effect, reason, who, this_run())
    world().nudge()
    return key
