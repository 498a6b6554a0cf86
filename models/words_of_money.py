"""An amount in words, as contracts, banks and tax offices of many countries want it beside the figure."""

from babel.numbers import get_currency_precision
from num2words import CONVERTER_CLASSES, num2words

from models.money import Money

CUSTOMARY = frozenset(
    ("AM", "AZ", "BD", "BG", "BY", "DZ", "GE", "ID", "IN", "KG", "KZ", "LK", "LT", "LV", "MA", "MD", "MX", "NP", "PK", "PL", "RS", "RU", "TH", "TN",
     "TR", "UA", "UZ", "VN")
)  # fmt: skip
"""Where readers miss an invoice's total in words.

By law on the invoice: Vietnam (Decree 123/2020), Tunisia and Algeria ("arrêtée la présente facture à la somme de"). By the forms that
accountants still go by: the countries of the former Soviet Union, Poland, Bulgaria, Serbia, Lithuania and Latvia; Turkey ("yalnız");
India and its neighbours ("amount chargeable in words"); Indonesia ("terbilang"), Thailand, Mexico ("importe con letra"), Morocco.
Not so in western Europe, Romania or Spain, where words are for cheques.
"""
_OTHERWISE = "en"
_FAULTY = frozenset({"am", "fr_BE", "fr_CH"})
"""Converters of num2words 0.5 that never end, or say "un millions"."""


def wanted(choice: str, country: str) -> bool:
    """Whether an invoice to `country` shows its total in words: "yes", "no", or "auto": where that is customary."""
    return choice == "yes" or (choice == "auto" and country in CUSTOMARY)


def in_words(money: Money, locale: str) -> str:
    """The amount as `locale` says it, minor units as a fraction: "one thousand, two hundred and thirty EUR 50/100".

    The currency is written as its code, which needs no grammar. A language that nobody has taught us, or that cannot count so far,
    gives way to English.
    """
    decimals = get_currency_precision(money.currency)
    whole, rest = divmod(abs(money.amount), 10**decimals)
    fraction = f" {rest:0{decimals}}/{10**decimals}" if decimals else ""
    return f"{'minus ' if money.amount < 0 else ''}{_said(whole, _language(locale))} {money.currency}{fraction}"


def _said(number: int, language: str) -> str:
    try:
        said = num2words(number, lang=language)
    except OverflowError:
        said = num2words(number, lang=_OTHERWISE)
    return " ".join(said.split())


def _language(locale: str) -> str:
    """The converter of a locale: of its country (en_IN counts in lakhs), else of its language."""
    name = locale.replace("-", "_")
    known = CONVERTER_CLASSES.keys() - _FAULTY
    return next((one for one in (name, name.split("_", maxsplit=1)[0]) if one in known), _OTHERWISE)
