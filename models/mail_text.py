"""What a letter says, as plain text: the plain part where there is one, else its HTML made plain. Hidden things stay hidden."""

import re
from collections.abc import Iterator

from lxml import etree  # ty: ignore[missing-module-member]  (written in C, without types)

from models import mail_charset
from models.mail_parts import MOST_DEPTH, Part
from models.reading import clean

LONGEST_WHOLE = 100_000
MOST_BYTES, MOST_HTML, MOST_TEXTS = 400_000, 1_000_000, 20
SIGNATURE, HISTORY = "-- ", "-----Original Message-----"
_BLOCKS = frozenset({
    "address", "article", "blockquote", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hr", "li", "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip
_SILENT = frozenset({"head", "noscript", "script", "style", "template", "title"})
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_QUOTED = frozenset({"gmail_quote", "gmail_extra_quote", "yahoo_quoted", "protonmail_quote", "zmail_extra", "tutanota_quote"})
_SIGNED = frozenset({"gmail_signature", "moz-signature", "protonmail_signature_block", "signature"})
_BEGINS_HISTORY = frozenset({"divrplyfwdmsg", "appendonsend", "olk_src_body_section", "x_divrplyfwdmsg"})
_BLANK_LINES = re.compile(r"\n{3,}")


def whole_text(letter: Part) -> str:
    """Everything that the letter says, quoted history and all, at most 100,000 characters; "" where it says nothing in words."""
    found = "\n\n".join(text for _, text in zip(range(MOST_TEXTS), filter(None, _texts(letter)), strict=False))
    return _tidy(found[:LONGEST_WHOLE])


def plain_of(html: str) -> str:
    """HTML as lines of text; what is quoted begins with ">", a signature with "-- "."""
    parser = etree.HTMLParser(encoding="utf-8", recover=True, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(html[:MOST_HTML].replace("\x00", "").encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return ""
    return "" if root is None else _Lines().read(root)


def _texts(part: Part) -> Iterator[str]:
    """The texts that are to be read one after the other; of alternatives only the best."""
    below = [child for _, child in zip(range(MOST_TEXTS * 5), part.parts(), strict=False)]
    if part.is_multipart and part.depth < MOST_DEPTH and not below:
        yield _read(part)
    elif part.media_type == "multipart/alternative":
        found = [(_is_html(child), " ".join(filter(None, _texts(child)))) for child in below if child.is_words or child.is_multipart]
        yield next((text for is_html, text in sorted(found, key=lambda one: one[0]) if text.strip()), "")
    elif below:
        # Of a report only the words for people: the rest is read by `mail_returns`.
        for child in below[:1] if part.media_type == "multipart/report" else below:
            yield from _texts(child)
    elif part.is_words:
        yield _read(part)


def _is_html(part: Part) -> bool:
    return part.media_type != "text/plain"


def _read(part: Part) -> str:
    charset = part.parameter("charset") or "utf-8"
    if part.media_type != "text/html":
        text = mail_charset.decoded(part.content(MOST_BYTES), charset)
        is_flowed = part.parameter("format").lower() == "flowed"
        return _flowed(text, joint="" if part.parameter("delsp").lower() == "yes" else " ") if is_flowed else text
    return plain_of(mail_charset.decoded(part.content(MOST_HTML), charset))


def _flowed(text: str, *, joint: str) -> str:
    """Lines that were broken softly (RFC 3676) put together again, with `joint` between them."""
    lines: list[str] = []
    is_open = False
    for line in text.replace("\r\n", "\n").split("\n"):
        joins = is_open and lines[-1].startswith(">") == line.startswith(">") and line != SIGNATURE
        if joins:
            lines[-1] = lines[-1][:-1] + joint + (line.lstrip("> ") if line.startswith(">") else line.removeprefix(" "))
        else:
            lines.append(line.removeprefix(" ") if not line.startswith(">") else line)
        is_open = line.endswith(" ") and line != SIGNATURE
    return "\n".join(lines)


def _tidy(text: str) -> str:
    lines = (line if line == SIGNATURE else line.rstrip() for line in clean(text).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


class _Lines:
    """Lines of text, made while a tree is walked without going deeper into calls."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line = ""
        self.quotes = self.silent = self.preformatted = 0

    def read(self, root: etree._Element) -> str:
        """The text below `root`."""
        for event, element in etree.iterwalk(root, events=("start", "end")):
            name = element.tag if isinstance(element.tag, str) else ""
            change = 1 if event == "start" else -1
            if name in _SILENT or _HIDDEN.search(element.get("style", "")):
                self.silent += change
            self._step(element, name, change)
            if event == "start":
                self._say(element.text)
            else:
                self._say(element.tail)
        self._end_line()
        return "\n".join(self.lines)

    def _step(self, element: etree._Element, name: str, change: int) -> None:
        """A block begins or ends, and what it means for the lines in it."""
        if name == "br" and change > 0:
            self._end_line(keep_empty=True)
        elif name in _BLOCKS:
            self._end_line()
            if name in {"p", "ul", "ol", "table", "blockquote"} and change < 0:
                self._blank()
        elif name in {"td", "th"} and change < 0:
            self.line += " "
        self.preformatted += change * (name == "pre")
        marks = {one.lower() for one in (*element.get("class", "").split(), element.get("id", "")) if one}
        if change > 0 and marks & _BEGINS_HISTORY:
            self._put(HISTORY)
        if change > 0 and marks & _SIGNED:
            self._put(SIGNATURE)
        if name == "blockquote" or marks & _QUOTED:
            self._end_line()
            self.quotes = max(self.quotes + change, 0)
        if name == "li" and change > 0:
            self.line = "- "

    def _say(self, text: str | None) -> None:
        if not text or self.silent:
            return
        if self.preformatted:
            *whole, last = text.split("\n")
            for line in whole:
                self.line += line
                self._end_line(keep_empty=True)
            self.line += last
            return
        said = _SPACES.sub(" ", text)
        self.line += said.lstrip() if not self.line or self.line.endswith(" ") else said

    def _put(self, line: str) -> None:
        self._end_line()
        self.line = line
        self._end_line()

    def _end_line(self, *, keep_empty: bool = False) -> None:
        line = self.line if self.line == SIGNATURE else self.line.rstrip()
        if line.strip() or keep_empty:
            self.lines.append(("> " if self.quotes else "") + line)
        self.line = ""

    def _blank(self) -> None:
        if self.lines and self.lines[-1].strip("> "):
            self.lines.append(">" if self.quotes else "")
