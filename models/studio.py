"""The studio itself: who it is, how it is reached and paid, who works there."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal, Self
from zoneinfo import ZoneInfo

import pycountry
from pydantic import Field, field_validator, model_validator
from stdnum.eu import vat as eu_vat

from models.field_types import Colour, Email, LocaleName, Phone
from models.proposal import StudioCard
from models.setup import SetUp, Slug
from models.terms import Bank, Invoices, LateInterest, PaymentStep, Vat
from models.worktime import OfficeHours

# Roles that sell and lead; the ones that bill hours are named in rates.toml.
OFFICE_ROLES = ("salesperson", "project_manager", "director", "support")


class Legal(SetUp):
    """The entity that signs and invoices."""

    name: str
    registration: str
    tax_id: str
    address: list[str] = Field(min_length=1)


class Brand(SetUp):
    """Logo (a path below the company folder) and colours as #rrggbb."""

    logo: str = ""
    primary: Colour
    accent: Colour


class Staff(SetUp):
    """Somebody who works here. `hourly_cost` is what an hour costs the studio; `capacity` how many open deals they carry at once."""

    name: str
    role: str
    email: Email
    phone: Phone
    hourly_cost: Decimal = Field(ge=0)
    languages: list[str] = Field(min_length=1)
    services: list[Slug] = []
    capacity: int = Field(0, ge=0)
    about: str = ""

    def does(self, service: str) -> bool:
        """Whether they work on `service`; no services named means all of them."""
        return not self.services or service in self.services


class Mail(SetUp):
    """Who letters come from, and where a client writes when nobody else fits."""

    from_name: str
    from_address: Email
    support_address: Email


class SmallBudgets(SetUp):
    """What somebody below the minimum is told, and whom they are sent to."""

    advice: list[str] = Field(min_length=1)
    cheaper_name: str
    cheaper_url: str = ""


class Case(SetUp):
    """Proof that it was done before."""

    title: str
    text: str
    source: str = ""
    services: list[Slug] = []


class ProposalTexts(SetUp):
    """Words of every proposal.

    Blanks: {client_name}, {client_company}, {salesperson}, {low}, {high}, {days}, {days_to_launch}, {valid_until}.
    """

    valid_days: int = Field(ge=1, le=365)
    greeting: str
    price_notes: dict[Literal["fixed", "tm"], str]
    next_step: list[str] = Field(min_length=1)


class Studio(SetUp):
    """`studio.toml`, whole. `public_address` may be empty: then links use the address the system listens on."""

    name: str
    phone: Phone
    email: Email
    website: str = Field(pattern=r"^https?://")
    public_address: str = Field("", pattern=r"^(https?://[^\s/]+)?$")
    country: str
    region: str = ""
    zone: str
    locale: LocaleName
    currency: str
    minimum_budget: int = Field(ge=0)
    office: OfficeHours = OfficeHours(opens=time(9), closes=time(18))
    legal: Legal
    bank: Bank
    brand: Brand
    vat: Vat
    payments: list[PaymentStep]
    invoices: Invoices = Invoices()
    late_interest: LateInterest | None = None
    people: list[Staff] = Field(min_length=1)
    mail: Mail
    small_budgets: SmallBudgets
    proposal: ProposalTexts
    proof: list[Case]

    @field_validator("country")
    @classmethod
    def _country_exists(cls, value: str) -> str:
        if pycountry.countries.get(alpha_2=value) is None:
            raise ValueError(f'there is no country "{value}"; write two letters like IE')
        return value

    @field_validator("currency")
    @classmethod
    def _currency_exists(cls, value: str) -> str:
        if pycountry.currencies.get(alpha_3=value) is None:
            raise ValueError(f'there is no currency "{value}"; write three letters like EUR')
        return value

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            raise ValueError(f'there is no time zone "{value}"; write it like Europe/Dublin') from None
        return value

    @model_validator(mode="after")
    def _tax_id_is_valid(self) -> Self:
        if self.country in {code.upper() for code in eu_vat.MEMBER_STATES} | {"GR"} and not eu_vat.is_valid(self.legal.tax_id):
            raise ValueError(f'legal.tax_id: "{self.legal.tax_id}" is no valid EU VAT number')
        return self

    @property
    def holidays(self) -> str:
        """The calendar that working days follow: "IE", or "DE-BY" with a region."""
        return f"{self.country}-{self.region}" if self.region else self.country

    def today(self, now: datetime) -> date:
        """The day that it is where the studio is."""
        return now.astimezone(ZoneInfo(self.zone)).date()

    def card(self) -> StudioCard:
        """The studio as documents show it."""
        return StudioCard(
            name=self.name,
            legal_name=self.legal.name,
            address=self.legal.address,
            tax_id=self.legal.tax_id,
            email=self.email,
            phone=self.phone,
            website=self.website,
            logo=self.brand.logo,
            primary=self.brand.primary,
            accent=self.brand.accent,
        )

    def with_role(self, role: str, service: str = "") -> list[Staff]:
        """Everybody of `role` who does `service` (any, when empty), in the order of the file."""
        return [person for person in self.people if person.role == role and (not service or person.does(service))]

    def person(self, email: str) -> Staff | None:
        """Who has this address, if anybody."""
        return next((person for person in self.people if person.email.casefold() == email.casefold()), None)
