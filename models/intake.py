"""Intake: who applied, whether we know them, whether it is a new deal, and whose it becomes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import phonenumbers
from sqlmodel import Session, col, func, or_, select

from models import facts, inbox
from models.answers import Application, Joined
from models.db import serialise
from models.errors import Missing
from models.field_types import normal_email
from models.money import Money
from models.studio import Staff
from models.tables import Client, Deal, Fact
from models.tracks import CLOSED, Sales

SAME_APPLICATION = timedelta(hours=24)
JOINS = "intake"
NEVER = datetime.min.replace(tzinfo=UTC)
LARGEST_BUDGET = 1_000_000_000


@dataclass(frozen=True)
class Contact:
    """A person as we can reach them: e-mail in its normal form, phone in E.164, either may be empty."""

    name: str
    email: str
    phone: str
    company: str


def normal_phone(text: str, country: str) -> str:
    """The number in E.164 (+35312345678), read as dialled in `country` (ISO 3166); "" if it is none."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_possible_number(number) else ""


def contact(application: Application, country: str) -> Contact:
    """Who applied, normalised."""
    words = " ".join(application.name.split())[:200]
    company = " ".join(application.company.split())[:200]
    return Contact(words or application.email, normal_email(application.email), normal_phone(application.phone, country), company)


@dataclass(frozen=True)
class Admitted:
    """The deal an application belongs to, and whether it was opened by it."""

    deal: Deal
    is_new: bool


def admit(
    session: Session, fact: Fact, who: Contact, application: Application, *, currency: str, locale: str, now: datetime
) -> Admitted:
    """The deal of an application: the one it opens, or the one it joins as a fact. Telling it again gives the same.

    It joins when the same contact asked for the same service within 24 hours, or has an open deal for it.
    """
    for name in sorted(filter(None, (who.email, who.phone, who.name))):
        serialise(session, f"contact/{name}")
    session.refresh(fact)
    if fact.deal_id:
        return Admitted(session.get_one(Deal, fact.deal_id), is_new=not _has_joined(session, fact))
    client = _recognise(session, who) or _new_client(session, who, application, locale, now)
    deal = _same_work(session, client, application.service, now)
    if deal:
        fact.deal_id = deal.id
        session.add(fact)
        joined = Joined(application=fact.id or 0, message=application.message[:5000])
        inbox.tell(session, deal.id or 0, joined, source=JOINS, external_id=f"joined/{fact.id}", actor=fact.actor, now=now)
        return Admitted(deal, is_new=False)
    budget = _budget(application.budget, currency)
    deal = Deal(
        client_id=client.id or 0, service=application.service, currency=currency, locale=client.locale, opened_at=now,
        budget=budget, message=application.message, source=dict(application.source),
    )  # fmt: skip
    session.add(deal)
    session.flush()
    fact.deal_id = deal.id
    session.add(fact)
    return Admitted(deal, is_new=True)


def _budget(named: float | None, currency: str) -> int | None:
    """The budget in minor units; None for a figure that nobody can mean."""
    if named is None or not 0 <= named <= LARGEST_BUDGET:
        return None
    return Money.of_major(Decimal(str(named)), currency).amount


def is_below(deal: Deal, minimum: Money) -> bool:
    """Whether the client named a budget, and it is below our minimum."""
    return deal.budget is not None and deal.budget < minimum.amount


def choose(people: Sequence[Staff], service: str, language: str, load: Counter[str], last: dict[str, datetime]) -> Staff | None:
    """The salesperson for a deal: sells the service, speaks the language, has the most room; the longest without a new one first.

    When nobody fits service and language, service alone decides, then anybody who sells.
    """
    sellers = [person for person in people if person.role == "salesperson"]
    able = [person for person in sellers if not person.services or service in person.services]
    fluent = [person for person in able if not person.languages or language in person.languages]
    pool = fluent or able or sellers
    return min(pool, key=lambda p: (load[p.email] / max(p.capacity, 1), last.get(p.email, NEVER), p.email)) if pool else None


def loads(session: Session) -> tuple[Counter[str], dict[str, datetime]]:
    """Open deals by salesperson, and when each was last given one."""
    open_deals = select(Deal.salesperson, func.count()).where(col(Deal.sales).not_in([*CLOSED, Sales.WON])).group_by(Deal.salesperson)
    last = select(Deal.salesperson, func.max(Deal.opened_at)).group_by(Deal.salesperson)
    return Counter(dict(session.exec(open_deals).all())), dict(session.exec(last).all())


def _recognise(session: Session, who: Contact) -> Client | None:
    """The client with this address; or with this number, where one of the two has no address.

    A number alone says nothing against two different addresses: anybody can type somebody else's, and would be written to in their place.
    """
    same = [column == value for column, value in ((Client.email, who.email), (Client.phone, who.phone)) if value]
    if not same:
        return None
    known = session.exec(select(Client).where(or_(*same)).order_by(col(Client.id))).all()
    by_mail = [client for client in known if who.email and client.email == who.email]
    by_phone = [client for client in known if not (who.email and client.email)]
    return next(iter(by_mail or by_phone), None)


def _new_client(session: Session, who: Contact, application: Application, locale: str, now: datetime) -> Client:
    client = Client(
        name=who.name, email=who.email, phone=who.phone, company=who.company, locale=application.locale or locale, opened_at=now
    )
    session.add(client)
    session.flush()
    return client


def _same_work(session: Session, client: Client, service: str, now: datetime) -> Deal | None:
    mine = select(Deal).where(Deal.client_id == client.id, Deal.service == service).order_by(col(Deal.id).desc())
    for deal in session.exec(mine):
        is_open = deal.sales not in CLOSED and deal.sales != Sales.WON
        if is_open or deal.opened_at > now - SAME_APPLICATION:
            return deal
    return None


def _has_joined(session: Session, fact: Fact) -> bool:
    """Whether an application joined its deal. The one that opened it may have come later: an earlier one's worker died, say."""
    return session.exec(select(Fact.id).where(Fact.source == JOINS, Fact.external_id == f"joined/{fact.id}")).first() is not None


def applications(session: Session, deal_id: int) -> list[Fact]:
    """The applications that opened or joined a deal."""
    return facts.of_deal(session, deal_id, Application.kind)


def status(session: Session, application_id: int) -> dict[str, Any]:
    """What became of an application: {id, state, deal}; state is received, opened, joined or suspected. Raises Missing."""
    fact = session.get(Fact, application_id)
    if fact is None or fact.kind not in {Application.kind, "application.suspected"}:
        raise Missing(f"There is no application {application_id}.")
    if fact.kind != Application.kind:
        return {"id": application_id, "state": "suspected", "deal": None}
    if fact.deal_id is None:
        return {"id": application_id, "state": "received", "deal": None}
    return {"id": application_id, "state": "joined" if _has_joined(session, fact) else "opened", "deal": fact.deal_id}
