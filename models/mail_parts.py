"""A letter's parts: MIME taken apart within bounds.

The standard library's parser goes one call deeper with each level and ends in a nest of a thousand. This one knows places in the bytes,
copies nothing, and goes as deep as mail programs do.
"""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

from models.mail_headers import Head, parameters
from models.message import one_line

MOST_DEPTH, MOST_PARTS = 12, 200
LONGEST_HEAD = 128 * 1024
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_LONGEST_BOUNDARY = 200
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,90}")
DELIVERY_STATUS, FEEDBACK, CALENDAR = "message/delivery-status", "message/feedback-report", "text/calendar"
RETURNED = frozenset({"message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers"})
_STATUS = frozenset({DELIVERY_STATUS, "message/global-delivery-status", "message/disposition-notification", FEEDBACK})


@dataclass(frozen=True)
class Part:
    """A letter, or one of its parts: its head, and where its body lies in the bytes."""

    head: Head
    raw: bytes = field(repr=False)
    start: int
    end: int
    depth: int = 0

    @classmethod
    def of(cls, raw: bytes, start: int = 0, end: int | None = None, depth: int = 0) -> Self:
        """The part that these bytes are; without an empty line all of it is head, without a field all is body."""
        end = len(raw) if end is None else end
        if raw.startswith((b"\n", b"\r\n"), start, end):
            return cls(Head(()), raw, min(raw.index(b"\n", start) + 1, end), end, depth)
        gap = _END_OF_HEAD.search(raw, start, end)
        head_end, body = (gap.start(), gap.end()) if gap else (end, end)
        head = Head.of(raw[start : min(head_end, start + LONGEST_HEAD)])
        return cls(head, raw, body if head.fields else start, end, depth)

    @cached_property
    def _typed(self) -> tuple[str, dict[str, str]]:
        return parameters(self.head.one("content-type"))

    @cached_property
    def _placed(self) -> tuple[str, dict[str, str]]:
        return parameters(self.head.one("content-disposition"))

    @property
    def media_type(self) -> str:
        """`text/plain` where none is named, or one that cannot be."""
        return self._typed[0] if _TYPE.fullmatch(self._typed[0]) else "text/plain"

    @property
    def is_multipart(self) -> bool:
        """Whether it is made of parts."""
        return self.media_type.startswith("multipart/")

    def parameter(self, name: str) -> str:
        """A parameter of the content type; "" when there is none."""
        return self._typed[1].get(name, "")

    @property
    def name(self) -> str:
        """The file's name as its sender wrote it, on one line and without folders; "" when it has none."""
        given = self._placed[1].get("filename") or self.parameter("name")
        return re.split(r"[/\\]", one_line(given))[-1][:200]

    @property
    def is_words(self) -> bool:
        """Whether people read it as the letter itself, not as a file that came with it."""
        return self.media_type in {"text/plain", "text/html"} and self._placed[0] != "attachment" and not self.name

    @property
    def is_file(self) -> bool:
        """Whether it is listed as a file."""
        return not (self.is_words or self.media_type in _STATUS or (self.is_multipart and self.depth < MOST_DEPTH))

    @property
    def size(self) -> int:
        """About how many bytes it has when it is unpacked."""
        length = self.end - self.start
        return length * 3 // 4 if self._encoding == "base64" else length

    @property
    def _encoding(self) -> str:
        return one_line(self.head.one("content-transfer-encoding")).lower()

    def content(self, most: int) -> bytes:
        """The body unpacked, at most about `most` bytes of it."""
        if self._encoding == "base64":
            packed = _NOT_BASE64.sub(b"", self.raw[self.start : min(self.end, self.start + most * 3 // 2)].split(b"=", 1)[0])
            return b64decode(packed[: len(packed) - (len(packed) % 4 == 1)] + b"==")
        if self._encoding == "quoted-printable":
            return binascii.a2b_qp(self.raw[self.start : min(self.end, self.start + 3 * most)])[:most]
        return self.raw[self.start : min(self.end, self.start + most)]

    def parts(self) -> Iterator["Part"]:
        """The parts right below this one; none where it is no multipart, or too deep."""
        boundary = self.parameter("boundary").encode("utf-8", "replace")
        if not self.is_multipart or not 0 < len(boundary) <= _LONGEST_BOUNDARY or self.depth >= MOST_DEPTH:
            return
        line = re.compile(rb"\n--" + re.escape(boundary) + rb"(--)?[ \t]*\r?(?=\n|\Z)")
        begun = None
        for found in line.finditer(self.raw, max(self.start - 1, 0), self.end):
            if begun is not None:
                closed = found.start() - (self.raw[found.start() - 1 : found.start()] == b"\r")
                yield Part.of(self.raw, begun, max(closed, begun), self.depth + 1)
            if found[1]:
                return
            begun = min(found.end() + 1, self.end)
        if begun is not None:
            yield Part.of(self.raw, begun, self.end, self.depth + 1)


def leaves(part: Part) -> list[Part]:
    """Everything below `part` that is not made of parts, in order, as far as letters of people go; itself where it has no parts."""
    found: list[Part] = []
    waiting = [part]
    seen = 0
    while waiting and seen < MOST_PARTS:
        one = waiting.pop()
        seen += 1
        below = []
        for child in one.parts():
            below.append(child)
            if len(below) == MOST_PARTS:
                break
        waiting += reversed(below)
        if not below:
            found.append(one)
    return found
