"""Production: the service's stages in order, each shown, approved or changed.

    needs materials ──▶ working ──▶ shown ──▶ accepted ──▶ the next stage … ──▶ launch
                           ▲          │ ├──▶ changes (included) ──▶ working
                           │          │ └──▶ beyond ──▶ priced ──▶ taken, or shown as it was
                           └──────────┘ silence: accepted where the contract says so after two warnings, else paused
"""

from datetime import datetime

from flows.brief import DealId
from models.stages import Stage
from tasks import hours, productions, waits
from tasks.stage import stage

WHAT = {
    "materials": "the materials for {title}", "working": "word that {title} can be shown", "shown": "an answer to {title}",
    "changes": "{title} with the changes", "beyond": "a price for the changes to {title}", "priced": "an answer to the price of a change",
}  # fmt: skip


@stage(
    Stage.PRODUCTION,
    description="""Carries the project through its stages, one after the other. **Waits** for the project manager's word that a stage can be shown
(their page, the tracker's status, or **Resume**), then for the client: they approve or send one list of changes on the project page. Included
rounds go back to the studio; further ones wait for a price, which the client takes or not. Silence counts as acceptance only where the
contract says so, after its two warnings; otherwise the project is paused. Payments of the plan fall due with the stages that they name.
**When it fails** mend what the log names and press Retry: no letter is sent twice.""",
)
def production(deal_id: DealId) -> None:
    """Carry one deal through its production stages. Safe to replay from the first line."""
    heard = 0
    stands = productions.look(deal_id, heard)
    while stands["stage"]:
        productions.tell_accepted(deal_id, heard)
        productions.tell_whose_move(deal_id, stands)
        if is_silent(stands):
            productions.end_silence(deal_id, stands, waits.place_of(stands["stage"]))
        heard += 1
        hours.warn_if_over(deal_id, heard)
        stands = productions.look(deal_id, heard)
    productions.tell_accepted(deal_id, heard)
    productions.conclude_production(deal_id)


def is_silent(stands: dict[str, str]) -> bool:
    """Wait for the next word about the stage, or for its materials; whether the ladder ended in silence. A paused project waits without one."""
    kinds = productions.KINDS[stands["place"]]
    starts = datetime.fromisoformat(stands["starts"]) if stands["starts"] else None
    what, item = WHAT[stands["place"]].format(title=f"“{stands['title']}”"), stands["stage"]
    said = waits.for_any(kinds, key=stands["stage"], ladder=stands["ladder"], whose=stands["whose"], what=what, starts=starts, item=item)
    return said is None
