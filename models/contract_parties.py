"""The two parties of a contract: the client by the details they typed, checked offline; the studio by studio.toml."""

from typing import Any

import pycountry
from babel import Locale
from pydantic import ValidationError
from stdnum import get_cc_module
from stdnum.eu import vat as eu_vat

from models import vat
from models.cash_answers import ContractDetails
from models.company import Company
from models.contract import Party
from models.errors import Invalid
from models.field_types import normal_email
from models.tables import Client

PREFIXES = {"GR": "EL"}
"""Countries whose VAT numbers begin with other letters than their own; Northern Ireland's (XI) stands beside the United Kingdom's."""


def problems_of(details: ContractDetails) -> dict[str, str]:
    """What is wrong with details, as sentences by field. Nothing outside is asked."""
    problems = {}
    if not pycountry.countries.get(alpha_2=details.country):
        problems["country"] = "Please choose a country."
    elif details.vat_id:
        try:
            vat_number(details.country, details.vat_id)
        except Invalid as wrong:
            problems["vat_id"] = str(wrong)
    if details.invoice_email and not normal_email(details.invoice_email):
        problems["invoice_email"] = "This does not look like an e-mail address."
    return problems


def tidy(details: ContractDetails) -> dict[str, Any]:
    """Details as they are kept: the VAT number compact with its country's letters, the address normalised.

    Raises Invalid with a sentence for what is wrong.
    """
    wrong = problems_of(details)
    if wrong:
        raise Invalid(" ".join(wrong.values()))
    number = vat_number(details.country, details.vat_id) if details.vat_id else ""
    email = normal_email(details.invoice_email) if details.invoice_email else ""
    return details.model_dump() | {"vat_id": number, "invoice_email": email}


def vat_number(country: str, text: str) -> str:
    """A VAT number of `country`, compact, with its letters before it: check digits hold for EU countries and others whose numbers are known.

    Raises Invalid. A country whose numbers nobody knows takes any letters and digits.
    """
    number = "".join(sign for sign in text.upper() if sign.isalnum() and sign.isascii())
    home = vat.territory(country)
    prefix = "XI" if home == "GB" and number.startswith("XI") else PREFIXES.get(home, home)
    bare = number.removeprefix(prefix).removeprefix(country)
    if prefix.lower() in {*eu_vat.MEMBER_STATES, "el"}:
        if eu_vat.is_valid(prefix + bare):
            return eu_vat.compact(prefix + bare)
    else:
        known = get_cc_module(home.lower(), "vat")
        is_foreign = number[:2].lower() in {*eu_vat.MEMBER_STATES, "el"} and eu_vat.is_valid(number)
        if bare and not is_foreign and (known is None or known.is_valid(number)):
            return prefix + bare
    raise Invalid(f"This is no valid VAT number of {country_name(country)}, where the address is; one begins with {prefix}. Or leave it empty.")


def country_name(code: str, locale: str = "en") -> str:
    """A country's name as `locale` writes it; its letters when there is none."""
    return Locale.parse(locale.replace("-", "_")).territories.get(code) or code


def details_of(client: Client) -> ContractDetails | None:
    """The details that a client gave, whole and valid; None as long as they have to be asked for."""
    if not client.details:
        return None
    given = ContractDetails.model_validate(client.details)
    return None if problems_of(given) else given


def changed(client: Client, given: dict[str, str]) -> dict[str, Any]:
    """A client's details with some of them given anew. Raises Invalid with a sentence for what is wrong."""
    try:
        return tidy(ContractDetails.model_validate(client.details | given)) if given else client.details
    except ValidationError as error:
        problem = error.errors()[0]
        raise Invalid(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}.") from None


def signer(text: str) -> str:
    """A signer's address in its normal form, "" for none. Raises Invalid when it is none."""
    email = normal_email(text)
    if text.strip() and not email:
        raise Invalid(f'"{text[:100]}" is no e-mail address.')
    return email


def buyer(client: Client, details: ContractDetails, locale: str) -> Party:
    """The client as the contract names them; the country's name is written as `locale` writes it."""
    town = f"{details.postcode} {details.city}".strip()
    lines = [details.street, details.extra, town, country_name(details.country, locale)]
    return Party(
        name=details.legal_name, contact=client.name, street=details.street, extra=details.extra, postcode=details.postcode, city=details.city,
        country=details.country, address=[line for line in lines if line], registration=details.registration, vat_id=details.vat_id,
        email=client.email, phone=client.phone,
    )  # fmt: skip


def seller(company: Company) -> Party:
    """The studio as it signs and invoices."""
    studio = company.studio
    return Party(
        name=studio.legal.name, country=studio.country, address=studio.legal.address, registration=studio.legal.registration,
        vat_id=studio.legal.tax_id, email=studio.email, phone=studio.phone,
    )  # fmt: skip
