"""A letter that came, as plain data: whatever its bytes are, it is read, within bounds of time and size.

    bytes ──▶ parts (mail_parts, mail_headers) ──▶ text (mail_text) ──▶ somebody's own words (mail_quotes)
                                          └─▶ a server's report (mail_returns), or which kind (mail_kinds)     whose it is: mail_thread

Every text can be kept by PostgreSQL: no NUL, no half characters. Nothing here says that a letter is true: anybody can write any of it.
"""

import hashlib
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from models import mail_stop
from models.mail_headers import Head, addresses, ids, moment
from models.mail_kinds import MailKind, kind_of, reading_of_calendar
from models.mail_parts import Part, leaves
from models.mail_quotes import own_words
from models.mail_report import Action, Report
from models.mail_returns import report_of
from models.mail_text import whole_text
from models.message import one_line

__all__ = ["HEAD_BYTES", "MOST_AT_ONCE", "MOST_BYTES", "Arrived", "Enclosure", "IncomingMail", "Invitation", "MailKind", "read"]

MOST_BYTES = 32 * 1024 * 1024
"""The largest letter that is read whole; mail servers seldom take larger ones."""
HEAD_BYTES = 512 * 1024
"""What is fetched of a larger one: its head, and mostly its words."""
MOST_AT_ONCE = 64 * 1024 * 1024
"""A mailbox hands over no more letters when these together have so many bytes."""
MOST_ENCLOSURES, LONGEST_SUBJECT = 50, 300


class Arrived(BaseModel):
    """A letter as a mailbox hands it over. `handle` is the mailbox's own and is not for keeping.

    `raw` is the beginning of the letter where it is too large (`is_whole` is False): its head and its words, mostly. `size` is in bytes,
    `received_at` by the mailbox's clock.
    """

    model_config = ConfigDict(frozen=True)

    handle: str
    raw: bytes = Field(repr=False)
    size: int
    is_whole: bool = True
    received_at: AwareDatetime


class Enclosure(BaseModel):
    """A file that came with a letter: its name as the sender wrote it, its type as they said, about how many bytes."""

    model_config = ConfigDict(frozen=True)

    name: str
    media_type: str
    size: int


class Invitation(BaseModel):
    """What somebody's calendar says: `method` is request, reply, cancel …; `answer` accepted, declined, tentative …; either may be empty."""

    model_config = ConfigDict(frozen=True)

    method: str
    uid: str
    answer: str


class IncomingMail(BaseModel):
    """A letter that came. Addresses are in normal form, ids are `<…>`, whatever is not there is empty.

    `external_id`: its Message-ID, else the SHA-256 of its bytes. `address`: the one it is from; "" where it names none or several.
    `text`: the sender's own words; `whole`: these with history and signature. `references`: Message-IDs, oldest first.
    """

    model_config = ConfigDict(frozen=True)

    external_id: str
    kind: MailKind
    date: datetime | None
    address: str
    name: str
    senders: tuple[str, ...]
    reply_to: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    subject: str
    text: str
    whole: str
    references: tuple[str, ...]
    attachments: tuple[Enclosure, ...]
    report: Report | None = None
    invitation: Invitation | None = None

    @property
    def asks_to_stop(self) -> bool:
        """Whether a person asks for no more letters, in the letter or, where it says nothing, in its subject."""
        is_personal = self.kind in {MailKind.REPLY, MailKind.NEW}
        return is_personal and mail_stop.asks_to_stop(self.text or self.subject)


def read(raw: bytes, *, domain: str) -> IncomingMail:
    """The letter in these bytes; `domain` is that of our own letters, in ASCII. Never raises: what cannot be read is empty."""
    letter = Part.of(raw[:MOST_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n"))
    head = letter.head
    sender, name, senders = _sender(head)
    whole = whole_text(letter)
    references = ids(*head.all("references"), *head.all("in-reply-to"))
    report = report_of(letter, whole=whole, references=references, domain=domain)
    invitation = _invitation(letter)
    return IncomingMail(
        external_id=_external_id(head, raw), kind=_kind(letter, report, invitation, domain=domain, address=sender, refers=bool(references)),
        date=moment(head.one("date")), address=sender, name=name, senders=senders, reply_to=next(iter(_people(head, "reply-to")), ""),
        to=_people(head, "to"), cc=_people(head, "cc"), subject=head.words("subject")[:LONGEST_SUBJECT], text=own_words(whole), whole=whole,
        references=references, attachments=() if report else _enclosures(letter), report=report,
        invitation=invitation,
    )  # fmt: skip


def _kind(letter: Part, report: Report | None, invitation: Invitation | None, *, domain: str, address: str, refers: bool) -> MailKind:
    if report:
        is_complaint = any(one.action == Action.COMPLAINED for one in report.recipients)
        return MailKind.COMPLAINT if is_complaint else MailKind.BOUNCE
    if invitation and invitation.method == "reply":  # a calendar wrote it, because a person pressed a button
        return MailKind.REPLY
    return kind_of(letter, domain=domain, address=address, refers=refers)


def _invitation(letter: Part) -> Invitation | None:
    method, uid, answer = reading_of_calendar(letter)
    return Invitation(method=method, uid=one_line(uid), answer=answer) if method or uid else None


def _external_id(head: Head, raw: bytes) -> str:
    """The Message-ID where there is one that can be kept; else the bytes themselves tell a letter from another."""
    found = ids(head.one("message-id"))
    return found[0] if found else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _sender(head: Head) -> tuple[str, str, tuple[str, ...]]:
    """Address and name of the one sender, and all that are named. Of several none is believed: mail programs show one, servers check another."""
    found = addresses(head.all("from"))
    senders = tuple(dict.fromkeys(address for _, address in found if address))
    is_one = len(senders) == 1 and all(address for _, address in found)
    return senders[0] if is_one else "", found[0][0] if found else "", senders


def _people(head: Head, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(address for _, address in addresses(head.all(name)) if address))


def _enclosures(letter: Part) -> tuple[Enclosure, ...]:
    files = [part for part in leaves(letter) if part.is_file]
    return tuple(
        Enclosure(name=part.name or part.media_type.replace("/", "."), media_type=part.media_type, size=part.size)
        for part in files[:MOST_ENCLOSURES]
    )  # fmt: skip
