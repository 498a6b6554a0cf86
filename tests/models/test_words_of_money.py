import pycountry
import pytest

from models.money import Money
from models.words_of_money import CUSTOMARY, in_words, wanted


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "words"),
    [
        (123_050, "EUR", "en_IE", "one thousand, two hundred and thirty EUR 50/100"), (100, "EUR", "en", "one EUR 00/100"), (5, "GBP", "en_GB", "zero GBP 05/100"),
        (123_456, "PLN", "pl_PL", "tysiąc dwieście trzydzieści cztery PLN 56/100"), (100_000, "UAH", "uk", "одна тисяча UAH 00/100"),
        (1500, "JPY", "en", "one thousand, five hundred JPY"), (1_234_567, "KWD", "en", "one thousand, two hundred and thirty-four KWD 567/1000"),
        (25_000_000, "INR", "en_IN", "two lakh, fifty thousand INR 00/100"), (100_000_000, "CHF", "fr_CH", "un million CHF 00/100"),
        (700, "EUR", "el_GR", "seven EUR 00/100"), (700, "ETB", "am", "seven ETB 00/100"), (-100, "EUR", "en", "minus one EUR 00/100"), (200, "EUR", "de-AT", "zwei EUR 00/100"),
    ],
)  # fmt: skip
def test_an_amount_is_said_with_its_code_and_its_fraction(amount: int, currency: str, locale: str, words: str) -> None:
    assert in_words(Money(amount=amount, currency=currency), locale) == words


def test_a_language_that_cannot_count_so_far_gives_way_to_english() -> None:
    assert in_words(Money(amount=10**13, currency="INR"), "en_IN") == "one hundred billion INR 00/100"


@pytest.mark.parametrize(("choice", "country", "is_wanted"), [("auto", "PL", True), ("auto", "IN", True), ("auto", "IE", False), ("auto", "DE", False), ("auto", "ES", False),
                                                              ("yes", "DE", True), ("no", "PL", False), ("auto", "", False)])  # fmt: skip
def test_words_are_shown_where_the_studio_or_the_country_wants_them(choice: str, country: str, is_wanted: bool) -> None:
    assert wanted(choice, country) is is_wanted


def test_the_countries_exist() -> None:
    assert all(pycountry.countries.get(alpha_2=country) for country in CUSTOMARY)
