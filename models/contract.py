"""The contract's snapshot: everything that its page and PDF show, as plain data, made once per version and never looked up again."""

from datetime import date
from typing import Literal

from models.money import Money
from models.proposal import Option, Person, Phase, Record, ScopeItem, StudioCard


class Party(Record):
    """Somebody who signs or is invoiced. `country` is ISO 3166 (two letters), `address` further lines as printed, country's name last."""

    name: str
    contact: str = ""
    street: str = ""
    extra: str = ""
    postcode: str = ""
    city: str = ""
    country: str
    address: list[str]
    registration: str = ""
    vat_id: str = ""
    email: str = ""
    phone: str = ""


class Clause(Record):
    """A section of the contract; paragraphs are plain text."""

    title: str
    paragraphs: list[str]


class DeliveryTerms(Record):
    """What the clauses mean in figures: rounds of changes included by delivery stage, what a client's silence means, the warranty's months."""

    rounds: dict[str, int] = {}
    rounds_else: int = 1
    silence_accepts: bool = False
    silence_pauses: bool = True
    warranty_months: int = 0

    def rounds_of(self, stage: str) -> int:
        """Rounds of changes that are included in a stage."""
        return self.rounds.get(stage, self.rounds_else)


class Instalment(Record):
    """A payment of the plan: `part` counts from 1, `percent` of the price; gross = net + vat, as its invoice will say.

    `after` names the delivery stage whose acceptance makes it due, "" where the plan leaves that open. A `settled` one was paid into other
    books before the deal was kept here: nobody invoices it again.
    """

    part: int
    title: str
    when: str
    percent: int
    net: Money
    vat: Money
    gross: Money
    after: str = ""
    settled: bool = False


class VatRule(Record):
    """How VAT is charged: category of EN 16931 (S standard, AE reverse charge, O outside, Z zero, E exempt), rate in percent, the words for it.

    `exemption` is the VATEX code ("VATEX-EU-AE") or "".
    """

    category: str
    percent: str
    note: str
    exemption: str = ""


class ContractBody(Record):
    """One version of a contract, whole. `proposal` and `proposal_hash` name the accepted snapshot that it rests on."""

    number: str
    version: int
    deal_id: int
    locale: str
    currency: str
    made_on: date
    title: str
    service_name: str
    studio: StudioCard
    seller: Party
    buyer: Party
    salesperson: Person
    proposal: str
    proposal_hash: str
    accepted_by: str
    accepted_on: date
    intro: list[str]
    clauses: list[Clause]
    scope: list[ScopeItem]
    options: list[Option]
    exclusions: list[str]
    assumptions: list[str]
    materials: list[str]
    timeline: list[Phase]
    days: int
    price_model: str
    price_note: str
    discount: Money
    net: Money
    vat: Money
    gross: Money
    vat_rule: VatRule
    schedule: list[Instalment]
    bank: list[str]
    consent: str
    changes: list[str] = []
    terms: DeliveryTerms = DeliveryTerms()


class Signature(Record):
    """A signature as the evidence page shows it. `how` is mailed code, paper, director's link or the studio's standing rule."""

    side: str
    name: str
    role: str
    email: str
    at: str
    how: str
    address: str = ""
    agent: str = ""
    consent: str = ""


class Evidence(Record):
    """What the evidence page states and the sealed pack carries: hashes are SHA-256 in hex; times are ISO 8601 in UTC.

    `steps` tells the way of the document: sent, opened, code asked, code given, signed, countersigned; each (time, words). Of an act of
    acceptance `contract_hash` names the contract it rests on; `deemed_at` is set where silence accepted and nobody signed.
    """

    number: str
    version: int
    title: str
    body_hash: str
    template_hash: str
    pdf_hash: str
    proposal_hash: str
    signatures: list[Signature]
    steps: list[tuple[str, str]]
    made_at: str
    kind: Literal["contract", "act"] = "contract"
    contract_hash: str = ""
    deemed_at: str = ""
