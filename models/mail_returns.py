"""Letters about letters: what a mail server tells of one that it could not deliver, and what of it is sound.

    RFC 3464   multipart/report with message/delivery-status: every server of today
    RFC 5965   message/feedback-report: the reader called our letter junk
    in words   qmail, old Exim and gateways write it for people; told by their phrases, and only from a server's own address

A report is somebody's word like any letter: before it counts, the caller checks that we sent the letter it names, and to whom.
"""

import re
from collections.abc import Sequence

from models.mail_headers import Head, address, ids
from models.mail_ids import is_id_of_ours
from models.mail_parts import DELIVERY_STATUS, FEEDBACK, RETURNED, Part, leaves
from models.mail_report import STATUS, Action, Recipient, Report
from models.message import one_line

MOST_RECIPIENTS = 50
_MOST_BYTES = 100_000
_SMTP_CODE = re.compile(r"(?<![\d.#-])([45])\d\d[ -](?!\d)")
_BLOCKS = re.compile(rb"\r?\n[ \t]*\r?\n")
_DELAYED = re.compile(r"delay|warning|verzöger|retard|still being retried|will (?:be|keep) (?:re)?tr|has not yet been delivered", re.IGNORECASE)
_SERVER = re.compile(r"(?:^|[\s<\"])(?:mailer-?daemon|mail-?daemon|postmaster|mdaemon|microsoftexchange[0-9a-f]{16,})(?:@|>|\s|$)", re.IGNORECASE)
_SUBJECT = re.compile(
    r"undeliver|deliver(?:y|ies) (?:status|fail|problem|has failed|delayed|report)|failure notice|returned mail|could not be delivered"
    r"|non remis|non distribu|unzustellbar|nicht zugestellt|zustellung|no se (?:ha )?(?:podido|pudo) entregar|mancata consegna"
    r"|onbestelbaar|niedostarcz|не доставлен|недоставлен|warning: message|message delayed",
    re.IGNORECASE,
)
_COPY = re.compile(
    r"^(?:-+ ?(?:below this line is a copy of the message|this is a copy of (?:the|your) message|original message|message header)\b"
    r"|return-path: *<|received: from|message-id: *<|original message headers:)",
    re.IGNORECASE | re.MULTILINE,
)
_ALONE = re.compile(r"^[ \t]*<?([^\s<>:;,()]{1,250}@[^\s<>:;,()]{1,250}?)>?:?[ \t]*$", re.MULTILINE)
_QUOTED_ID = re.compile(r"^[> \t]*Message-I[Dd]:\s*(<[^<>\s]{1,248}>)", re.MULTILINE)
_QUOTED_KEY = re.compile(r"^[> \t]*X-Studio-Key:[ \t]*([a-z0-9][a-z0-9._/-]{0,199})[ \t]*$", re.MULTILINE | re.IGNORECASE)
_KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*")


def report_of(letter: Part, *, whole: str, references: Sequence[str], domain: str) -> Report | None:
    """What a letter reports about another one; None when it is no report.

    Where the other one's head did not come back, an id of ours among `references` names it.
    """
    report = _read(letter, whole)
    if report is None:
        return None
    referred = next((one for one in reversed(references) if is_id_of_ours(one, domain)), "")
    message_id = report.message_id or referred
    return report.model_copy(update={"message_id": message_id, "is_ours": bool(report.key) or is_id_of_ours(message_id, domain)})


def _read(letter: Part, whole: str) -> Report | None:
    below = leaves(letter)
    status = [part for part in below if part.media_type in {DELIVERY_STATUS, "message/global-delivery-status"}]
    complaint = next((part for part in below if part.media_type == FEEDBACK), None)
    if status:
        message_id, key = _returned(below)
        return Report(recipients=tuple(_recipients(status))[:MOST_RECIPIENTS], message_id=message_id, key=key)
    if complaint:
        message_id, key = _returned(below)
        head = Head.of(complaint.content(_MOST_BYTES))
        to = address(head.one("original-rcpt-to")) or address(head.one("removal-recipient"))
        said = head.words("feedback-type") or "abuse"
        return Report(recipients=(Recipient(address=to, action=Action.COMPLAINED, said=said),), message_id=message_id, key=key)
    return _in_words(letter, below, whole)


