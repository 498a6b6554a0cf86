"""Leads that somebody of ours types in (a call, an event, outgoing work; three fields do), and applications that are started after all."""

from typing import Annotated

from pydantic import Field

from flows.operations import Reason, Who
from models.answer import MOST_ID, MOST_MONEY
from tasks import operations, replays
from tasks.operation import operation, this_run
from tasks.world import world

ApplicationId = Annotated[int, Field(ge=1, le=MOST_ID, description="Number of the application (its fact) that came in.")]


@operation(
    name="register-lead",
    description="""Enters a lead from a call, an event or outgoing work. Name, contact (e-mail or phone) and service do; the rest is welcome.
Intake starts by itself. Without an e-mail address the salesperson fills the brief in on the phone, by the staff link they are sent.""",
)
def register_lead(
    name: Annotated[str, Field(min_length=1, max_length=200, description="Who it is.")],
    contact: Annotated[str, Field(min_length=3, max_length=320, description="E-mail address or phone number.")],
    service: Annotated[str, Field(min_length=1, max_length=100, description="Slug of the service, as in rates.toml: corporate-site, shop …")],
    who: Who = "operator",
    company: Annotated[str, Field(max_length=200, description="Their firm.")] = "",
    budget: Annotated[float | None, Field(ge=0, le=MOST_MONEY, description="In whole units of the studio's currency.")] = None,
    message: Annotated[str, Field(max_length=20_000, description="What they said.")] = "",
    source: Annotated[str, Field(max_length=100, description="Where it comes from: call, event, outgoing, partner …")] = "call",
) -> int:
    """Keep a lead as an application; return its number."""
    reached = {"email": contact} if "@" in contact else {"phone": contact}
    lead = {"name": name, "service": service, "company": company, "budget": budget, "message": message, "source": {"channel": source}}
    number = operations.register(lead | reached, who, this_run())
    world().nudge()
    return number


@operation(
    name="replay-intake",
    description="""Starts an application that was kept and started nothing: one that was taken for a robot's, or whose intake failed for good. It
becomes a deal like any other; its client is thanked and asked for the brief. **It is refused** for an application that has its deal already,
and for one whose intake is under way.""",
)
def replay_intake(application_id: ApplicationId, who: Who, reason: Reason) -> int:
    """Start an application after all; return the application that is carried on."""
    number = replays.replay_intake(application_id, reason, who, this_run())
    world().nudge()
    return number
