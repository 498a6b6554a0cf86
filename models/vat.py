"""Which VAT a service bears: by where the studio is, where its client is, and whether the client is in business (Directive 2006/112/EC).

Services between firms are taxed where the client is (Article 44): within the European Union the client accounts for the VAT. Work made
to order for somebody without a VAT number is taxed where the studio is (Article 45). The VAT area is not the map: Monaco belongs to
France, Northern Ireland counts for goods alone, overseas departments have codes of their own and lie outside.
"""

from decimal import Decimal

from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

from models.contract import VatRule
from models.studio import Studio

EU = frozenset(
    ("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO",
     "SE", "SI", "SK")
)  # fmt: skip
_BELONGS = {"EL": "GR", "MC": "FR", "IM": "GB", "XI": "GB", "UK": "GB"}
"""Country codes that tax sees as part of another, or by another name."""
_PREFIXES = {"GR": "EL"}
"""VAT numbers of Greece begin with EL."""
STANDARD, REVERSE, OUTSIDE, EXEMPT = "S", "AE", "O", "E"
REVERSE_CODE, OUTSIDE_CODE = "VATEX-EU-AE", "VATEX-EU-O"


def rule(studio: Studio, *, country: str, vat_id: str) -> VatRule:
    """How VAT is charged to a client in `country` (ISO 3166) who gave `vat_id`, "" for none; a number is checked by its digits, not looked up.

    A studio whose own rate is nought charges none: exempt within the European Union, outside of the tax elsewhere.
    """
    home, theirs = territory(studio.country), territory(country)
    if theirs == home:
        return _domestic(studio, home)
    if home not in EU or theirs not in EU:
        return VatRule(category=OUTSIDE, percent="0", note=studio.vat.outside_note, exemption=OUTSIDE_CODE)
    valid = number(country, vat_id)
    if valid and territory(valid[:2]) != home:
        return VatRule(category=REVERSE, percent="0", note=studio.vat.reverse_charge_note, exemption=REVERSE_CODE)
    return _domestic(studio, home, why=_why_domestic(vat_id, valid))


def number(country: str, vat_id: str) -> str:
    """`vat_id` as a VAT number of the European Union with its country's letters (EL for Greece), "" when it is none.

    A number without letters is tried with those of `country`. Neither Northern Ireland's (goods only) nor a one-stop-shop's counts.
    """
    given = "".join(vat_id.upper().split())
    prefix = territory(country)
    for tried in (given, f"{_PREFIXES.get(prefix, prefix)}{given}"):
        if territory(tried[:2]) not in EU:
            continue
        try:
            valid = eu_vat.validate(tried)
        except ValidationError:
            continue
        return _PREFIXES.get(valid[:2], valid[:2]) + valid[2:]
    return ""


def territory(country: str) -> str:
    """The country whose VAT holds there, as ISO 3166: FR for Monaco, GR for EL."""
    code = country.strip().upper()
    return _BELONGS.get(code, code)


def _domestic(studio: Studio, home: str, why: str = "") -> VatRule:
    note = f"{studio.vat.note} {why}".strip()
    if studio.vat.percent:
        return VatRule(category=STANDARD, percent=_plain(studio.vat.percent), note=note)
    if home in EU:
        return VatRule(category=EXEMPT, percent="0", note=note)
    return VatRule(category=OUTSIDE, percent="0", note=note, exemption=OUTSIDE_CODE)


def _why_domestic(vat_id: str, valid: str) -> str:
    if valid:
        return f"The VAT number {valid} is of our own country, so our VAT applies."
    if vat_id.strip():
        return f"“{vat_id.strip()}” is no valid VAT number of another EU country, so our VAT applies."
    return "Without a VAT number of another EU country our VAT applies."


def _plain(percent: Decimal) -> str:
    return f"{percent.normalize():f}"
