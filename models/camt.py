"""Bank statements in camt.053 (ISO 20022), versions .02 to .13, read with pycamt.

pycamt finds an amount, a reference and a currency anywhere below an entry, so the amount that a payer instructed in another currency,
or the fee beside it, passes for what was booked, and every part of a batch gets one reference. Those three are read here by their place;
so are balances, which it turns into floats.
"""

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree  # ty: ignore[missing-module-member]  (written in C, without types)
from pycamt.parser import Camt053Parser

from models.money import Money
from models.reading import clean
from models.statement_lines import Parsed, ParsedLine, Unreadable, words

FORMAT = "camt.053"
MOST_TAGS = 2_000_000
_ROOT = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(\d{2})\}Document")
_ENCODINGS = {"utf-8": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "iso-8859-1": "latin-1", "latin1": "latin-1",
              "iso-8859-15": "iso-8859-15", "windows-1252": "cp1252"}  # fmt: skip
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["'][^>]*\?>""", re.ASCII)
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_MARKUP = re.compile(r"<!(?!--|\[CDATA\[)", re.IGNORECASE)
_NO_ID = frozenset({"NOTPROVIDED", "NONREF", "NOREF", "NOTAVAILABLE"})
_OPENING, _CLOSING = ("OPBD", "PRCD", "ITBD"), ("CLBD", "ITBD")


def read(content: bytes) -> list[Parsed]:
    """The statements of a file. Raises Unreadable with a sentence for whatever is no camt.053, not whole, or dangerous to read."""
    reader = _Reader(_parsed(content))
    statements = [reader.statement(one) for one in reader.tree.iterfind("{*}BkToCstmrStmt/{*}Stmt")]
    if not statements:
        raise Unreadable("There is no statement in this file.")
    return statements


