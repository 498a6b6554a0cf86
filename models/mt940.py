"""Bank statements in MT940 (SWIFT), read with mt-940: `:86:` structured (?20 …) or free text."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

import mt940
from mt940.processors import transaction_details_post_processor
from stdnum import iban

from models.money import Money
from models.reading import clean
from models.statement_lines import Parsed, ParsedLine, Unreadable, words

FORMAT = "MT940"
_LINE = re.compile(r":61:[0-9]{6}([0-9]{4}| {4})?R?[DC][A-Z]?[0-9]{1,13},[0-9]{0,3}(?![0-9,])")
_TAG = re.compile(r":[0-9]{2}[A-Z]?:|-\}?$|\{")
_SEGMENT = re.compile(r"\?[0-9]{2}")
_NOTHING = frozenset({"", "NONREF", "NOREF", "NOTPROVIDED"})
_LONGEST_LINE = 2000
_BROKEN = (RuntimeError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError)
"""What mt-940 raises on a tag that it cannot read."""


def looks_like(content: bytes) -> bool:
    """Whether this may be an MT940 file."""
    return re.search(rb"(?m)^:20:", content) is not None and re.search(rb"(?m)^:25:", content) is not None


def read(content: bytes) -> list[Parsed]:
    """The statements of a file. Raises Unreadable with a sentence for whatever is no MT940 or not whole."""
    text = _checked(_decoded(content))
    try:
        found = mt940.parse_statements(text, options=mt940.Options.all(), processors={"post_transaction_details": [_with_raw_text]})
        statements = [_statement(one) for one in found]
    except _BROKEN as error:
        raise Unreadable(f"The file is no whole MT940: {str(error)[:200]}") from None
    expected = len(re.findall(r"(?m)^:61:", text))
    if sum(len(statement.lines) for statement in statements) != expected:
        raise Unreadable(f"The file has {expected} lines (:61:), and not all of them can be told apart.")
    return statements


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _checked(text: str) -> str:
    """The text without what a bank says about the account behind the last balance: it would pass for the last line's."""
    kept, behind, dropping = [], False, False
    for line in text.split("\n"):
        if len(line) > _LONGEST_LINE:
            raise Unreadable("The file is no MT940: a line in it is far too long.")
        if line.startswith(":61:") and not _LINE.match(line):
            raise Unreadable(f"The line “{line[:60]}” cannot be read: the file is damaged, or no MT940.")
        if _TAG.match(line):
            behind = line.startswith((":62", ":64", ":65")) or (behind and line.startswith(":86:"))
            dropping = behind and line.startswith(":86:")
        if not dropping:
            kept.append(line)
    return "\n".join(kept)


def _with_raw_text(transactions: Any, tag: Any, tag_dict: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    raw = tag_dict.get("transaction_details") or ""
    return {**transaction_details_post_processor(transactions, tag, tag_dict, result), "raw": raw}


def _statement(found: Any) -> Parsed:
    opening, closing = _first(found.data, "opening_balance"), _first(found.data, "closing_balance")
    if opening is None or closing is None:
        raise Unreadable("The statement has no opening or no closing balance: the file is not whole.")
    account = str(found.data.get("account_identification") or "")
    if not account:
        raise Unreadable("The statement names no account.")
    currency = opening.amount.currency
    number = "/".join(str(found.data[name]) for name in ("statement_number", "sequence_number") if found.data.get(name))
    return Parsed(
        format=FORMAT, account=_account(account), currency=currency, number=number, opening=_minor(opening.amount.amount, currency),
        closing=_minor(closing.amount.amount, closing.amount.currency), opening_on=_day(opening.date), closing_on=_day(closing.date),
        lines=tuple(_line(one.data, currency) for one in found),
    )  # fmt: skip


def _first(data: dict[str, Any], name: str) -> Any:
    return next((data[f"{kind}{name}"] for kind in ("final_", "intermediate_", "") if f"{kind}{name}" in data), None)


def _account(text: str) -> str:
    """The IBAN, where there is one; banks write the currency behind it."""
    plain = re.sub(r"[^A-Z0-9/]", "", text.upper())
    return next((one for one in (plain, plain[:-3]) if iban.is_valid(one)), plain)


def _line(data: dict[str, Any], currency: str) -> ParsedLine:
    amount = _minor(data["amount"].amount, data["amount"].currency or currency)
    raw, bank_id = str(data.get("raw") or ""), str(data.get("bank_reference") or "").strip()
    is_structured = bool(_SEGMENT.search(raw))
    customer = str(data.get("customer_reference") or "").strip()
    text = words(
        data.get("purpose"), data.get("additional_purpose"), data.get("end_to_end_reference"), "" if customer in _NOTHING else customer,
        _SEGMENT.sub("\n", raw) if is_structured else raw, data.get("extra_details"),
    )  # fmt: skip
    money = Money(amount=abs(amount), currency=currency)
    return ParsedLine(
        on=_day(data.get("entry_date") or data["date"]), direction="in" if amount >= 0 else "out", amount=money, text=text,
        bank_id="" if bank_id in _NOTHING else bank_id, name=clean(str(data.get("applicant_name") or "")),
        iban=_iban(data), is_return=str(data.get("status") or "").upper().startswith("R"),
    )  # fmt: skip


def _iban(data: dict[str, Any]) -> str:
    given = str(data.get("gvc_applicant_iban") or data.get("applicant_iban") or "").replace(" ", "").upper()
    return given if iban.is_valid(given) else ""


def _minor(amount: Decimal, currency: str) -> int:
    money = Money.of_major(amount, currency)
    if money.major != amount:
        raise Unreadable(f"{amount} is no amount of {currency}.")
    return money.amount


def _day(found: date) -> date:
    return date(found.year, found.month, found.day)