def _recipients(parts: list[Part]) -> list[Recipient]:
    blocks = [block for part in parts for block in _BLOCKS.split(part.content(_MOST_BYTES), 4 * MOST_RECIPIENTS)]
    heads = [Head.of(block) for block in blocks]
    return [_recipient(head) for head in heads if head.one("final-recipient") or head.one("original-recipient")]


def _recipient(head: Head) -> Recipient:
    said = _sentence(head.words("diagnostic-code").partition(";")[2] or head.words("diagnostic-code"))
    status = _code(head.words("status"))
    better = _code(said)
    if better and (not status or (status.endswith(".0.0") and better[0] == status[0])):
        status = better
    told = head.words("action").lower().split(maxsplit=1)
    action = next((one for one in Action if told and told[0] == one and one != Action.COMPLAINED), None)
    if action is None:
        action = {"2": Action.DELIVERED, "4": Action.DELAYED}.get(status[:1], Action.FAILED)
    return Recipient(
        address=_typed(head, "final-recipient") or _typed(head, "original-recipient"), original=_typed(head, "original-recipient"),
        action=action, status=status, said=said,
    )  # fmt: skip


def _typed(head: Head, name: str) -> str:
    """`rfc822; ann@acme.example` → the address."""
    value = head.words(name)
    return address(value.partition(";")[2] or value)


def _returned(below: list[Part]) -> tuple[str, str]:
    """Message-ID and key of the letter that came back, from its head."""
    for part in below:
        if part.media_type in RETURNED:
            head = Part.of(part.content(_MOST_BYTES)).head
            key = head.words("x-studio-key")
            return next(iter(ids(head.one("message-id"))), ""), key if len(key) <= 200 and _KEY.fullmatch(key) else ""  # noqa: PLR2004
    return "", ""


def _in_words(letter: Part, below: list[Part], whole: str) -> Report | None:
    """What a server tells in sentences. Only one from a server's address, or without a return path, with a phrase of such letters."""
    head, subject = letter.head, letter.head.words("subject")
    is_server = bool(_SERVER.search(head.words("from"))) or one_line(head.one("return-path")) == "<>"
    failed = [one for one in map(address, head.one("x-failed-recipients").split(",")) if one]
    if not is_server or not (failed or _SUBJECT.search(subject) or "qmail-send program" in whole):
        return None
    copy = _COPY.search(whole)
    told, behind = (whole[: copy.start()], whole[copy.start() :]) if copy else (whole, whole)
    is_delayed = _DELAYED.search(subject) or (not failed and _DELAYED.search(told[:2_000]))
    action = Action.DELAYED if is_delayed else Action.FAILED
    named = dict.fromkeys(failed or filter(None, map(address, _ALONE.findall(told[:20_000]))))
    message_id, key = _returned(below)
    quoted_id, quoted_key = _QUOTED_ID.search(behind), _QUOTED_KEY.search(behind)
    return Report(
        recipients=tuple(_told_of(told, one, action) for one in list(named)[:MOST_RECIPIENTS]),
        message_id=message_id or (quoted_id[1] if quoted_id else ""), key=key or (quoted_key[1].lower() if quoted_key else ""),
    )  # fmt: skip


def _told_of(told: str, one: str, action: Action) -> Recipient:
    """An address, and the sentence behind it, or the first that gives a code."""
    lines = told.split("\n")
    at = next((number for number, line in enumerate(lines) if one in line.casefold() and len(line) < len(one) + 10), None)
    below = "" if at is None else " ".join("\n".join(lines[at + 1 :]).strip().split("\n\n")[0].split())
    coded = next((line for line in lines if STATUS.search(line) or _SMTP_CODE.search(line)), "")
    said = below if _code(below) or not coded else coded
    return Recipient(address=one, action=action, status=_code(said), said=_sentence(said))


def _code(text: str) -> str:
    """The status in a sentence, `5.1.1`; of a bare SMTP code only its class, `5.0.0`."""
    found = STATUS.search(text)
    if found:
        return ".".join(found.groups())
    bare = _SMTP_CODE.search(text)
    return f"{bare[1]}.0.0" if bare else ""


def _sentence(text: str) -> str:
    return one_line(text[:300])
