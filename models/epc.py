"""The QR code that banking apps read: a SEPA credit transfer, filled in (EPC069-12, version 002)."""

import segno
from stdnum import bic, iban

from models.invoice import BankAccount
from models.money import Money

_SEPA = frozenset(
    ("AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT",
     "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK", "SM", "VA")
)  # fmt: skip
"""Countries whose accounts SEPA transfers reach (EPC409-09)."""
_NAME_MAX, _CENTS_MAX = 70, 99_999_999_999


def qr(bank: BankAccount, amount: Money, reference: str) -> str:
    """The QR code as an SVG data: address, error correction M, black on white; "" where no SEPA transfer can be meant."""
    lines = payload(bank, amount, reference)
    if not lines:
        return ""
    code = segno.make(lines, error="m", boost_error=False, micro=False, encoding="utf-8")
    return code.svg_data_uri(dark="#000000", light="#ffffff", border=4, omitsize=True, xmldecl=False)


def payload(bank: BankAccount, amount: Money, reference: str) -> str:
    """What the code says, line by line; "" unless it is euros, more than nought, into an account that SEPA reaches."""
    if amount.currency != "EUR" or not 0 < amount.amount <= _CENTS_MAX or not is_sepa(bank.iban):
        return ""
    name = " ".join(bank.holder.split())[:_NAME_MAX].strip()
    head = ["BCD", "002", "1", "SCT", bic.compact(bank.bic), name, iban.compact(bank.iban), f"EUR{amount.major:.2f}"]
    return "\n".join([*head, "", reference]).rstrip("\n")


def is_sepa(account: str) -> bool:
    """Whether an account number is a valid IBAN of a country in SEPA."""
    return iban.compact(account)[:2] in _SEPA and iban.is_valid(account, check_country=False)
