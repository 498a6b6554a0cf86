"""Operations on a contract that is out: an operator changes it; the client finds the new version at the same address."""

from typing import Annotated

from pydantic import Field

from flows.operations import DealId, Who
from tasks import contract_revisions
from tasks.operation import operation, this_run
from tasks.world import world

Texts = dict[str, Annotated[str, Field(max_length=20_000)]]


@operation(
    name="revise-contract",
    description="""Changes a contract that has not been signed, as a client wished or after the director refused. Run it first as it is: the
artifact shows the whole contract and the difference. Then run it with *publish* ticked: the version before is void, the next one is at the
client's address, and they are told what changed. Prices and scope come from the accepted proposal and stay.""",
)
def revise_contract(
    deal_id: DealId,
    who: Who,
    clauses: Annotated[
        Texts,
        Field(max_length=100, description="Clauses by title; a line is a paragraph. A new title adds one, - leaves it out, = takes the standard."),
    ] = {},  # noqa: B006
    texts: Annotated[
        Texts, Field(max_length=100, description="Sections to replace: title, intro, materials, exclusions, assumptions; a line is an item.")
    ] = {},  # noqa: B006
    payment_titles: Annotated[Texts, Field(max_length=100, description='Titles of payments by part: {"2": "Design and texts approved"}.')] = {},  # noqa: B006
    payment_moments: Annotated[Texts, Field(max_length=100, description='When payments fall due, by part: {"2": "when you approve both"}.')] = {},  # noqa: B006
    scope_notes: Annotated[
        Texts, Field(max_length=100, description='Notes on items of the scope, by title: {"Page template": "The shop counts as one."}.')
    ] = {},  # noqa: B006
    details: Annotated[
        Texts,
        Field(max_length=50, description="The client's details to correct: legal_name, registration, street, postcode, city, country (IE), vat_id …"),
    ] = {},  # noqa: B006
    signer: Annotated[str, Field(max_length=320, description="Address of who signs, when it is neither the client nor a colleague there.")] = "",
    reason: Annotated[str, Field(max_length=2000, description="Why; the history shows it.")] = "",
    publish: Annotated[bool, Field(description="Not ticked: only show the difference.")] = False,
) -> list[str]:
    """Show or publish a revision of a contract; return what differs."""
    kinds = {"clause": clauses, "payment": payment_titles, "when": payment_moments, "scope": scope_notes}
    own = {f"{kind}:{name}": text for kind, named in kinds.items() for name, text in named.items()}
    revision = {"texts": texts | own, "details": details, "signer": signer, "reason": reason}
    revised = contract_revisions.revise_contract(deal_id, revision, who, this_run(), keep=publish)
    contract_revisions.show_contract(deal_id, revised["shown"])
    world().nudge()
    return revised["changes"]
