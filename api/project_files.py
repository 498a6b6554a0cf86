"""Files that a client posts for a brief or a material: what is right is kept, whatever else came with it; what is not is told in a sentence."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlmodel import Session
from starlette.datastructures import UploadFile

from api.door import Door
from models import uploads
from models.errors import Invalid
from models.reading import FILES_MAX
from models.sniff import safe_name
from models.tables import Upload
from models.uploads import MEGABYTE, Stored

TOLD_AT_ONCE = 5
"""Files that are named one by one when they are refused; of the others only the number is told."""


@dataclass
class Taken:
    """What became of posted files: on disk, or refused and why; `beyond` are those above the number that fits."""

    stored: list[Stored] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    beyond: int = 0


def take(session: Session, here: Door, deal_id: int, question: str, files: Sequence[UploadFile], *, beside: int = 0) -> Taken:
    """Put posted files on disk as far as they are taken. One that is here already (a double click) is not counted again.

    `beside` are the bytes that the same post has put there for other questions.
    """
    taken, mine = Taken(), [one for one in uploads.of_deal(session, deal_id) if one.question == question]
    known, used, room = {one.sha256 for one in mine}, uploads.used(session, deal_id) + beside, here.settings.upload_deal_mb * MEGABYTE
    for file in files:
        if _digest(file) in known:
            continue
        if len(known) >= FILES_MAX:
            taken.beyond += 1
            continue
        try:
            one = _store(here, deal_id, file, room=room - used)
        except Invalid as wrong:
            taken.refused.append(str(wrong))
            continue
        taken.stored.append(one)
        known.add(one.sha256)
        used += one.size
    return taken


def keep(session: Session, here: Door, deal_id: int, question: str, taken: Taken) -> list[Upload]:
    """Every file of a question that is kept, with those that are on disk now. What no longer fits joins the refused, and is deleted."""
    for one in taken.stored:
        try:
            uploads.keep(session, deal_id, question, one, room=here.settings.upload_deal_mb * MEGABYTE, now=here.now())
        except Invalid as full:
            taken.refused.append(str(full))
            uploads.discard(session, here.settings.home, one)
    return [one for one in uploads.of_deal(session, deal_id) if one.question == question]


def problems(taken: Taken, kept: int) -> dict[str, str]:
    """What is wrong with the files, in one breath, and what became of the others."""
    told = taken.refused[:TOLD_AT_ONCE]
    if more := len(taken.refused) - len(told):
        told.append(f"{_counted(more, 'more file was', 'more files were')} refused for such reasons.")
    if taken.beyond:
        left_out = _counted(taken.beyond, "file was", "files were")
        told.append(f"{left_out} left out: at most {FILES_MAX} fit here. Put them all into one .zip, or send us a link.")
    if told and kept:
        told.append(f"{_counted(kept, 'file is', 'files are')} kept below and not sent yet.")
    return {"files": " ".join(told)} if told else {}


def _store(here: Door, deal_id: int, file: UploadFile, *, room: int) -> Stored:
    """One file on disk. Raises Invalid for one that is too large, empty, of a kind that is not taken, or beyond what a deal may fill."""
    name, size = file.filename or "", file.size or 0
    limit = here.settings.upload_mb * MEGABYTE
    if room < size <= limit:
        shown = safe_name(name)
        most = f"{here.settings.upload_deal_mb:,} MB"
        raise Invalid(f"“{shown}” does not fit: one project may upload {most} in all. Send us a link instead.")
    return uploads.store(here.settings.home, deal_id, name, file.file, limit=limit)


def _digest(file: UploadFile) -> str:
    digest = hashlib.sha256()
    file.file.seek(0)
    while chunk := file.file.read(MEGABYTE):
        digest.update(chunk)
    return digest.hexdigest()


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
