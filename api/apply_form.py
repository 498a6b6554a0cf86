"""The intake form, read: what somebody typed, as an application, or sentences on what is missing."""

import re

from babel import Locale, UnknownLocaleError

from api.posted import Posted
from models.answers import Application
from models.company import Company
from models.intake import normal_email
from models.money import Money
from models.pages import Choice, Source

SOURCE = (*Source.model_fields, "gclid")
BUDGET_MOST = 1_000_000_000
_LONGEST = {"name": 200, "email": 320, "phone": 50, "company": 200, "message": 10_000}
_THOUSANDS = re.compile(r"(?<=\d)[ .,'’\u00a0\u202f](?=\d{3}(\D|$))")
_BUDGET = re.compile(r"(\d{1,12}(?:[.,]\d{1,2})?)\s*(k?)")


def services(company: Company) -> list[Choice]:
    """What can be asked for."""
    return [
        Choice(value=slug, label=service.name, hint=service.title if "{" not in service.title else "")
        for slug, service in company.rates.services.items()
    ]


def read(posted: Posted, company: Company) -> tuple[Application | None, dict[str, str]]:
    """The application, or the problems by field in the order of the form."""
    problems: dict[str, str] = {}
    service, email = posted.one("service"), posted.one("email")
    if service not in company.rates.services:
        problems["service"] = "Please choose what you need."
    if not posted.one("name"):
        problems["name"] = "Please tell us your name."
    if not email:
        problems["email"] = "Please give us your e-mail address: the questionnaire and the proposal go there."
    elif not normal_email(email):
        problems["email"] = "This does not look like an e-mail address. Is a part of it missing?"
    budget, wrong = read_budget(posted.one("budget"), company.studio.currency)
    if wrong:
        problems["budget"] = wrong
    problems |= {name: f"Please keep this under {most:,} characters." for name, most in _LONGEST.items() if len(posted.one(name)) > most}
    if problems:
        order = ("service", "name", "email", "phone", "company", "budget", "message")
        return None, {name: problems[name] for name in order if name in problems}
    typed = {name: posted.one(name) for name in _LONGEST}
    return Application(service=service, budget=budget, source=source_of(posted), **typed), {}


def source_of(posted: Posted) -> dict[str, str]:
    """Campaign parameters and referrer, where there are any."""
    return {name: posted.one(name)[:500] for name in SOURCE if posted.one(name)}


def read_budget(text: str, currency: str) -> tuple[float | None, str]:
    """A budget in major units out of what people type ("€ 20,000", "20k"), or a sentence; nothing is no budget."""
    plain = text.lower().replace(currency.lower(), "").replace(symbol(currency), "").strip()
    if not plain:
        return None, ""
    found = _BUDGET.fullmatch(_THOUSANDS.sub("", plain).strip())
    if not found:
        return None, "Please give the budget as a number, such as 20000."
    amount = float(found[1].replace(",", ".")) * (1000 if found[2] else 1)
    if amount > BUDGET_MOST:
        return None, "Please check the budget: that is more than we can count."
    return float(Money.of_major(str(amount), currency).major), ""


def symbol(currency: str) -> str:
    """The sign of a currency in English."""
    return Locale("en").currency_symbols.get(currency, currency).lower()


def is_locale(text: str) -> bool:
    """Whether dates and sums can be written for readers of this locale ("en_IE", "de-DE")."""
    try:
        Locale.parse(text.replace("-", "_"))
    except (ValueError, UnknownLocaleError, TypeError):
        return False
    return True
