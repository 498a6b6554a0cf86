"""Materials: from a checklist to everything that the work needs.

    asked ──▶ sent ──▶ accepted, or done without      each item by itself; a rejected one is asked for again, and only that one
                 └──▶ rejected ──▶ asked
    silence to the end of a ladder ──▶ the project is paused, until the client is back
"""

from flows.brief import DealId
from models.delivery_answers import MaterialReviewed
from models.stages import Stage
from tasks import materials, waits
from tasks.stage import stage
from tasks.waits import Ask


@stage(
    Stage.MATERIALS,
    description="""Asks the client for each item of the checklist and **waits** for all of them at once: the client sends (files, a link, words on
the project page), the project manager accepts or rejects one item at a time (their page, or **Resume** with the item's short name from the log).
Production begins as soon as all is there that its first stages need. Silence to the end of the ladder pauses the project, as the contract
says; whatever the client sends starts it again. **When it fails** mend what the log names and press Retry.""",
)
def gather_materials(deal_id: DealId) -> None:
    """Carry one deal's checklist to its end. Safe to replay from the first line."""
    heard = 0
    stands = materials.look(deal_id, heard)
    while stands["asks"]:
        for silent in ask(stands["asks"]):
            materials.pause(deal_id, silent)
        heard += 1
        materials.tell_manager(deal_id, heard)
        stands = materials.look(deal_id, heard)
    materials.conclude_materials(deal_id)


def ask(asks: list[dict[str, str]]) -> list[str]:
    """The items whose ladder ended in silence, once something has come or ended; each name is that of its row."""
    asked = [
        Ask(materials.KINDS, key=one["key"], whose=one["whose"], what=one["what"], ladder=one["ladder"], item=one["item"]) for one in asks
    ]
    what = f"{len(asked)} material{'' if len(asked) == 1 else 's'}: {', '.join(one.item for one in asked)}"
    return [one.place for one in waits.for_some(asked, key="materials", form=MaterialReviewed, what=what) if one.said is None]
