"""Leads that somebody of ours types in: a call, an event, outgoing work. Three fields do."""

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from pydantic import Field

from flows.operations import Who
from tasks import operations
from tasks.world import world


@flow(
    name="register-lead",
    description="""Enters a lead from a call, an event or outgoing work. Name, contact (e-mail or phone) and service do; the rest is welcome.
Intake starts by itself. Without an e-mail address the salesperson fills the brief in on the phone, by the staff link they are sent.""",
)
def register_lead(
    name: Annotated[str, Field(min_length=1, max_length=200, description="Who it is.")],
    contact: Annotated[str, Field(min_length=3, max_length=320, description="E-mail address or phone number.")],
    service: Annotated[str, Field(description="Slug of the service, as in rates.toml: corporate-site, shop …")],
    who: Who = "operator",
    company: Annotated[str, Field(max_length=200, description="Their firm.")] = "",
    budget: Annotated[float | None, Field(ge=0, description="In whole units of the studio's currency.")] = None,
    message: Annotated[str, Field(max_length=20_000, description="What they said.")] = "",
    source: Annotated[str, Field(description="Where it comes from: call, event, outgoing, partner …")] = "call",
) -> int:
    """Keep a lead as an application; return its number."""
    reached = {"email": contact} if "@" in contact else {"phone": contact}
    lead = {"name": name, "service": service, "company": company, "budget": budget, "message": message, "source": {"channel": source}}
    number = operations.register(lead | reached, who, f"run/{flow_run.id}")
    world().nudge()
    return number
