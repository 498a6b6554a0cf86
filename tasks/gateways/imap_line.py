"""One line to a mail server, and what is said on it about one letter.

imap-tools' own `move` and `flag` expunge the whole folder: letters that a person has only marked as deleted would be gone. And its `fetch`
takes a letter whole, however large.
"""

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError
from imap_tools.utils import encode_folder

from models.incoming_mail import HEAD_BYTES, MOST_BYTES, Arrived

_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_DATE = re.compile(rb'INTERNALDATE "([ \d]\d)-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)"')
_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")


class SaidNo(Exception):
    """The server said NO to one command; the line is still good."""


class Line(NamedTuple):
    """A line to the server: `validity` is how the folder numbers its letters, `prefix` begins the names of folders (`INBOX.`)."""

    box: BaseMailBox
    validity: str = ""
    prefix: str = ""


def letter(box: BaseMailBox, validity: str, uid: str) -> Arrived | None:
    """The letter with this uid; None when it is gone. Its flags are not touched."""
    answers = (one[0] if isinstance(one, tuple) else one for one in ask(box, "FETCH", uid, "(UID RFC822.SIZE INTERNALDATE)"))
    told = next((one for one in answers if _is_about(one, uid)), b"")
    sized, dated = _SIZE.search(told), _DATE.search(told)
    if not sized or not dated:
        return None
    most = MOST_BYTES if int(sized[1]) <= MOST_BYTES else HEAD_BYTES
    given = ask(box, "FETCH", uid, f"(UID BODY.PEEK[]<0.{most}>)")
    raw = next((one[1] for one in given if isinstance(one, tuple)), b"")
    if given == [None]:
        return None
    size = max(int(sized[1]), len(raw))
    return Arrived(handle=f"{validity}/{uid}", raw=raw, size=size, is_whole=len(raw) < most, received_at=_moment(dated))


def _is_about(told: object, uid: str) -> bool:
    found = _UID.search(told) if isinstance(told, bytes) else None
    return bool(found and found[1].decode() == uid)


def _moment(dated: re.Match[bytes]) -> datetime:
    """An INTERNALDATE; the standard library makes local time of it."""
    day, month, year, hour, minute, second, sign, hours, minutes = dated.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == b"-" else 1)
    return datetime(int(year), _MONTHS.index(month.lower()) + 1, int(day), int(hour), int(minute), min(int(second), 59), tzinfo=timezone(offset))


def ask(box: BaseMailBox, command: str, uid: str, *words: str) -> list:
    """What the server gives for one command about one letter. Raises SaidNo."""
    status, data = box.client.uid(command, uid, *words)
    if status != "OK":
        raise SaidNo(b" ".join(one for one in data if isinstance(one, bytes)).decode("utf-8", "replace"))
    return data


def move(line: Line, uid: str, folder: str) -> None:
    """Move a letter, into a folder that is made when it is missing. A letter that is gone stays gone."""
    name = folder if folder.startswith(line.prefix) else line.prefix + folder
    try:
        _move_once(line.box, uid, name)
    except SaidNo:
        if not line.box.uids(f"UID {uid}", charset=None):
            return
        with suppress(ImapToolsError):  # it is there, and something else is wrong: the second try says what
            line.box.folder.create(name)
        _move_once(line.box, uid, name)


def _move_once(box: BaseMailBox, uid: str, name: str) -> None:
    place = encode_folder(name).decode("ascii")
    if "MOVE" in box.client.capabilities:
        ask(box, "MOVE", uid, place)
        return
    ask(box, "COPY", uid, place)
    ask(box, "STORE", uid, "+FLAGS.SILENT", "(\\Deleted)")
    if "UIDPLUS" in box.client.capabilities:
        ask(box, "EXPUNGE", uid)


def drop(box: BaseMailBox) -> None:
    """Close the line without a word."""
    with suppress(OSError):
        box.client.shutdown()
