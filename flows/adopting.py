"""Adopt: a deal that the studio had before it was kept here, taken up where it stands."""

from typing import Annotated

from pydantic import Field

from flows.operations import Reason, Who
from models.adopted import Newcomer, Past
from models.stages import Stage
from tasks import adoptions
from tasks.operation import operation, this_run
from tasks.world import world

At = Annotated[Stage, Field(description="Where it stands: the stage that goes on now. Those before it are taken for done.")]
Service = Annotated[str, Field(min_length=1, max_length=100, description="Slug of the service, as in rates.toml: corporate-site, shop …")]
Client = Annotated[Newcomer, Field(description="Whose deal it is.")]
Before = Annotated[Past, Field(description="What happened before, as far as the stage needs it; each field says from which stage on.")]


@operation(
    name="adopt-deal",
    description="""Takes up a deal that you had before it was kept here, at the stage where it stands. Say who the client is and what happened: from
estimate on the brief's answers, from contract on the price agreed, from invoice on the party and the signed paper, from kickoff on what is
paid, from materials on when the work began. All of it is kept as your word, and **nothing is sent about the past**: the letters of earlier
stages are in the ledger as skipped, *adopted*. The stage itself then begins as it always does. **It is refused** with a sentence where
something is missing, and at the stages intake, payment and next-steps, which say what to do instead.""",
)
def adopt_deal(stage: At, service: Service, client: Client, who: Who, reason: Reason, past: Before = Past()) -> int:  # noqa: B008 (it is frozen)
    """Take a deal up; return its number."""
    plain = client.model_dump(mode="json"), past.model_dump(mode="json")
    deal_id = adoptions.adopt(stage.value, service, *plain, who, reason, this_run())
    adoptions.mute_past(deal_id, stage.value)
    adoptions.begin(deal_id, stage.value)
    world().nudge()
    return deal_id
