"""A letter as plain data, and the rule by which it gets its Message-ID.

The id follows from the letter's key and the studio's secret, so a letter that goes out twice carries the same id twice, mail programs
show it once, and only who was sent the letter can name it: a made-up report of a letter that came back names none of ours. All letters
of a deal refer to one root id, so they stand in one thread; that one follows from the deal's number alone.
"""

import hashlib
import hmac
import re
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from models.errors import Refused

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_UNSAFE = re.compile(r"[^a-z0-9]+")


def one_line(text: str) -> str:
    """`text` without line ends and control characters: safe in a header."""
    return _SURROGATES.sub("", " ".join(_CONTROLS.sub(" ", text).split()))


Line = Annotated[str, AfterValidator(one_line)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$", max_length=200)]
Header = Annotated[str, StringConstraints(pattern=r"^[!-~]*$", max_length=900)]


class Mailbox(BaseModel):
    """Somebody's mail address, with the name that is shown. Either may be international."""

    model_config = ConfigDict(frozen=True)

    address: Line
    name: Line = ""

    @property
    def parts(self) -> tuple[str, str]:
        """Local part and ASCII domain (`ü@müller.de` → `ü`, `xn--mller-kva.de`).

        Raises Refused when the address is none.
        """
        try:
            found = validate_email(self.address, check_deliverability=False, globally_deliverable=False)
        except EmailNotValidError as error:
            raise Refused(f"“{self.address[:100]}” is not a mail address. {error}") from None
        return found.ascii_local_part or found.local_part, found.ascii_domain

    @property
    def spec(self) -> str:
        """The address as it travels: `local@ascii-domain`."""
        return "@".join(self.parts)


class Attachment(BaseModel):
    """A file that goes with a letter."""

    model_config = ConfigDict(frozen=True)

    name: Line = Field(min_length=1, max_length=200)
    media_type: str = Field(pattern=r"^[a-z]+/[a-zA-Z0-9.+-]+$")
    content: bytes


class Message(BaseModel):
    """One letter to one reader. `key` names the effect; `deal` is None for letters about no deal.

    `mark` goes into its id: see `mark_of`. `thread` is the Message-ID of the conversation's root; left empty, the deal's own root is used.
    `unsubscribe` is an https address that takes one POST; left empty, the letter offers none. Support desks throw away what says that
    it was written by a machine, so a letter that is to open a ticket does not say it.
    """

    model_config = ConfigDict(frozen=True)

    key: Key
    mark: str = Field(default="", pattern=r"^([0-9a-f]{16})?$")
    deal: int | None = None
    to: Mailbox
    sender: Mailbox
    reply_to: Mailbox | None = None
    subject: Line
    text: str
    html: str = ""
    thread: Header = ""
    unsubscribe: Header = ""
    attachments: tuple[Attachment, ...] = ()
    by_machine: bool = True
    sent_at: AwareDatetime

    @property
    def message_id(self) -> str:
        """`<mark.key-slug@sender's domain>`."""
        return _id(self.mark or mark_of(self.key), self.key, self.sender.parts[1])

    @property
    def root(self) -> str:
        """The id that the letter refers to, or "" when it starts no thread."""
        if self.thread or self.deal is None:
            return self.thread
        return thread_root(self.deal, self.sender.parts[1])


class Receipt(BaseModel):
    """What the vendor said when it took the letter over, and the letter's id."""

    model_config = ConfigDict(frozen=True)

    said: str
    message_id: str


def slug(key: str) -> str:
    """`deal/42/proposal/v2/mail` → `deal-42-proposal-v2-mail`, at most 60 characters."""
    return _UNSAFE.sub("-", key.lower()).strip("-")[:60].rstrip("-")


def mark_of(key: str, secret: str = "") -> str:
    """What makes an id the letter's own: 16 hexadecimal digits of its key, which nobody can work out who has not the secret, if there is one."""
    digest = hmac.new(secret.encode(), key.encode(), hashlib.sha256) if secret else hashlib.sha256(key.encode())
    return digest.hexdigest()[:16]


def message_id(key: str, domain: str, secret: str = "") -> str:
    """The Message-ID of the letter with this key: the same key, domain and secret always give the same id."""
    return _id(mark_of(key, secret), key, domain)


def thread_root(deal: int, domain: str) -> str:
    """The id that every letter of a deal refers to."""
    return message_id(f"deal/{deal}", domain)


def _id(mark: str, key: str, domain: str) -> str:
    return f"<{mark}.{slug(key)}@{domain}>"
