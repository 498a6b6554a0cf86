"""The proposal's snapshot: everything page and PDF show, as plain data.

A snapshot is made once per version by `compose` and never looks anything up again: the live page, the PDF and the
contract read the same record. Money is net of VAT unless it says gross; days are working days.
"""

from datetime import date

from pydantic import BaseModel, ConfigDict

from models.money import Money


class Record(BaseModel):
    """Plain data that nobody changes."""

    model_config = ConfigDict(frozen=True)


class Person(Record):
    """Somebody of the studio, as a client meets them."""

    name: str
    role: str
    email: str = ""
    phone: str = ""
    about: str = ""


class StudioCard(Record):
    """The studio on paper: names, address, brand. `logo` is an asset path below the company folder or ""."""

    name: str
    legal_name: str
    address: list[str]
    tax_id: str
    email: str
    phone: str
    website: str
    logo: str
    primary: str
    accent: str


class Quote(Record):
    """One answer of the brief in the client's own words."""

    question: str
    answer: str


class ScopeItem(Record):
    """One countable piece of the work: 12 × page template."""

    title: str
    description: str
    quantity: int
    unit: str


class Node(Record):
    """A page of the first site structure (a screen, for an app)."""

    title: str
    note: str = ""
    children: list["Node"] = []


class Option(Record):
    """An extra the client may tick. `price` is net; `needs` names options that come with it."""

    slug: str
    title: str
    description: str
    price: Money
    days: int
    needs: list[str] = []


class Phase(Record):
    """A bar of the Gantt chart, in working days from the start (0 = first day)."""

    title: str
    start: int
    days: int


class PriceLine(Record):
    """A line of the price, net of VAT."""

    title: str
    net: Money


class PaymentTerm(Record):
    """A part of the payment plan: percent of the gross total and what it is paid for. `after` is the delivery stage that makes it due, or ""."""

    title: str
    percent: int
    when: str
    after: str = ""


class Proof(Record):
    """A case or a client's words that show the studio has done this before."""

    title: str
    text: str
    source: str = ""


class Snapshot(Record):
    """One version of a proposal, whole."""

    number: str
    version: int
    deal_id: int
    service: str
    service_name: str
    title: str
    locale: str
    currency: str
    made_on: date
    valid_until: date
    studio: StudioCard
    client_name: str
    client_company: str
    salesperson: Person
    greeting: str
    task: list[str]
    quotes: list[Quote]
    result: list[str]
    scope: list[ScopeItem]
    structure: list[Node]
    materials: list[str]
    lines: list[PriceLine]
    options: list[Option]
    discount: Money
    discount_reason: str
    exclusions: list[str]
    assumptions: list[str]
    timeline: list[Phase]
    days: int
    team: list[Person]
    payments: list[PaymentTerm]
    vat_percent: str
    vat_note: str
    price_model: str
    price_note: str
    proof: list[Proof]
    next_step: list[str]


class Totals(Record):
    """What a selection costs. `payments` are gross and sum to `gross`; `days` are working days."""

    net: Money
    vat: Money
    gross: Money
    days: int
    payments: list[Money]