def _parsed(content: bytes) -> etree._Element:
    """The document's root. What could make a parser do more than read is refused before one sees it."""
    text = _text(content)
    if _MARKUP.search(text):
        raise Unreadable("The file declares a DOCTYPE or entities; no bank statement needs them, and it is not read.")
    if text.count("<") > MOST_TAGS:
        raise Unreadable("The file has more elements than any bank statement; it is not read.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(_DECLARATION.sub("", text, count=1).strip().encode(), parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"The file is no whole XML: it breaks off or is damaged ({str(error)[:200]}).") from None
    if not _ROOT.fullmatch(str(root.tag)):
        shown = etree.QName(root.tag).namespace or etree.QName(root.tag).localname
        raise Unreadable(f"This is not a camt.053 statement but {shown[:100]}. Ask the bank for account statements as camt.053.")
    return root


def _text(content: bytes) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in content[:4096]:
        raise Unreadable("The file is written in UTF-16 or holds binary data; a statement is written in UTF-8.")
    plain = content.removeprefix(b"\xef\xbb\xbf")
    declared = _DECLARED.match(plain)
    name = declared.group(1).decode().lower() if declared else "utf-8"
    if name not in _ENCODINGS:
        raise Unreadable(f"The file says that it is written in {name}; a statement is written in UTF-8.")
    try:
        return plain.decode(_ENCODINGS[name])
    except UnicodeDecodeError:
        raise Unreadable(f"The file is not written in {name} as it says, or is damaged.") from None


class _Reader(Camt053Parser):
    """pycamt's reader over a tree that is known to be harmless."""

    def __init__(self, root: Any) -> None:
        self.tree = root
        # pycamt looks elements up without a prefix, whatever prefix the bank chose.
        self.namespaces = {None: etree.QName(root.tag).namespace}
        self.version = self._detect_version()

    def statement(self, found: Any) -> Parsed:
        """One statement with its booked lines."""
        account = self._find_text(found, "Acct/Id/IBAN")
        if not account:
            raise Unreadable("The statement names no IBAN: nobody can say whose account it is.")
        currency = self._find_text(found, "Acct/Ccy") or ""
        opening, opening_on, first = self._balance(found, _OPENING, 0)
        closing, closing_on, last = self._balance(found, _CLOSING, -1)
        currency = currency or first or last
        entries = [entry for entry in found.iterfind("{*}Ntry") if self._parse_status(entry.find("Sts", self.namespaces)) in (None, "BOOK")]
        lines = [line for entry in entries for line in self._lines(entry, currency)]
        number = self._find_text(found, "LglSeqNb") or self._find_text(found, "ElctrncSeqNb") or self._find_text(found, "Id") or ""
        return Parsed(
            format=FORMAT, account=account.replace(" ", "").upper(), currency=currency or (lines[0].amount.currency if lines else ""),
            number=number[:70], opening=opening, closing=closing, opening_on=opening_on, closing_on=closing_on, lines=tuple(lines),
        )  # fmt: skip

    def _balance(self, found: Any, codes: tuple[str, ...], place: int) -> tuple[int | None, date | None, str]:
        """A balance in minor units, its day and currency: of the first of these codes that there is."""
        by_code: dict[str, list[Any]] = {}
        for one in found.iterfind("{*}Bal"):
            by_code.setdefault(self._find_text(one, "Tp/CdOrPrtry/Cd") or "", []).append(one)
        one = next((by_code[code][place] for code in codes if code in by_code), None)
        if one is None:
            return None, None, ""
        money = _money(one.find("Amt", self.namespaces), "")
        sign = -1 if self._find_text(one, "CdtDbtInd") == "DBIT" else 1
        return sign * money.amount, _day(self._find_text(one, "Dt/Dt") or self._find_text(one, "Dt/DtTm")), money.currency

    def _lines(self, entry: Any, currency: str) -> list[ParsedLine]:
        """The lines of an entry: one for each transaction of a batch where their amounts make up the entry's, else one for all."""
        common = self._extract_common_entry_data(entry, None)
        booked = _money(entry.find("Amt", self.namespaces), currency)
        details = entry.findall("NtryDtls/TxDtls", self.namespaces)
        parts = [self._detail(one, common, booked.currency) for one in details] if len(details) > 1 else []
        lines = [part for part in parts if part]
        whole = booked.amount if common["CreditDebitIndicator"] == "CRDT" else -booked.amount
        if lines and len(lines) == len(details) and sum(line.signed for line in lines) == whole:
            return lines
        only = details[0] if len(details) == 1 else None
        name, iban = _other_side(self._extract_transaction_details(only) if only is not None else {}, common["CreditDebitIndicator"] or "")
        bank_id = self._find_text(entry, "AcctSvcrRef") or self._find_text(only, "Refs/AcctSvcrRef")
        text = words(*(self._detail_text(one) for one in details), common["AdditionalEntryInformation"])
        return [_line(common, booked, text, bank_id, name, iban)]

    def _detail(self, one: Any, common: dict[str, Any], currency: str) -> ParsedLine | None:
        """One transaction of a batch; None where it does not say what it was booked with."""
        found = one.find("Amt", self.namespaces)
        if found is None:
            found = one.find("AmtDtls/TxAmt/Amt", self.namespaces)
        if found is None or (found.get("Ccy") or currency) != currency:
            return None
        detail = {**common, "CreditDebitIndicator": self._find_text(one, "CdtDbtInd") or common["CreditDebitIndicator"]}
        name, iban = _other_side(self._extract_transaction_details(one), detail["CreditDebitIndicator"] or "")
        bank_id = self._find_text(one, "Refs/AcctSvcrRef") or self._find_text(one, "Refs/TxId")
        return _line(detail, _money(found, currency), self._detail_text(one), bank_id, name, iban)

    def _detail_text(self, one: Any) -> str:
        """All that the payer wrote: references, free text, invoice numbers, the end-to-end id."""
        structured = [
            text for path in ("CdtrRefInf/Ref", "RfrdDocInf/Nb", "AddtlRmtInf")
            for text in (found.text for found in one.iterfind(f"{{*}}RmtInf/{{*}}Strd/{'/'.join(f'{{*}}{tag}' for tag in path.split('/'))}"))
        ]  # fmt: skip
        free = [found.text for found in one.iterfind("{*}RmtInf/{*}Ustrd")]
        end_to_end = self._find_text(one, "Refs/EndToEndId") or ""
        # One long text is cut into several elements, in the middle of words: joined, a number in it is whole again.
        return words(*structured, "".join(text or "" for text in free), *free, "" if end_to_end in _NO_ID else end_to_end)


def _line(common: dict[str, Any], amount: Money, text: str, bank_id: str | None, name: str, iban: str) -> ParsedLine:
    on, way = _day(common["BookingDate"] or common["ValueDate"]), common["CreditDebitIndicator"]
    if on is None or way not in {"CRDT", "DBIT"}:
        raise Unreadable(f"A line of {amount.format()} has no day, or does not say whether it came or went.")
    own = "" if (bank_id or "").upper() in _NO_ID else (bank_id or "")
    return ParsedLine(
        on=on, direction="in" if way == "CRDT" else "out", amount=amount, text=text, bank_id=own, name=name, iban=iban,
        is_return=common["ReversalIndicator"] in {"true", "1"},
    )  # fmt: skip


def _other_side(detail: dict[str, Any], way: str) -> tuple[str, str]:
    who = "Debtor" if way == "CRDT" else "Creditor"
    return clean(detail.get(f"{who}Name") or ""), (detail.get(f"{who}IBAN") or "").replace(" ", "")


def _money(found: Any, currency: str) -> Money:
    """An amount by its place; always positive."""
    text = (found.text or "").strip() if found is not None else ""
    try:
        amount = Money.of_major(Decimal(text), found.get("Ccy") or currency)
        exact = amount.major == Decimal(text)
    except (InvalidOperation, ValueError):
        raise Unreadable(f'"{text[:40]}" is no amount of money.') from None
    if not exact or amount.amount < 0:
        raise Unreadable(f'"{text[:40]}" is no amount of {amount.currency}.')
    return amount


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise Unreadable(f'"{text[:40]}" is no day.') from None
