"""Applications from other systems."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Header, Path

from api.access import MAY_SEND, ApplicationsKey, problems
from api.door import Here
from api.schemas import MOST_ID, Accepted, ApplicationIn, ApplicationStatus
from models import inbox, intake, keys
from models.answers import Application
from models.errors import Invalid, Refused
from models.reading import clean

routes = APIRouter(prefix="/api/applications", tags=["applications"])
Id = Annotated[int, Path(ge=1, le=MOST_ID)]
IdempotencyKey = Annotated[
    str, Header(alias="Idempotency-Key", max_length=200, description="Your own id of this application: sent twice, it is kept once.")
]


@routes.post("", status_code=202, summary="Send an application", response_description="Kept", responses=problems(400, 409, 413))
def send(body: ApplicationIn, here: Here, key: ApplicationsKey, idempotency_key: IdempotencyKey = "") -> Accepted:
    """Keep an application; the deal follows by itself. 409: this Idempotency-Key came with another application before."""
    if body.service not in here.company.rates.services:
        raise Invalid(f"There is no such service; services are {', '.join(here.company.rates.services)}.")
    source = {"channel": body.source} if isinstance(body.source, str) and body.source else body.source or {}
    application = Application.model_validate({**body.model_dump(), "source": source}).model_dump()
    told = {"source": f"api:{key.name}", "external_id": clean(idempotency_key) or str(uuid.uuid4()), "actor": keys.actor(key)}
    with here.db.writing() as session:
        fact, _ = inbox.apply(session, application, now=here.now(), **told)
    if fact.payload != application:
        raise Refused("This Idempotency-Key came with another application before.")
    here.nudge()
    return Accepted(id=fact.id or 0, status_url=f"{here.address}/api/applications/{fact.id}")


@routes.get(
    "/{application_id}", summary="What became of an application", response_description="Where it is", dependencies=[MAY_SEND], responses=problems(404)
)
def status(application_id: Id, here: Here) -> ApplicationStatus:
    """Where an application is, and whose deal it belongs to."""
    with here.db.reading() as session:
        return ApplicationStatus(**intake.status(session, application_id))
