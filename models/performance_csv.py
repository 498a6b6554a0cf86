"""The performance table for spreadsheets: CSV as RFC 4180 has it, UTF-8, decimal points, money in whole units.

A text that a spreadsheet would run as a formula (=, +, -, @, tab) is led by an apostrophe; numbers stay numbers.
"""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal

from babel.numbers import get_currency_precision

from models.company import Company
from models.money import Money
from models.performance import OTHERS, Figures

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The full-width signs mean the same to some spreadsheets."""
FIRST = ("deal", "round", "project", "client", "service", "service_name", "outcome", "closed_on", "currency", "amount", "hours", "planned_hours")
LAST = ("cost", "margin", "margin_percent", "working_days", "calendar_days", "waiting_days", "rounds", "manager", "review", "strangers")
WORDS = frozenset({"project", "client", "service", "service_name", "outcome", "currency", "manager", "strangers"})


def table(company: Company, rows: Sequence[Figures]) -> str:
    """The table with its head. Hours have a column for each role that rates.toml and studio.toml know, and one for the others."""
    roles = list(dict.fromkeys([*company.rates.roles, *(person.role for person in company.studio.people)]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([*FIRST, *(f"hours_{role}" for role in [*roles, OTHERS]), *LAST])
    writer.writerows(_row(row, roles) for row in rows)
    return text.getvalue()


def safe(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _row(row: Figures, roles: Sequence[str]) -> list[str]:
    by_role = {one.role: one.hours for one in row.roles}
    others = sum((many for role, many in by_role.items() if role not in roles), Decimal(0))
    hours = [by_role.get(role, Decimal(0)) for role in roles] + [others]
    plain = row.model_dump() | {"currency": row.amount.currency, "strangers": ", ".join(row.strangers)}
    plain |= {name: _major(getattr(row, name)) for name in ("amount", "cost", "margin")}
    plain |= {name: f"{getattr(row, name):.2f}" for name in ("hours", "planned_hours")}
    return [*(_cell(name, plain[name]) for name in FIRST), *(f"{many:.2f}" for many in hours), *(_cell(name, plain[name]) for name in LAST)]


def _major(money: Money) -> str:
    return f"{money.major:.{get_currency_precision(money.currency)}f}"


def _cell(name: str, value: object) -> str:
    if name in WORDS:
        return safe(str(value))
    return "" if value is None else str(value)
