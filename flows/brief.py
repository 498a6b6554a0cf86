"""Brief: from a deal to the client's answers.

    briefing ──▶ estimating
        └──(silence)──▶ lost, with a way back
"""

from typing import Annotated

from pydantic import Field

from models.answer import MOST_ID
from models.answers import BriefSent
from models.stages import Stage
from models.tracks import Sales
from tasks import briefs, deals, waits
from tasks.stage import stage

DealId = Annotated[int, Field(ge=1, le=MOST_ID, description="Number of the deal.")]


@stage(
    Stage.BRIEF,
    description="""Sends the client their questionnaire, filled in as far as we know them, and **waits** until they send it. Reminders go
out by themselves (ladders.toml, brief). **Resume** sends the brief as it is saved now, on the client's behalf; the brief itself is filled
in on its page, by the staff link in the salesperson's letter. **When it fails** mend what the last log line names and press Retry.""",
)
def brief(deal_id: DealId) -> None:
    """Carry one deal through its brief. Safe to replay from the first line."""
    round_ = briefs.open_brief(deal_id)
    briefs.mail_brief(deal_id, round_)
    answer = waits.for_last([BriefSent], key="brief", ladder="brief", whose="client", what="the filled brief")
    if answer is None:
        deals.say_goodbye(deal_id, Stage.BRIEF)
        deals.tell_loss(deal_id, Stage.BRIEF, "the brief never came")
        deals.close_deal(deal_id, Sales.LOST, why="the brief never came")
        return
    deals.conclude(deal_id, Sales.ESTIMATING, Stage.ESTIMATE, why="the brief came")
