"""Sent mail in a folder: what stands in its `.eml` files, for `./studio outbox` and the page of the same name."""

import email
import email.policy
import hashlib
import os
import re
from datetime import datetime
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from models.errors import Missing
from models.message import slug

_LINK = re.compile(r"https?://[^\s<>\"]+")
_NAME = re.compile(r"[a-z0-9-]{1,80}\.[0-9a-f]{12}\.eml")


class SentLetter(BaseModel):
    """One letter of the folder. `path` is absolute; `links` are those of its text part, in order, each once."""

    model_config = ConfigDict(frozen=True)

    deal: int | None
    key: str
    to: str
    subject: str
    path: str
    at: datetime
    links: list[str]

    @property
    def name(self) -> str:
        """The file's name, as `read` takes it."""
        return Path(self.path).name


def file_name(key: str) -> str:
    """Where the letter with this key lies: one file a key, never the same for two."""
    return f"{slug(key)}.{hashlib.sha256(key.encode()).hexdigest()[:12]}.eml"


def letters(folder: Path) -> list[SentLetter]:
    """All letters of `folder`, oldest first; an absent folder holds none."""
    if not folder.is_dir():
        return []
    entries = [entry for entry in os.scandir(folder) if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)]
    files = [(Path(entry.path), entry.stat(follow_symlinks=False)) for entry in entries]
    found = [(file.st_mtime_ns, _letter(path, file.st_mtime_ns, file.st_ino)) for path, file in files]
    return [letter for _, letter in sorted(found, key=lambda pair: (pair[1].at, pair[0], pair[1].key))]


def letter(folder: Path, name: str) -> SentLetter:
    """One letter of `folder`, as `letters` lists it. Raises Missing as `read` does."""
    place = _place(folder, name)
    file = place.stat()
    return _letter(place, file.st_mtime_ns, file.st_ino)


def read(folder: Path, name: str) -> EmailMessage:
    """The letter in the file `name` of `folder`, parsed.

    Raises Missing when there is none, also for a name that points out of the folder.
    """
    return _parse(_place(folder, name))


def _place(folder: Path, name: str) -> Path:
    place = folder / name
    if not _NAME.fullmatch(name) or place.is_symlink() or not place.is_file():
        raise Missing("There is no such letter.")
    return place


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    """The letter's text (`plain`) or its HTML (`html`); "" when it has none."""
    part = letter.get_body((kind,))
    return part.get_content() if isinstance(part, EmailMessage) else ""


def _parse(place: Path) -> EmailMessage:
    # Bodies are ASCII; decoded as a whole, since an international address stands in the header as plain UTF-8.
    content = place.read_bytes().decode(errors="replace").replace("\r\n", "\n")
    return email.message_from_string(content, _class=EmailMessage, policy=email.policy.default)


@lru_cache(maxsize=10_000)
def _letter(place: Path, _changed: int, _inode: int) -> SentLetter:
    """What stands in a file, read once for as long as it is the same file: the list of a thousand letters is asked for again and again."""
    letter = _parse(place)
    deal = str(letter.get("X-Studio-Deal", ""))
    return SentLetter(
        deal=int(deal) if deal.isdecimal() else None,
        key=str(letter["X-Studio-Key"]),
        to=letter["To"].addresses[0].addr_spec,
        subject=str(letter["Subject"]),
        path=str(place.resolve()),
        at=letter["Date"].datetime,
        links=list(dict.fromkeys(link.rstrip(".,;:!?)]}'’”") for link in _LINK.findall(text_of(letter)))),
    )
