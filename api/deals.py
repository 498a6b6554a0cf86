"""Deals for other systems: read, and told about."""

from datetime import UTC, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Response

from api.access import MAY_READ, FactsKey, problems
from api.door import Here
from api.schemas import MOST_ID, Deals, FactIn, FactOut
from models import attempts, deal_card, deal_list, inbox, keys
from models.answers import BY_KIND
from models.deal_card import DealCard
from models.errors import Invalid, Refused
from models.reading import clean
from models.tables import Fact

routes = APIRouter(prefix="/api/deals", tags=["deals"])
Id = Annotated[int, Path(ge=1, le=MOST_ID)]
Cursor = Annotated[int | None, Query(ge=1, le=MOST_ID, description="Where the page before ended; taken from `next`.")]
Limit = Annotated[int, Query(ge=1, le=100, description="Deals a page.")]
Email = Annotated[str, Query(max_length=320, description="Only deals of the client with this address.")]
Track = Annotated[str, Query(max_length=40, description="Only deals that stand here: `sales:proposed`, `work:production`, `money:paid`.")]
AHEAD = timedelta(minutes=5)
TOLD_BEFORE: dict[int | str, dict[str, Any]] = {200: {"model": FactOut, "description": "Told before; nothing changed"}}


@routes.get("", summary="Find deals", response_description="A page of deals", dependencies=[MAY_READ], responses=problems())
def find(here: Here, email: Email = "", track: Track = "", cursor: Cursor = None, limit: Limit = 20) -> Deals:
    """Deals, the newest first, a page at a time."""
    with here.db.writing() as session:
        ids = deal_list.ids(session, email=clean(email), place=clean(track), before=cursor, limit=limit + 1)
        items = [deal_card.deal_card(session, here.company, here.settings, here.secret, deal_id, here.now()) for deal_id in ids[:limit]]
    asked = {name: value for name, value in (("email", email), ("track", track), ("limit", limit)) if value}
    more = f"/api/deals?{urlencode({**asked, 'cursor': ids[limit - 1]})}" if len(ids) > limit else None
    return Deals.model_validate({"items": items, "next": more})


@routes.get(
    "/{deal_id}", summary="Read a deal", response_description="The deal", dependencies=[MAY_READ], response_model=DealCard, responses=problems(404)
)
def read(deal_id: Id, here: Here) -> dict:
    """A deal, whole: client, tracks, amounts, whose move, waits, documents, facts, effects, runs."""
    with here.db.writing() as session:
        return deal_card.deal_card(session, here.company, here.settings, here.secret, deal_id, here.now())


@routes.post(
    "/{deal_id}/facts", status_code=201, summary="Tell a fact", response_description="Kept", responses=TOLD_BEFORE | problems(400, 404, 409, 413)
)
def tell(deal_id: Id, body: FactIn, here: Here, key: FactsKey, response: Response) -> FactOut:
    """Record something about a deal, once per `external_id`. 409: it makes no sense now, or the id was used for something else."""
    if body.happened_at and body.happened_at > here.now() + AHEAD:
        raise Invalid("happened_at lies in the future.")
    actor = keys.speaker(key, body.actor)
    refused = attempts.written_down(here.db, deal_id, attempts.what_of(body.payload), actor, here.now())
    with refused, here.db.writing() as session:
        fact, is_new = inbox.tell(
            session, deal_id, body.payload, source=f"machine:{key.name}", external_id=body.external_id, actor=actor, now=here.now(),
            happened_at=body.happened_at and body.happened_at.astimezone(UTC),
        )  # fmt: skip
    if not is_new and not is_same(fact, deal_id, body):
        raise Refused("This external_id was used for something else before.")
    here.nudge()
    response.status_code = 201 if is_new else 200
    return FactOut.model_validate({**fact.model_dump(), "deal": fact.deal_id})


def is_same(fact: Fact, deal_id: int, body: FactIn) -> bool:
    """Whether a fact says what is told again. The version of a sent brief was written down by us."""
    if (fact.deal_id, fact.kind) != (deal_id, body.kind):
        return False
    told, known = (BY_KIND[fact.kind].model_validate(payload) for payload in (body.payload.model_dump(), fact.payload))
    return body.kind == "brief.sent" or told == known
