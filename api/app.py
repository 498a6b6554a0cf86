"""The api: one application, built from settings. `uvicorn --factory api.app:create_app`."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api import (
    act,
    applications,
    assets,
    brief,
    client_review,
    comeback,
    contract,
    contract_word,
    countersign,
    course_off,
    deals,
    door,
    guards,
    health,
    intake,
    invoice,
    metrics,
    outbox,
    problems,
    project,
    proposal,
    qualification,
    reference,
    referral,
    reports,
    review,
    reviews,
    statements,
    webhooks,
    work,
)  # fmt: skip
from api.openapi import described
from api.pace import Pace
from api.traffic import Watched
from models import addresses, company, logs
from models import settings as setup
from models.settings import Settings

TAGS = [
    {"name": "applications", "description": "Send an application, see what becomes of it. Scope `applications:write`."},
    {"name": "deals", "description": "Read deals (`deals:read`), tell facts about them (`facts:write`)."},
    {"name": "money", "description": "Bank statements (`statements:write`), and what became of their lines (`money:read`)."},
    {"name": "reports", "description": "How closed projects did, as reported and as known now (`reports:read`)."},
    {"name": "reviews", "description": "Published reviews, for the studio's own site; no key."},
    {"name": "health", "description": "For supervisors and load balancers; no key, but for `/metrics` (`metrics:read`)."},
]
VERSION = "1"
ABOUT = """Studioflow carries a studio's sales and delivery from the intake form on.

Keys are made with `./studio keys add NAME --scope SCOPE` and sent as `Authorization: Bearer KEY`. Errors are problem+json
(RFC 9457), lists `{"items": […], "next": null}`, money `{"amount": minor units, "currency": "EUR"}`, times ISO 8601 in UTC."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application of these settings, or of the environment's.

    Raises BadSetup when a setting or a file of the company's set-up is wrong.
    """
    read = settings or setup.read()
    logs.install(read.log)
    here = door.build(read, company.load(read.company))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[None]:
        intake.warm_up(here)
        yield
        here.db.close()

    app = FastAPI(
        title="Studioflow", version=VERSION, description=ABOUT, openapi_tags=TAGS, lifespan=lifespan, docs_url=None, redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )  # fmt: skip
    app.state.door = here
    for router in (
        intake, qualification, brief, proposal, comeback, review, contract, countersign, contract_word, invoice, outbox, reference, assets,
        project, work, act, client_review, reviews, referral, course_off, reports,
    ):  # fmt: skip
        app.include_router(router.pages)
    for api in (applications, deals, statements, reports, reviews, health, metrics, webhooks):
        app.include_router(api.routes)
    assets.mount(app)
    problems.install(app)
    app.openapi = lambda: described(app)
    app.add_middleware(guards.BodyLimit, limit=guards.limits(read.upload_deal_mb))
    app.add_middleware(Pace, per_minute=read.posts_per_minute, counts=here.robots.counts)
    app.add_middleware(guards.Headers, https=addresses.public(read, here.company).startswith("https://"))
    app.add_middleware(Watched, requests=here.requests)
    logging.getLogger("uvicorn.access").addFilter(guards.Redacted())
    return app
