"""What both e-invoices (CII and UBL) say alike: identifiers of a party, amounts, payment, as EN 16931 wants them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pycountry
from babel.dates import format_date
from babel.numbers import get_currency_precision
from stdnum import iban

from models.contract import Party
from models.epc import is_sepa
from models.errors import Refused
from models.invoice import InvoiceBody
from models.money import Money
from models.vat import OUTSIDE, STANDARD

INVOICE, CREDIT_NOTE = "380", "381"
DECIMALS = 2
"""The most that EN 16931 allows in an amount (BR-DEC)."""
ADDRESS_LINES = 3
_VAT_SCHEMES = {
    "AD": "9922", "AL": "9923", "AT": "9914", "BA": "9924", "BE": "9925", "BG": "9926", "CH": "9927", "CY": "9928", "CZ": "9929", "DE": "9930",
    "DK": "0198", "EE": "9931", "EL": "9933", "ES": "9920", "FI": "0213", "FR": "9957", "GB": "9932", "HR": "9934", "HU": "9910", "IE": "9935",
    "IT": "0211", "LI": "9936", "LT": "9937", "LU": "9938", "LV": "9939", "MC": "9940", "ME": "9941", "MK": "9942", "MT": "9943", "NL": "9944",
    "PL": "9945", "PT": "9946", "RO": "9947", "RS": "9948", "SE": "0007", "SI": "9949", "SK": "9950", "SM": "9951", "TR": "9952", "VA": "9953",
}  # fmt: skip
"""Under which scheme of the electronic address list (EAS) a country's VAT numbers are electronic addresses."""
_ORGANISATION = slice(2, 12)
"""Where a Swedish VAT number holds the number of the organisation, which is what their scheme wants."""
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Endpoint:
    """An electronic address and its scheme (EAS): a VAT number, or EM for e-mail."""

    scheme: str
    id: str


@dataclass(frozen=True)
class Identity:
    """A party's identifiers: `vat` BT-31/48, `tax` BT-32, `legal` BT-30/47, `own` BT-29. Each may be ""."""

    vat: str
    tax: str
    legal: str
    own: str


def why_not(body: InvoiceBody) -> str:
    """Why there is no e-invoice of this, as a sentence; "" where there is one."""
    if body.kind == "proforma":
        return "A pro-forma is no invoice; there is no e-invoice of it."
    amounts = [body.net, body.vat, body.gross, *(line.net for line in body.lines), *(group.vat for group in body.vat_groups)]
    if any(-int(amount.major.normalize().as_tuple().exponent) > DECIMALS for amount in amounts if amount.amount):
        return f"European e-invoices know no thousandths of {body.currency}."
    return ""


def check(body: InvoiceBody) -> None:
    """Raise Refused where there is no e-invoice of this."""
    if reason := why_not(body):
        raise Refused(reason)


def type_code(body: InvoiceBody) -> str:
    """380 invoice, 381 credit note (UNTDID 1001)."""
    return CREDIT_NOTE if body.kind == "credit_note" else INVOICE


def seller(body: InvoiceBody) -> Identity:
    """The seller's identifiers. Outside of VAT its VAT number may not be told as one (BR-O-02); something must name it (BR-CO-26)."""
    party, outside = body.seller, _is_outside(body)
    given = clean(party.vat_id or body.studio.tax_id)
    vat = "" if outside else _vat_number(given)
    legal = clean(party.registration)
    return Identity(vat=vat, tax="" if vat else given, legal=legal, own="" if vat or legal else given or clean(party.name))


def buyer(body: InvoiceBody) -> Identity:
    """The buyer's identifiers; outside of VAT the VAT number is left out (BR-O-02)."""
    party = body.buyer
    return Identity(vat="" if _is_outside(body) else _vat_number(clean(party.vat_id)), tax="", legal=clean(party.registration), own="")


def endpoint(party: Party, tax_id: str = "") -> Endpoint | None:
    """Where a party receives e-invoices: under its VAT number where the list has a scheme for those, else its mail address."""
    number = _vat_number(clean(party.vat_id or tax_id))
    if scheme := _VAT_SCHEMES.get(number[:2]):
        return Endpoint(scheme, number[_ORGANISATION] if number.startswith("SE") else number)
    return Endpoint("EM", clean(party.email)) if party.email else None


def address_lines(party: Party) -> list[str]:
    """Up to three lines of an address without postcode, town and country; printed lines where there is no street."""
    lines = [clean(line) for line in ((party.street, party.extra) if party.street else party.address[:-1])]
    lines = [line for line in lines if line]
    return [*lines[: ADDRESS_LINES - 1], ", ".join(lines[ADDRESS_LINES - 1 :])] if len(lines) > ADDRESS_LINES else lines


def amount(money: Money) -> str:
    """An amount as XML writes it: major units, as many decimals as the currency has, two at most."""
    return f"{money.major:.{min(get_currency_precision(money.currency), DECIMALS)}f}"


def plain(number: str) -> str:
    """A decimal without an exponent or idle noughts: "1.50" gives "1.5"."""
    return f"{Decimal(number).normalize():f}"


def means_code(body: InvoiceBody) -> str:
    """How to pay (UNTDID 4461): 58 SEPA credit transfer, 30 credit transfer, 1 (nothing said) in a credit note."""
    if body.kind == "credit_note":
        return "1"
    return "58" if body.currency == "EUR" and is_sepa(body.bank.iban) else "30"


def account(body: InvoiceBody) -> str:
    """The account to pay to, without spaces."""
    return iban.compact(body.bank.iban)


def terms(body: InvoiceBody) -> str:
    """The payment terms in words."""
    if body.kind == "credit_note":
        return f"Set off against invoice {clean(body.corrects)}, or paid back."
    return f"Please pay by {format_date(body.due_on, 'd MMMM yyyy', locale='en')}." if body.due_on else "Please pay on receipt."


def buyer_reference(body: InvoiceBody) -> str:
    """What the buyer finds the invoice by: their order's number, else the contract's (Peppol wants one of them)."""
    return clean(body.order_reference or body.contract or body.number)


def reasons(category: str, note: str, code: str) -> tuple[str, str]:
    """Exemption reason as text and as code; none for the standard rate, which may have none (BR-S-10)."""
    if category in (STANDARD, "Z"):
        return "", ""
    return clean(note) or ("" if code else "Exempt from VAT."), code


def has_rate(category: str) -> bool:
    """Whether a rate is told: not outside of VAT (BR-O-05)."""
    return category != OUTSIDE


def clean(text: str) -> str:
    """`text` on one line, without characters that XML cannot hold."""
    return " ".join(_FORBIDDEN.sub(" ", text).split())


def notes(body: InvoiceBody) -> str:
    """All notes as one: reason of a credit note, amount in words, free notes. Peppol allows one only (R002)."""
    words = f"In words: {body.words}." if body.words else ""
    return " ".join(clean(one) for one in (body.reason, *body.notes, words) if clean(one))


def _is_outside(body: InvoiceBody) -> bool:
    return any(group.category == OUTSIDE for group in body.vat_groups)


def _vat_number(given: str) -> str:
    """`given` where it begins like a VAT number, with a country's letters (BR-CO-09)."""
    number = re.sub(r"[^0-9A-Z]", "", given.upper())
    known: Sequence[str] = ("EL", "XI")
    has_country = number[:2] in known or pycountry.countries.get(alpha_2=number[:2]) is not None
    return number if has_country and any(sign.isdigit() for sign in number[2:]) else ""
