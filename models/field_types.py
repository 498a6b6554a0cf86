"""Checked kinds of fields in set-up files: addresses, bank numbers, locales, colours. Each error is a sentence."""

from typing import Annotated

from babel import Locale, UnknownLocaleError
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field
from stdnum import bic, iban
from stdnum.exceptions import ValidationError as NumberError


def _address(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise ValueError(f'"{value}" is no e-mail address: {error}') from None


def _locale(value: str) -> str:
    try:
        return str(Locale.parse(value, sep="-" if "-" in value else "_"))
    except (ValueError, UnknownLocaleError):
        raise ValueError(f'there is no locale "{value}"; write it like en_IE') from None


def _iban(value: str) -> str:
    try:
        return iban.validate(value)
    except NumberError as error:
        raise ValueError(f'"{value}" is no IBAN: {error}') from None


def _bic(value: str) -> str:
    try:
        return bic.validate(value)
    except NumberError as error:
        raise ValueError(f'"{value}" is no BIC: {error}') from None


def normal_email(text: str) -> str:
    """The address in its normal form (domain lower-case, IDNA decoded, local part folded); "" if it is none."""
    try:
        return validate_email(text.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError:
        return ""


Email = Annotated[str, AfterValidator(_address)]
Iban = Annotated[str, AfterValidator(_iban)]
Bic = Annotated[str, AfterValidator(_bic)]
LocaleName = Annotated[str, AfterValidator(_locale)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Phone = Annotated[str, Field(pattern=r"^\+[0-9 ()-]{6,24}$")]
