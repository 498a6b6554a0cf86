"""A letter's head: fields, addresses, ids, dates. Whatever stands there is read within bounds, and nothing raises.

The standard library's parsers recurse on "((((", or raise on a broken encoded word.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import unquote_to_bytes

from models import mail_charset
from models.field_types import normal_email
from models.message import one_line
from models.reading import clean

MOST_FIELDS, MOST_ADDRESSES, MOST_IDS = 300, 50, 50
LONGEST_FIELD, LONGEST_LIST, LONGEST_ID, LONGEST_ADDRESS = 2_000, 20_000, 250, 320
_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:(.*)", re.DOTALL)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN_WORDS = re.compile(r"(?<=\?=)\s+(?==\?)")
_ID = re.compile(r"<([^<>\s]{1,248})>")
_PARAMETER = re.compile(r""";\s*([^\s=;"]{1,60})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)""", re.DOTALL)
_NUMBERED = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
YEARS = range(1990, 2101)


@dataclass(frozen=True)
class Head:
    """The fields of a letter or of one of its parts, in order: (name in lower case, value on one line, not decoded)."""

    fields: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, block: bytes) -> Self:
        """The fields of a block of lines; what is no field is left out."""
        lines = _FOLD.sub(b"", block).split(b"\n", MOST_FIELDS)[:MOST_FIELDS]
        found = [match for match in map(_FIELD.match, lines) if match]
        return cls(tuple((match[1].decode("ascii").lower(), _raw(match[2])) for match in found))

    def one(self, name: str) -> str:
        """The first field of this name; "" when there is none."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list[str]:
        """Every field of this name."""
        return [value for field, value in self.fields if field == name]

    def words(self, name: str) -> str:
        """The first field of this name as people read it, on one line."""
        return words(self.one(name)[:LONGEST_FIELD])


def words(value: str) -> str:
    """A field with its encoded words (RFC 2047) decoded, on one line, nothing in it that turns the order of letters; a broken one stays."""
    pieces: list[tuple[str, bytes]] = []
    at, text = 0, _BETWEEN_WORDS.sub("", value)
    for word in _WORD.finditer(text):
        pieces += [("", text[at : word.start()].encode("utf-8", "replace"))] * (word.start() > at)
        charset = word[1].partition("*")[0].lower()
        content = _unpacked(word[2].lower(), word[3])
        if pieces and pieces[-1][0] == charset:  # one character may be spread over two words
            content = pieces.pop()[1] + content
        pieces.append((charset, content))
        at = word.end()
    pieces.append(("", text[at:].encode("utf-8", "replace")))
    return one_line(clean("".join(mail_charset.decoded(content, charset or "utf-8") for charset, content in pieces)))


def addresses(values: list[str]) -> list[tuple[str, str]]:
    """(name, address) of everybody in these fields; addresses in the form that clients have here, "" where it is none."""
    found = []
    for one in _mailboxes(",".join(values)[:LONGEST_LIST]):
        name, inside, rest = one.rpartition("<")
        if inside:
            spec = rest.partition(">")[0]
        else:
            name, spec = "", rest
        if "<" in _QUOTED.sub("", name):  # two addresses in one place: which one is meant, mail programs do not agree
            spec = ""
        shown = words(_ESCAPED.sub(r"\1", name.strip().removeprefix('"').removesuffix('"')))[:200]
        found.append((shown, address(spec)))
        if len(found) == MOST_ADDRESSES:
            break
    return found


def address(text: str) -> str:
    """One bare address in the form that clients have here; "" if it is none."""
    spec = one_line(text).strip().strip("<>")
    return normal_email(spec) if "@" in spec and len(spec) <= LONGEST_ADDRESS else ""


def ids(*values: str) -> tuple[str, ...]:
    """The Message-IDs in these fields, `<…>`, in order, each once, at its last place; the root and the latest where there are many."""
    found = [f"<{one}>" for value in values for one in _ID.findall(one_line(value[:LONGEST_LIST]))]
    ordered = list(dict.fromkeys(reversed(found)))[::-1]
    return tuple(ordered if len(ordered) <= MOST_IDS else ordered[:5] + ordered[5 - MOST_IDS :])


def moment(value: str) -> datetime | None:
    """The moment of a Date field in UTC; None when it is none, or no letter can be of that time."""
    try:
        at = parsedate_to_datetime(value[:100])
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.year in YEARS else None


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset="utf-8"` → ("text/plain", {"charset": "utf-8"}); parts and charsets of RFC 2231 are put together."""
    value = value[: 2 * LONGEST_FIELD]
    pieces: dict[str, list[tuple[int, bytes, bool]]] = {}
    for found in _PARAMETER.finditer(value):
        content = found[2].strip()
        content = _ESCAPED.sub(r"\1", content[1:-1]) if content.startswith('"') else content
        if match := _NUMBERED.fullmatch(found[1].lower()):
            pieces.setdefault(match[1], []).append((int(match[2] or 0), content.encode("utf-8", "replace"), bool(match[3])))
    main = one_line(value.partition(";")[0]).lower()
    return main, {name: _together(parts) for name, parts in pieces.items()}


def _together(parts: list[tuple[int, bytes, bool]]) -> str:
    ordered = sorted(parts, key=lambda part: part[0])
    charset, whole = "", b""
    for number, (_, content, is_encoded) in enumerate(ordered):
        piece = content
        if is_encoded:
            if number == 0 and piece.count(b"'") > 1:
                declared, _, piece = piece.split(b"'", 2)
                charset = declared.decode("ascii", "replace")
            piece = unquote_to_bytes(piece)
        whole += piece
    return words(mail_charset.decoded(whole, charset or "utf-8"))


def _mailboxes(text: str) -> Iterator[str]:
    """The text between commas that are commas; comments and the names of groups are dropped."""
    start: list[str] = []
    depth, is_quoted, is_escaped = 0, False, False
    for sign in text:
        if is_escaped or (sign == "\\" and (is_quoted or depth)):
            is_escaped = not is_escaped
            start += [sign] * (not depth)
        elif is_quoted or (sign == '"' and not depth):
            is_quoted ^= sign == '"'
            start.append(sign)
        elif sign in "()":
            depth = max(depth + (1 if sign == "(" else -1), 0)
        elif not depth and sign in ",;":
            yield from filter(None, ["".join(start).strip()])
            start = []
        elif not depth and sign == ":" and "<" not in start:
            start = []
        elif not depth:
            start.append(sign)
    yield from filter(None, ["".join(start).strip()])


def _unpacked(encoding: str, content: str) -> bytes:
    plain = content.encode("utf-8", "replace")
    if encoding == "q":
        return binascii.a2b_qp(plain, header=True)
    try:
        return b64decode(plain + b"=" * (-len(plain) % 4))
    except binascii.Error:
        return plain


def _raw(value: bytes) -> str:
    return mail_charset.decoded(value[:LONGEST_LIST].strip(), "utf-8")
