"""A letter as bytes: the same letter always gives the same bytes."""

import hashlib
import re
from base64 import b64encode
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache

import css_inline

from models.message import Mailbox, Message

_LINE_ENDS = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_SIMPLE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9' -]{0,58}[A-Za-z0-9])?")
_WORD_BYTES = 42  # an encoded word may have 75 characters
_FORBIDDEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")


def compose(message: Message) -> bytes:
    """The whole letter, lines ended by CRLF and no longer than SMTP allows.

    Text and HTML are quoted-printable, so a hostile line stays text. Raises Refused for an address that is none.
    """
    letter = EmailMessage(policy=SMTP)
    letter.set_content(_plain(message.text), cte="quoted-printable")
    if message.html:
        letter.add_alternative(inline(message.html), subtype="html", cte="quoted-printable")
    for attachment in message.attachments:
        maintype, subtype = attachment.media_type.split("/")
        letter.add_attachment(attachment.content, maintype=maintype, subtype=subtype, filename=attachment.name)
    _pin_boundaries(letter, message.message_id)
    head = "".join(f"{name}: {value}\r\n" for name, value in _headers(message).items())
    return head.encode() + letter.as_bytes()


def needs_utf8(message: Message) -> bool:
    """Whether an address has letters beyond ASCII before the @: only a server with SMTPUTF8 takes it."""
    boxes = [message.to, message.sender] + ([message.reply_to] if message.reply_to else [])
    return not all(box.spec.isascii() for box in boxes)


def inline(html: str) -> str:
    """`html` with its styles written into the elements, as mail programs need them; nothing is fetched."""
    return _inliner().inline(_plain(html))


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


def _headers(message: Message) -> dict[str, str]:
    """Headers written by hand: the library folds long ids and links, which breaks them, and differs between Pythons."""
    headers = {
        "Date": format_datetime(message.sent_at),
        "Message-ID": message.message_id,
        "From": _mailbox(message.sender),
        "To": _mailbox(message.to),
        "Subject": encoded(message.subject),
        "X-Studio-Key": message.key,
    }
    if message.by_machine:
        headers["Auto-Submitted"] = "auto-generated"
    if message.reply_to is not None:
        headers["Reply-To"] = _mailbox(message.reply_to)
    if message.deal is not None:
        headers["X-Studio-Deal"] = str(message.deal)
    if message.root:
        headers |= {"In-Reply-To": message.root, "References": message.root}
    if message.unsubscribe:
        headers |= {"List-Unsubscribe": f"<{message.unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    return headers


def encoded(text: str) -> str:
    """`text` as a header may carry it: simple ASCII as it is, anything else in encoded words (RFC 2047) on folded lines."""
    if _SIMPLE.fullmatch(text):
        return text
    words, word = [], b""
    for sign in text:
        if len(word) + len(sign.encode()) > _WORD_BYTES:
            words.append(word)
            word = b""
        word += sign.encode()
    return "\r\n ".join(f"=?utf-8?b?{b64encode(part).decode()}?=" for part in [*words, word])


def _mailbox(box: Mailbox) -> str:
    return f"{encoded(box.name)}\r\n <{box.spec}>" if box.name else box.spec


def _plain(text: str) -> str:
    return _FORBIDDEN.sub("", _LINE_ENDS.sub("\n", text))


def _pin_boundaries(letter: EmailMessage, seed: str) -> None:
    for number, part in enumerate(part for part in letter.walk() if part.is_multipart()):
        # "=_" occurs in neither quoted-printable nor base64, so no body can hold the boundary.
        part.set_boundary(f"=_{hashlib.sha256(f'{seed}/{number}'.encode()).hexdigest()[:24]}")
