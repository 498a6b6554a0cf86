"""A client's files: checked by what is in them, kept below home under a name of ours, found again by question.

They lie at home/uploads/<deal>/<sha256><extension>.
"""

import hashlib
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sqlmodel import Session, col, func, select

from models.errors import Invalid
from models.reading import FILES_MAX
from models.sniff import HEAD_BYTES, Kind, sniff
from models.tables import Upload

_CHUNK = 1024 * 1024
MEGABYTE = 1024 * 1024


class Stored(NamedTuple):
    """A file on disk: what it is, how long, and where below home."""

    kind: Kind
    size: int
    sha256: str
    path: str


def place(deal_id: int, sha256: str, extension: str) -> str:
    """Where a file lies, below home. Nothing a client typed is in it."""
    return f"uploads/{deal_id}/{sha256}{extension}"


def store(home: Path, deal_id: int, name: str, stream: BinaryIO, *, limit: int) -> Stored:
    """Keep a file's bytes, whole or not at all; the same bytes are kept once.

    Raises Invalid with a sentence for the client: too large, empty, of a kind that is not taken.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    head = stream.read(HEAD_BYTES)
    kind = sniff(name, head, size, limit=limit)
    stream.seek(0)
    folder = home / "uploads" / str(deal_id)
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".", suffix=".tmp", delete=False) as scratch:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            scratch.write(chunk)
    path = place(deal_id, digest.hexdigest(), kind.extension)
    Path(scratch.name).replace(home / path)
    return Stored(kind=kind, size=size, sha256=digest.hexdigest(), path=path)


def keep(session: Session, deal_id: int, question: str, stored: Stored, *, room: int, now: datetime) -> Upload:
    """The row of a stored file; the same file for the same question is one. `room` is the most bytes a deal may fill.

    Raises Invalid when the deal or the question is full.
    """
    mine = of_deal(session, deal_id)
    same = next((one for one in mine if one.question == question and one.sha256 == stored.sha256), None)
    if same:
        return same
    shown = stored.kind.safe_name
    if used(session, deal_id) + stored.size > room:
        raise Invalid(f"“{shown}” does not fit: one project may upload {room // MEGABYTE:,} MB in all. Send us a link instead.")
    if sum(one.question == question for one in mine) >= FILES_MAX:
        raise Invalid(f"“{shown}” is one too many: at most {FILES_MAX} files here. Put them into a .zip.")
    upload = Upload(
        deal_id=deal_id, question=question, name=shown, media_type=stored.kind.media_type, size=stored.size, sha256=stored.sha256,
        path=stored.path, at=now,
    )  # fmt: skip
    session.add(upload)
    session.flush()
    return upload


def discard(session: Session, home: Path, stored: Stored) -> None:
    """Delete a stored file that nobody keeps: where it has a row, or another question has the same bytes, it stays."""
    if session.exec(select(Upload.id).where(Upload.path == stored.path)).first() is None:
        (home / stored.path).unlink(missing_ok=True)


def of_deal(session: Session, deal_id: int) -> list[Upload]:
    """A deal's files that have not been removed, oldest first."""
    mine = select(Upload).where(Upload.deal_id == deal_id, col(Upload.removed_at).is_(None))
    return list(session.exec(mine.order_by(col(Upload.id))))


def used(session: Session, deal_id: int) -> int:
    """Bytes that a deal's files fill, removed ones too: they are still on disk."""
    return session.exec(select(func.coalesce(func.sum(Upload.size), 0)).where(Upload.deal_id == deal_id)).one()


def names(mine: list[Upload], question: str) -> list[str]:
    """The answer to a file question: the names of its files."""
    return list(dict.fromkeys(one.name for one in mine if one.question == question))


def remove(session: Session, deal_id: int, upload_id: str, *, now: datetime) -> None:
    """Take a file out of the brief. One that is not there, or another deal's, changes nothing."""
    upload = session.get(Upload, int(upload_id)) if upload_id.isdecimal() and len(upload_id) < 10 else None  # noqa: PLR2004
    if upload and upload.deal_id == deal_id and upload.removed_at is None:
        upload.removed_at = now
        session.add(upload)
