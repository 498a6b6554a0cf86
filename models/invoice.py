"""What an invoice says, as plain data: made in the issuing transaction, never changed; page, PDF, CII and UBL read the same record."""

from datetime import date

from models.contract import Party
from models.money import Money
from models.proposal import Person, Record, StudioCard


class BankAccount(Record):
    """Where the money goes. IBAN and BIC without spaces."""

    name: str
    holder: str
    iban: str
    bic: str


class InvoiceLine(Record):
    """A line: `quantity` is a decimal as text, `unit` a code of UN/ECE Recommendation 20 (C62 one, HUR hour), `net` = quantity × price."""

    title: str
    description: str = ""
    quantity: str = "1"
    unit: str = "C62"
    price: Money
    net: Money
    category: str
    percent: str


class VatGroup(Record):
    """VAT of one category and rate: rounded half up, once, on the group's net (EN 16931, BR-CO-17)."""

    category: str
    percent: str
    net: Money
    vat: Money
    note: str = ""
    exemption: str = ""


class InvoiceBody(Record):
    """An invoice, credit note or pro-forma, whole. Amounts are positive in a credit note too.

    `number` and `reference` (ISO 11649, RF…) are "" in a pro-forma. `corrects` is the number of the invoice a credit note is for.
    """

    kind: str
    number: str
    reference: str
    title: str
    locale: str
    currency: str
    deal_id: int
    part: int
    parts: int
    issued_on: date
    due_on: date | None
    studio: StudioCard
    seller: Party
    buyer: Party
    salesperson: Person
    contract: str
    contract_on: date | None = None
    order_reference: str = ""
    lines: list[InvoiceLine]
    vat_groups: list[VatGroup]
    net: Money
    vat: Money
    gross: Money
    words: str = ""
    notes: list[str] = []
    bank: BankAccount
    corrects: str = ""
    corrects_on: date | None = None
    reason: str = ""
