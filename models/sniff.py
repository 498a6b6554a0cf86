"""What an uploaded file really is: decided by its first bytes, never by its name alone.

A file is kept only when content and name agree on a kind that a client of a studio sends. What is stored carries a
safe name and the kind's own extension and media type, so nothing uploaded is ever served as a page or a program.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import puremagic
from pydantic import BaseModel, ConfigDict

from models.errors import Invalid

HEAD_BYTES = 8192
_NAME_CHARACTERS = 80
_NAME_BYTES = 180
_EXTENSION_CHARACTERS = 10
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"word/", b"xl/", b"ppt/")


class Kind(BaseModel):
    """What a file is: media type, extension with its dot, and a name that is safe to store and to show."""

    model_config = ConfigDict(frozen=True)

    media_type: str
    extension: str
    safe_name: str


class _Rule(NamedTuple):
    media_type: str
    fits: Callable[[bytes], bool]
    what: str
    other_names: tuple[str, ...] = ()


def sniff(name: str, head: bytes, size: int, *, limit: int) -> Kind:
    """The kind of a file from its name, its first HEAD_BYTES bytes and its size; `limit` is the most bytes taken.

    Pictures under another picture's extension, and known content without one, get the right extension.
    Raises Invalid with a sentence for the client.
    """
    shown = safe_name(name)
    if size <= 0 or not head:
        raise Invalid(f"“{shown}” is empty.")
    if size > limit:
        raise Invalid(f"“{shown}” is too large: {_megabytes(size)} MB; at most {_megabytes(limit)} MB are taken.")
    asked = _extension(shown)
    found = asked if asked in _RULES and _RULES[asked].fits(head) else _by_content(head, asked)
    if found is None:
        raise Invalid(_refusal(shown, asked, head))
    stem = shown if _extension_of_name(shown) == "" else shown.rpartition(".")[0]
    return Kind(media_type=_RULES[found].media_type, extension=f".{found}", safe_name=safe_name(f"{stem}.{found}"))


def safe_name(name: str) -> str:
    """`name` without folders, control characters, direction overrides and what file systems forbid; never empty, never hidden."""
    last = re.split(r"[/\\]", name)[-1]
    visible = "".join(sign for sign in unicodedata.normalize("NFC", last) if sign.isspace() or unicodedata.category(sign)[0] != "C")
    plain = re.sub(r"[<>:\"|?*%]", "_", " ".join(visible.split())).strip(". ")
    if not plain:
        return "file"
    stem, dot, extension = plain.rpartition(".")
    if not dot or len(extension) > _EXTENSION_CHARACTERS:
        stem, dot, extension = plain, "", ""
    stem = _shorten(stem)
    return ("_" if _RESERVED.fullmatch(stem) else "") + stem + dot + extension


def _shorten(stem: str) -> str:
    short = stem[:_NAME_CHARACTERS]
    while len(short.encode()) > _NAME_BYTES:
        short = short[:-1]
    return short.strip(". ") or "file"


def _extension_of_name(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem and len(extension) <= _EXTENSION_CHARACTERS and extension.isalnum() else ""


def _extension(name: str) -> str:
    given = _extension_of_name(name)
    return next((kind for kind, rule in _RULES.items() if given in rule.other_names), given)


def _by_content(head: bytes, asked: str) -> str | None:
    """The kind that the content tells, where the name tells none, or tells another kind of picture."""
    if asked in _PICTURES or not asked:
        certain = _PICTURES if asked else (*_PICTURES, "pdf", "psd", "mp4")
        return next((kind for kind in certain if _RULES[kind].fits(head)), None)
    return None


def _refusal(shown: str, asked: str, head: bytes) -> str:
    if asked not in _RULES:
        kinds = ", ".join(f".{kind}" for kind in _RULES)
        return f"“{shown}” is of a kind that is not taken. Send one of {kinds}; put anything else into a .zip."
    really = _looks_like(head)
    return f"“{shown}” is not {_RULES[asked].what}{f': it looks like {really}' if really else ''}."


def _looks_like(head: bytes) -> str:
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return ""
    best = max(matches, key=lambda match: match.confidence)
    return f"“{best.name}”" if best.name else f"a {best.extension} file" if best.extension else ""


def _is_text(head: bytes) -> bool:
    """Readable text in UTF-8, UTF-16 with its mark, or a Western code page; a cut character at the end is no fault."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    else:
        try:
            text = head.decode("utf-8")
        except UnicodeDecodeError as error:
            text = head[: error.start].decode() if error.start > len(head) - 4 else head.decode("latin-1")
    return not any(unicodedata.category(sign) == "Cc" and sign not in "\t\n\r\f" for sign in text)


def _starts(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _office(head: bytes) -> bool:
    return head.startswith(b"PK\x03\x04") and any(mark in head for mark in _OFFICE)


_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_PICTURES = ("png", "jpg", "gif", "webp")
_RULES = {
    "pdf": _Rule("application/pdf", lambda head: head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"%PDF-"), "a PDF"),
    "png": _Rule("image/png", _starts(b"\x89PNG\r\n\x1a\n"), "a PNG picture"),
    "jpg": _Rule("image/jpeg", _starts(b"\xff\xd8\xff"), "a JPEG picture", ("jpeg", "jpe")),
    "gif": _Rule("image/gif", _starts(b"GIF87a", b"GIF89a"), "a GIF picture"),
    "webp": _Rule("image/webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "a WebP picture"),
    "docx": _Rule(f"{_OPEN_XML}.wordprocessingml.document", _office, "a Word document"),
    "xlsx": _Rule(f"{_OPEN_XML}.spreadsheetml.sheet", _office, "an Excel workbook"),
    "pptx": _Rule(f"{_OPEN_XML}.presentationml.presentation", _office, "a PowerPoint presentation"),
    "odt": _Rule(
        "application/vnd.oasis.opendocument.text",
        lambda head: head.startswith(b"PK\x03\x04") and b"mimetypeapplication/vnd.oasis.opendocument.text" in head[:200],
        "an OpenDocument text",
    ),
    "zip": _Rule("application/zip", _starts(b"PK\x03\x04", b"PK\x05\x06"), "a ZIP archive"),
    "txt": _Rule("text/plain", _is_text, "a plain text", ("text",)),
    "csv": _Rule("text/csv", _is_text, "a CSV table"),
    "md": _Rule("text/markdown", _is_text, "a Markdown text", ("markdown",)),
    "ai": _Rule("application/postscript", _starts(b"%PDF-", b"%!PS"), "an Illustrator drawing"),
    "psd": _Rule("image/vnd.adobe.photoshop", _starts(b"8BPS"), "a Photoshop picture"),
    "fig": _Rule("application/x-figma", _starts(b"fig-", b"PK\x03\x04"), "a Figma file"),
    "sketch": _Rule("application/x-sketch", _starts(b"PK\x03\x04"), "a Sketch file"),
    "mp4": _Rule("video/mp4", lambda head: head[4:8] == b"ftyp", "an MP4 video"),
}

KINDS = tuple(_RULES)
"""The kinds that are taken, by their extension."""


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:.1f}".removesuffix(".0")
