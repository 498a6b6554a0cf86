"""Webhooks: kept as they came, answered at once, acted on by the worker."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from api.door import Here
from models import providers, webhooks
from models.clock import real_now
from models.errors import Missing

routes = APIRouter(prefix="/webhooks", include_in_schema=False)


async def _raw(request: Request) -> bytes:
    return await request.body()


@routes.post("/payments/{provider}", status_code=200)
def payment(provider: str, request: Request, here: Here, body: Annotated[bytes, Depends(_raw)]) -> Response:
    """Keep what a payment provider tells; told again, it is kept already. 404 without its secret, 400 when it is not its word.

    Signatures go by the real clock, since the world does not live in a rehearsed month.
    """
    secrets = providers.webhook_secrets(here.settings, provider, here.address)
    if not secrets:
        raise Missing("There is no such webhook.")
    now = real_now()
    webhooks.verify(provider, secrets, request.headers, body, now)
    with here.db.writing() as session:
        webhooks.keep(session, provider, request.headers, body, now=here.now(), due=now)
    here.nudge()
    return Response(status_code=200)
