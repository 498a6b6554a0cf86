"""Watched folders: whole files are taken in and put where their fate can be seen, beside the folder."""

import logging
import os
import time
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

from models.errors import Refused

QUIET_SECONDS = 5
"""A file that was written to this lately may still be growing."""
DONE, REFUSED = "done", "refused"
ADVICE = "Let the studio's user write to {place} (a systemd unit needs ReadWritePaths={place}, docs/scale.md), or take the file away."
log = logging.getLogger("studioflow.folders")
_told: set[str] = set()
"""What this process has said of files that are in the way: once is enough, they are tried again and again."""
_UNFINISHED = frozenset({".tmp", ".part", ".filepart", ".crdownload"})


class InTheWay(Refused):
    """A file has been dealt with, and cannot be moved out of its folder: it will be met there again. Nothing is done twice by it."""


def whole(folder: Path) -> list[Path]:
    """The files of a folder that nobody writes to any more, by name; hidden, linked and unfinished ones are not among them."""
    return [path for path in sorted(folder.iterdir()) if is_whole(path)] if folder.is_dir() else []


def is_whole(path: Path) -> bool:
    """Whether a file may be taken in."""
    if path.is_symlink() or not path.is_file() or path.name.startswith(".") or path.suffix.lower() in _UNFINISHED:
        return False
    return time.time() - path.stat().st_mtime >= QUIET_SECONDS


def named(folder: Path, name: str) -> Path | None:
    """A file of the folder, or of `refused` beside it, by the name that a person typed; None when there is none, or it lies elsewhere."""
    for place in (folder, folder.parent / REFUSED):
        path = (place / name).resolve()
        if path.is_relative_to(place.resolve()) and path.is_file():
            return path
    return None


def put_away(folder: Path, name: str) -> Path | None:
    """The file of this name that was put into `done` beside the folder last; None when none was."""
    place = (folder.parent / DONE).resolve()
    path = (place / name).resolve()
    if path == place or not path.is_relative_to(place):
        return None
    return next(reversed(list(takewhile(Path.is_file, _names(path)))), None)


def printable(name: str) -> str:
    """A file's name as text that can be kept, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "replace")


def put(path: Path, where: str) -> Path:
    """Move a file aside, beside the watched folder; another of its name stays as it is. Raises InTheWay where that cannot be."""
    folder = path.parent.parent / where
    try:
        path.with_name(f"{path.name}.txt").unlink(missing_ok=True)
        if path.parent == folder:
            return path
        folder.mkdir(parents=True, exist_ok=True)
        return path.replace(next(free for free in _names(folder / path.name) if not free.exists()))
    except OSError as error:
        why = f"{printable(path.name)} cannot be put from {path.parent} into {folder} ({error.strerror or error})."
        raise InTheWay(f"{why} {ADVICE.format(place=folder.parent)}") from error


def complain(trouble: InTheWay) -> None:
    """Say in the log what keeps a file in its folder: once, however often it is met."""
    if str(trouble) not in _told:
        _told.add(str(trouble))
        log.error("%s", trouble)


def refuse(path: Path, why: object) -> None:
    """Put a file into `refused`, with the reason in a text beside it. Raises InTheWay, which says the reason, where that cannot be."""
    try:
        kept = put(path, REFUSED)
    except InTheWay as error:
        raise InTheWay(f"{why} {error}") from error
    kept.with_name(f"{kept.name}.txt").write_text(f"{why}\n", "utf-8")


def reasons(folder: Path) -> list[str]:
    """Why each file in `refused` beside the folder lies there."""
    refused = folder.parent / REFUSED
    return [reason.read_text("utf-8").strip() for reason in sorted(refused.glob("*.txt"))] if refused.is_dir() else []


def _names(path: Path) -> Iterator[Path]:
    """Where a file of this name may lie, one after the other."""
    yield path
    yield from (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, 10_000))
