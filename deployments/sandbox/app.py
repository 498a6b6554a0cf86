"""The sandbox's application: the API that the studio calls, under /v1, and the pages beside it."""

import hmac
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from pydantic import AwareDatetime
from starlette.exceptions import HTTPException

import templates
from api.guards import BodyLimit, Headers, limits
from deployments.sandbox import counter, pages, till
from deployments.sandbox.asked import OpenAsked, RefundAsked
from deployments.sandbox.counter import Counter, Here
from deployments.sandbox.post import Postman
from deployments.sandbox.tables import Checkout, Movement, SandboxRow
from models import logs, providers
from models import settings as setup
from models.db import Database
from models.errors import BadSetup, Invalid, Missing, Refused, StudioError, Unavailable
from models.settings import Settings

STATUS: dict[type[StudioError], int] = {Missing: 404, Invalid: 422, Refused: 409, Unavailable: 503}


def create_app(settings: Settings | None = None) -> FastAPI:
    """The sandbox of these settings, or of the environment's. Raises BadSetup when there is no secret to share with it."""
    read = settings or setup.read()
    logs.install(read.log)
    secret = providers.sandbox_secret(read)
    if not secret:
        raise BadSetup("STUDIO_SANDBOX_SECRET is missing: ./studio up makes one.")
    db = Database(f"sqlite:///{read.path('sandbox.db')}")
    postman = Postman(db, f"http://{read.host}:{read.api_port}/webhooks/payments/sandbox", secret)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        SandboxRow.metadata.create_all(db.engine)
        postman.start()
        yield
        postman.stop()
        db.close()

    app = FastAPI(title="Sandbox payments", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.counter = counter.build(read, db, postman, secret)
    app.include_router(routes)
    app.include_router(pages.pages)
    app.mount("/static", StaticFiles(directory=templates.STATIC))
    app.add_exception_handler(StudioError, _on_ours)
    app.add_exception_handler(RequestValidationError, _on_input)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_middleware(BodyLimit, limit=limits(0))
    app.add_middleware(Headers, https=False)
    return app


def _authorised(here: Here, authorization: Annotated[str, Header()] = "") -> None:
    if not hmac.compare_digest(authorization.encode(), f"Bearer {here.secret}".encode()):
        raise HTTPException(401, "The secret is not ours: STUDIO_SANDBOX_SECRET differs.")


Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]
routes = APIRouter(prefix="/v1", dependencies=[Depends(_authorised)])


@routes.post("/checkouts")
def open_checkout(here: Here, key: Key, asked: OpenAsked) -> Response:
    """Open a page for an order; the same key gives the same page."""
    with here.db.writing() as session:
        checkout, new = till.open_checkout(session, key, asked, now=here.now())
        return JSONResponse(_checkout(here, checkout), 201 if new else 200)


@routes.get("/checkouts/{name}")
def show_checkout(here: Here, name: str) -> Response:
    """What has become of a checkout."""
    with here.db.reading() as session:
        checkout = session.get(Checkout, name)
        if checkout is None:
            raise Missing("There is no such checkout.")
        return JSONResponse(_checkout(here, checkout))


@routes.post("/refunds")
def refund(here: Here, key: Key, asked: RefundAsked) -> Response:
    """Give money back; the same key gives the same refund."""
    with here.db.writing() as session:
        row, new = till.refund(session, key, asked, now=here.now())
        told = _movement(row)
    here.postman.hear()
    return JSONResponse(told, 201 if new else 200)


@routes.get("/movements")
def movements(here: Here, since: Annotated[AwareDatetime, Query()], until: Annotated[AwareDatetime, Query()]) -> Response:
    """What moved on the studio's balance, oldest first."""
    with here.db.reading() as session:
        return JSONResponse({"items": [_movement(row) for row in till.movements(session, since, until)]})


def _checkout(here: Counter, checkout: Checkout) -> dict[str, Any]:
    return {
        "id": checkout.id, "url": f"{here.address}/pay/{checkout.token}", "state": till.state_of(checkout, now=here.now()),
        "expires_at": _iso(checkout.expires_at), "charge_id": checkout.charge_id,
    }  # fmt: skip


def _movement(row: Movement) -> dict[str, Any]:
    return {"id": row.id, "kind": row.kind, "amount": till.money_of(row).model_dump(), "reference": row.reference, "at": _iso(row.at)}


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _on_ours(request: Request, error: Any) -> Response:
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    return _answer(request, status, str(error))


def _on_http(request: Request, error: Any) -> Response:
    return _answer(request, error.status_code, str(error.detail))


def _on_input(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    return _answer(request, 422, f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}.")


def _answer(request: Request, status: int, said: str) -> Response:
    if request.url.path.startswith("/v1/"):
        return JSONResponse({"detail": said}, status)
    here: Counter = request.app.state.counter
    return here.page("said", status, said=said)
