"""What the pages and documents of contract, invoice and payment show. Posted field names are in the docstrings."""

from datetime import date, datetime
from typing import Literal

from models.act import ActBody
from models.contract import ContractBody, Evidence
from models.invoice import InvoiceBody
from models.money import Money
from models.views import Choice, Form, Page, View


class ContractDocument(View):
    """`documents/contract/print.html`, and the part of the page that is the contract. `logo` is a data: address or ""."""

    body: ContractBody
    zone: str
    logo: str = ""
    link: str = ""
    digest: str = ""


class EvidenceDocument(View):
    """`documents/evidence/print.html`: the page that is joined to a signed contract, or to an act of acceptance."""

    evidence: Evidence
    contract: ContractBody | ActBody
    zone: str
    logo: str = ""
    fingerprint: str = ""


class DetailsForm(View):
    """The form of the contracting party on `pages/contract_details.html`; countries as choices, `problems` by field."""

    countries: list[Choice]
    form: Form = Form()


class ContractDetailsPage(Page):
    """`pages/contract_details.html`, before the contract is made.

    POST /c/{token}/details: legal_name, registration, street, extra, postcode, city, country, vat_id, invoice_email.
    `state` making: they are kept, and the contract is being made (the page reloads itself). `total` is what was accepted.
    """

    token: str
    state: Literal["open", "making", "closed"]
    client_name: str
    service_name: str
    total: Money
    details: DetailsForm
    read_only: bool = False


class ContractPage(Page):
    """`pages/contract.html`: the contract, its PDF at /c/{token}.pdf, and the signing below it.

    POST /c/{token}/code: name, role, email, version. POST /c/{token}/sign: name, role, email, consent, code, version.
    POST /c/{token}/change: text, name, version. `state` countersigning: the client signed, the studio has not yet.
    `code_sent_to` is an address, shown masked, while a code is valid; `tries_left` counts the tries of that code.
    `in_a_moment`: the studio signs by its standing rule, and the page reloads itself until it has.
    `about` names the form that came back with problems.
    """

    token: str
    document: ContractDocument
    state: Literal["open", "change_asked", "countersigning", "signed", "void", "closed", "on_hold"]
    signer_name: str = ""
    signer_role: str = ""
    signer_email: str = ""
    in_a_moment: bool = False
    signed_by: str = ""
    signed_at: datetime | None = None
    code_sent_to: str = ""
    code_until: datetime | None = None
    tries_left: int = 0
    may_resend: bool = True
    changes: list[str] = []
    about: Literal["", "code", "sign", "change"] = ""
    form: Form = Form()
    notice: str = ""
    changed: bool = False
    read_only: bool = False
    invoice_link: str = ""


class CountersignPage(Page):
    """`pages/countersign.html`, the director's. POST /s/{token}: decision (sign, refuse), name, reason, version."""

    token: str
    body: ContractBody
    pdf: str
    state: Literal["open", "signed", "refused", "closed"]
    signed_by: str
    signed_role: str
    signed_at: datetime
    people: list[str] = []
    decided_by: str = ""
    form: Form = Form()


class InvoiceDocument(View):
    """`documents/invoice/print.html`, and the part of the page that is the invoice. `qr` is an SVG data: address (EPC QR) or ""."""

    body: InvoiceBody
    logo: str = ""
    qr: str = ""
    link: str = ""


class Received(View):
    """Money that came in for an invoice."""

    on: date
    amount: Money
    how: str


class InvoicePage(Page):
    """`pages/invoice.html`. PDF at /i/{token}.pdf, XML at /i/{token}.xml (UBL).

    `pay_link` is the provider's page or "". `on_its_way`: the client comes from there and has paid; soon, the page reloads itself until the
    money is in the books. POST /i/{token}/promise: on, text. `corrected_by` are links of credit notes (label, path).
    `other` are further invoices of this client that are open: label, path as value.
    """

    token: str
    document: InvoiceDocument
    state: Literal["open", "overdue", "paid", "credited", "proforma", "credit_note"]
    open: Money
    received: list[Received] = []
    pay_link: str = ""
    can_pay: bool = False
    provider: str = ""
    is_play_money: bool = False
    on_its_way: Literal["", "soon", "late"] = ""
    promised_on: date | None = None
    promise_until: date | None = None
    interest: Money | None = None
    corrected_by: list[Choice] = []
    other: list[Choice] = []
    about: Literal["", "promise"] = ""
    form: Form = Form()
    notice: str = ""
    read_only: bool = False
