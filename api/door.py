"""What every route is given: settings, set-up, database, clock; and how a page is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse

import templates
from api.counts import Counts
from api.engine import Engine
from api.remembered import Remembered
from api.robots import Robots
from api.traffic import Requests
from models import addresses, nudges
from models.clock import Clock
from models.company import Company
from models.db import Database
from models.money import Money
from models.pages import Chrome, View
from models.settings import Settings
from models.studio import OFFICE_ROLES, Staff

READY_FOR = 0.5
"""Seconds for which `/health/ready` is remembered: anybody may ask it, as often as they like."""


@dataclass(frozen=True)
class Door:
    """The api's parts, built once at start."""

    settings: Settings
    db: Database
    company: Company
    now: Callable[[], datetime]
    robots: Robots
    engine: Engine
    requests: Requests
    readiness: Remembered[Any] = field(default_factory=lambda: Remembered(READY_FOR))

    @cached_property
    def chrome(self) -> Chrome:
        """What surrounds every page."""
        studio = self.company.studio
        return Chrome(studio=studio.card(), locale=studio.locale, zone=studio.zone, logo="/static/logo" if studio.brand.logo else "")

    @cached_property
    def address(self) -> str:
        """Our public address, without a slash at the end."""
        return addresses.public(self.settings, self.company)

    @property
    def secret(self) -> str:
        """What links and forms are signed with."""
        return self.settings.secret.get_secret_value()

    @cached_property
    def minimum(self) -> Money:
        """The smallest budget we work for."""
        return Money.of_major(self.company.studio.minimum_budget, self.company.studio.currency)

    @cached_property
    def office(self) -> list[Staff]:
        """Who may act on the staff pages."""
        return [person for person in self.company.studio.people if person.role in OFFICE_ROLES] or self.company.studio.people

    def service(self, slug: str) -> str:
        """A service as a client reads it; its slug when it is no longer sold."""
        sold = self.company.rates.services.get(slug)
        return sold.name if sold else slug

    def nudge(self) -> None:
        """Tell the workers that there is work."""
        nudges.nudge(self.settings.nudges, self.db)

    def page(self, name: str, record: View, status: int = 200, headers: Mapping[str, str] | None = None, locale: str = "") -> HTMLResponse:
        """Template `name` filled with `record`, as an answer."""
        language = locale or self.company.studio.locale
        html = templates.render(name, record.context(), company=self.settings.company, locale=language)
        return HTMLResponse(html, status_code=status, headers=dict(headers or {}))


def build(settings: Settings, company: Company) -> Door:
    """The door of these settings."""
    now = Clock(settings.clock)
    secret = settings.secret.get_secret_value()
    robots = Robots(secret, settings.apply_per_hour, settings.apply_min_seconds, Counts(secret, settings.redis_url))
    return Door(
        settings=settings, db=Database(settings.database), company=company, now=now, robots=robots, engine=Engine(settings), requests=Requests()
    )  # fmt: skip


async def _door(request: Request) -> Door:
    return request.app.state.door


Here = Annotated[Door, Depends(_door)]
