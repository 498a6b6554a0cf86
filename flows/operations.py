"""Operations: what an operator does to a deal, each a form in the Prefect UI. Run twice, a form is two runs and says so."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from models.answer import MOST_ID
from models.answers import ClosedAsLost, Held, Noted, Released, Reopened
from tasks import operations
from tasks.operation import operation, this_run
from tasks.world import world

DealId = Annotated[int, Field(ge=1, le=MOST_ID, description="Number of the deal.")]
Who = Annotated[str, Field(min_length=2, max_length=200, description="Your name or e-mail: the history says who did it.")]
Why = Annotated[str, Field(max_length=2000, description="Why, where that does not go without saying. The history shows it.")]
Reason = Annotated[str, Field(min_length=3, max_length=2000, description="Why. The history and the monthly report show it.")]
Until = Annotated[AwareDatetime | None, Field(description="When it wakes by itself; empty: when somebody runs release.")]
Page = Literal[
    "qualify", "brief", "proposal", "contract", "invoice", "project", "act", "review", "comeback",
    "approve", "contract-word", "countersign", "work", "brief-staff", "brief-read", "estimate-staff", "proposal-staff", "contract-staff",
    "invoice-staff", "project-staff", "act-staff",
]  # fmt: skip
Kind = Annotated[
    Page,
    Field(description="""Which page the link opens; invoice: all of the deal's invoices. First the client's pages, then the studio's own: approve,
contract-word, countersign and work act; the -staff ones and brief-read are on deal cards and in letters to colleagues."""),
]
Outcome = Annotated[Literal["it went out", "send it again"], Field(description="What you found out, or want.")]
EffectKey = Annotated[str, Field(min_length=3, max_length=300, description="Key of the effect, as ./studio deal shows it.")]
Text = Annotated[str, Field(min_length=1, max_length=20_000, description="What happened.")]


@operation(
    name="put-on-hold",
    description="""Lets a deal that is not won yet rest: no reminders and no deadlines, until a day or until `release`. Answers still count. A
project in work gets a later day by `move-date`.""",
)
def put_on_hold(deal_id: DealId, who: Who, reason: Reason, until: Until = None) -> None:
    """Record that a deal rests."""
    operations.record(deal_id, Held(until=until, reason=reason).model_dump(mode="json"), Held.kind, who, this_run())
    world().nudge()


@operation(name="release", description="Lets a deal on hold go on; each reminder and deadline moves by the time it rested.")
def release(deal_id: DealId, who: Who, reason: Reason) -> None:
    """Record that a deal goes on."""
    operations.record(deal_id, Released(reason=reason).model_dump(mode="json"), Released.kind, who, this_run())
    world().nudge()


@operation(name="close-as-lost", description="Ends a deal as not realised. Its runs are cancelled, its proposal is void; `reopen` brings it back.")
def close_as_lost(deal_id: DealId, who: Who, reason: Reason) -> None:
    """Record that a deal is lost."""
    operations.record(deal_id, ClosedAsLost(reason=reason).model_dump(mode="json"), ClosedAsLost.kind, who, this_run())
    world().nudge()


@operation(name="reopen", description="Opens a lost or declined deal in its next round: the client gets their brief back as they left it.")
def reopen(deal_id: DealId, who: Who, reason: Reason) -> None:
    """Record that a deal is opened again."""
    operations.record(deal_id, Reopened(reason=reason).model_dump(mode="json"), Reopened.kind, who, this_run())
    world().nudge()


@operation(name="note", description="Keeps a note in a deal's history: a call, a meeting, anything worth remembering.")
def note(deal_id: DealId, who: Who, text: Text) -> None:
    """Record a note."""
    operations.record(deal_id, Noted(text=text).model_dump(mode="json"), Noted.kind, who, this_run())


@operation(
    name="settle-effect",
    description="""Decides an effect whose outcome is unknown (the line went dead after the letter was handed over, say): look in the mailbox
or ask the client, then choose *it went out*, or *send it again*. One that failed for good is sent again. `./studio deal ID` shows the keys.""",
)
def settle_effect(key: EffectKey, who: Who, outcome: Outcome, reason: Why = "") -> None:
    """Write a person's word on an unknown or a failed effect."""
    operations.settle_effect(key, who, this_run(), went_out=outcome == "it went out", reason=reason)
    world().nudge()


@operation(
    name="renew-link",
    description="""Revokes a deal's link (it reached the wrong person, say) and mails the new one: a client's page to the client, a page of the
studio's own to the colleague whose page it is. The old link opens nothing from then on.""",
)
def renew_link(deal_id: DealId, kind: Kind, who: Who, reason: Why = "") -> None:
    """Revoke a link; whose page it is gets another."""
    operations.renew_link(deal_id, kind, who, this_run(), reason=reason)
    world().nudge()
