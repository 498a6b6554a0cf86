"""Intake: from a raw application to a deal that somebody looks after.

    application ──▶ joins the deal there is
         │
         ▼
      received ──(below our minimum: asked first)──▶ declined
         └──▶ briefing
"""

from typing import Annotated

from pydantic import Field

from models.answer import MOST_ID
from models.answers import QualifyAnswer
from models.stages import Stage
from models.tracks import Sales
from tasks import applications, deals, waits
from tasks.stage import stage

ApplicationId = Annotated[int, Field(ge=1, le=MOST_ID, description="Number of the application (its fact) that came in.")]


@stage(
    Stage.INTAKE,
    description="""Takes an application: finds or makes client and deal, asks those below the minimum budget whether to go on, gives the
deal to a salesperson, thanks the client. **Waits** only for an answer about the minimum; Resume answers for the client.
**When it fails** read the last log line, mend what it names (a service that is no longer in rates.toml, say) and press Retry.""",
)
def intake(application_id: ApplicationId) -> None:
    """Carry one application to its deal. Safe to replay from the first line."""
    admitted = applications.admit(application_id)
    if not admitted["is_new"]:
        return
    deal_id = applications.enter(admitted["deal_id"])
    applications.assign_salesperson(deal_id)
    applications.name_run(deal_id)
    if admitted["is_below_minimum"]:
        applications.mail_minimum(deal_id)
        answer = waits.for_last([QualifyAnswer], key="minimum", ladder="qualify", whose="client", what="a word on our minimum")
        if answer is None or answer.decision == "out":
            applications.mail_declined(deal_id)
            deals.tell_loss(deal_id, Stage.INTAKE, "below our minimum")
            deals.close_deal(deal_id, Sales.DECLINED, why="below our minimum")
            return
    applications.thank_client(deal_id)
    applications.tell_salesperson(deal_id)
    deals.conclude(deal_id, Sales.BRIEFING, Stage.BRIEF, why="qualified")
