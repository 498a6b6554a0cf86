"""Mail that comes in as `.eml` files in a watched folder: the embedded default.

    in/letter.eml ──▶ done/letter.eml
               └────▶ refused/letter.eml, and letter.eml.txt with the reason

Only whole files are taken: one that still grows, a link, a pipe lies there as it is.
"""

import logging
import os
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from models.errors import Unavailable
from models.incoming_mail import HEAD_BYTES, MOST_AT_ONCE, MOST_BYTES, Arrived

log = logging.getLogger("studioflow.mailbox")
QUIET_SECONDS = 5
"""A file that was written to this lately may still be growing."""
DONE, REFUSED = "done", "refused"


class FolderMailbox:
    """Takes letters from `folder`; `done` and `refused` lie beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __repr__(self) -> str:
        return f"FolderMailbox({self.folder})"

    def fetch(self, limit: int) -> list[Arrived]:
        """At most `limit` whole letters, oldest first. A file that cannot be read keeps no other waiting.

        Raises Unavailable when the folder cannot be read (retried); an absent folder holds none.
        """
        found: list[Arrived] = []
        for name in self._whole_files():
            if len(found) == limit or sum(len(one.raw) for one in found) >= MOST_AT_ONCE:
                break
            try:
                found.append(self._arrived(name))
            except OSError:  # it lies there until somebody looks
                log.exception("A letter cannot be read: %s", _printable(name))
        return found

    def done(self, arrived: Arrived) -> None:
        """Move a letter into `done`; one that is gone or has changed since it was read is left alone. Raises Unavailable (retried)."""
        self._put(arrived, DONE)

    def refused(self, arrived: Arrived, why: str) -> None:
        """Move a letter into `refused`, the reason beside it. Raises Unavailable (retried)."""
        kept = self._put(arrived, REFUSED)
        if kept is not None:
            kept.with_name(f"{kept.name}.txt").write_text(f"{_printable(kept.name)}: {why}\n", "utf-8")

    def _whole_files(self) -> Iterator[str]:
        try:
            entries = list(os.scandir(self.folder)) if self.folder.is_dir() else []
            files = [(entry.stat(follow_symlinks=False), entry.name) for entry in entries if _is_letter(entry)]
        except OSError as error:
            raise Unavailable(f"The folder of incoming mail cannot be read: {error.strerror}.") from error
        now = time.time()
        yield from (name for _, name in sorted((at.st_mtime_ns, name) for at, name in files if abs(now - at.st_mtime) >= QUIET_SECONDS))

    def _arrived(self, name: str) -> Arrived:
        # Neither a link that was put in its place meanwhile nor a pipe is followed or waited for.
        handle = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            known = os.fstat(handle)
            is_whole = known.st_size <= MOST_BYTES
            raw = file.read(MOST_BYTES if is_whole else HEAD_BYTES)
        return Arrived(
            handle=f"{_mark(known)}/{name}", raw=raw, size=known.st_size, is_whole=is_whole,
            received_at=datetime.fromtimestamp(max(known.st_mtime, 0), UTC),
        )  # fmt: skip

    def _put(self, arrived: Arrived, where: str) -> Path | None:
        """The letter's new place; None when what was read does not lie there any more."""
        mark, _, name = arrived.handle.partition("/")
        path, folder = self.folder / name, self.folder.parent / where
        try:
            if _mark(path.lstat()) != mark:
                return None
            folder.mkdir(parents=True, exist_ok=True)
            names = [name, *(f"{path.stem}-{number}{path.suffix}" for number in range(2, 10_000))]
            return path.replace(next(folder / one for one in names if not os.path.lexists(folder / one)))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(f"A letter cannot be moved to {where}: {error.strerror}.") from error


def _is_letter(entry: os.DirEntry) -> bool:
    return entry.name.lower().endswith(".eml") and not entry.name.startswith(".") and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)


def _mark(known: os.stat_result) -> str:
    """Tells a file from another that takes its name."""
    return f"{known.st_ino}.{known.st_size}.{known.st_mtime_ns}"


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")
