"""PDF: documents printed by WeasyPrint, and joined by pypdf, in warm, limited child processes.

Threads do not make it faster and its input may hang it, so each child does one document at a time and is killed and
replaced when it takes too long, takes too much, or dies. The same HTML, assets, `when` and fonts give the same bytes.
"""

import atexit
import queue
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from models.errors import Refused
from tasks.gateways.pdf_process import APT_LINE, NoLibraries, PrintingProcess, missing_libraries

__all__ = ["APT_LINE", "Attachment", "NoLibraries", "Printer", "WeasyPrinter", "missing_libraries"]

_HTML_BYTES = 16 * 1024 * 1024
_JOB_BYTES = 96 * 1024 * 1024
_NAME = re.compile(r"[\w][\w. -]{0,99}")


@dataclass(frozen=True)
class Attachment:
    """A file to be embedded in a PDF. `relationship` tells what it is to the pages: the same in another form, what they rest on, its source."""

    name: str
    content: bytes
    media_type: str
    relationship: Literal["Alternative", "Data", "Source", "Supplement", "Unspecified"]
    description: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", self.media_type):
            raise ValueError(f"{self.name!r} ({self.media_type!r}) cannot be the name and type of an embedded file")


class Printer(Protocol):
    """Makes PDFs: of HTML, or of other PDFs."""

    def print(
        self,
        html: str,
        *,
        assets: Sequence[Path] = (),
        when: datetime,
        title: str = "",
        attachments: Sequence[Attachment] = (),
        facturx: str = "",
    ) -> bytes:
        """The PDF of `html`, dated `when`. Relative addresses are looked for in the `assets` folders, in their order.

        With `attachments` it is a PDF/A-3b that holds them. `facturx` is the level ("EN 16931") of the e-invoice that the first one is.
        Raises Refused when the document cannot be printed within the limits (not retried), Unavailable when
        nothing can be printed here (retried).
        """
        ...

    def join(
        self, parts: Sequence[bytes], *, foreign: Sequence[bytes] = (), when: datetime, title: str = "", attachments: Sequence[Attachment] = ()
    ) -> bytes:
        """One PDF of the pages of `parts`, then of `foreign` ones (of which only what is seen is taken), with `attachments` in it.

        Raises Refused where a part cannot be read within the limits, Unavailable when nothing can be done here.
        """
        ...


class WeasyPrinter:
    """Prints in `processes` children, started when first needed, closed at exit; safe to share between threads.

    `seconds` is the longest time one document may take, `memory_mb` the most memory it may take; a child that has had nothing to do for
    `idle` seconds ends, and with it the 65 MB that it holds.
    """

    def __init__(self, *, processes: int = 1, seconds: float = 60.0, memory_mb: int = 1024, idle: float = 300.0) -> None:
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._idle = idle
        self._processes = processes
        self._places: queue.LifoQueue[PrintingProcess | None] = queue.LifoQueue()
        for _ in range(processes):
            self._places.put(None)
        atexit.register(self.close)

    def print(
        self,
        html: str,
        *,
        assets: Sequence[Path] = (),
        when: datetime,
        title: str = "",
        attachments: Sequence[Attachment] = (),
        facturx: str = "",
    ) -> bytes:
        """See Printer. Waits for a free child; when one dies for no known reason the document is tried once more."""
        content = html.encode(errors="replace")
        if len(content) > _HTML_BYTES:
            raise Refused("The document is too long to be printed.")
        if facturx and not attachments:
            raise ValueError("an e-invoice is one of the attachments")
        job = {"do": "print", "assets": [str(folder.absolute()) for folder in assets], "facturx": facturx}
        return self._do(job, [content], when, title, attachments)

    def join(
        self, parts: Sequence[bytes], *, foreign: Sequence[bytes] = (), when: datetime, title: str = "", attachments: Sequence[Attachment] = ()
    ) -> bytes:
        """See Printer. It is done in a child too: a scan may be anything."""
        return self._do({"do": "join", "foreign": len(foreign)}, [*parts, *foreign], when, title, attachments)

    def close(self) -> None:
        """End all children that are not at work; the next `print` starts new ones."""
        idle = []
        while len(idle) < self._processes:
            try:
                idle.append(self._places.get_nowait())
            except queue.Empty:
                break
        for child in idle:
            if child is not None:
                child.end()
            self._places.put(None)

    def _do(self, job: dict[str, object], pieces: list[bytes], when: datetime, title: str, attachments: Sequence[Attachment]) -> bytes:
        pieces += [file.content for file in attachments]
        if sum(map(len, pieces)) > _JOB_BYTES:
            raise Refused("The document is too large to be printed with what is to be embedded in it.")
        job |= {
            "when": when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "title": title,
            "seconds": self._seconds,
            "files": [{name: value for name, value in vars(file).items() if name != "content"} for file in attachments],
            "sizes": [len(piece) for piece in pieces],
        }
        for _ in range(2):
            result = self._try(job, b"".join(pieces))
            if result is not None:
                return result
        raise Refused("The document cannot be printed: the printing process died of it, twice.")

    def _try(self, job: dict[str, object], body: bytes) -> bytes | None:
        child = self._places.get()
        try:
            if child is None or not child.is_fit():
                if child is not None:
                    child.end()
                child = None
                child = PrintingProcess(self._memory_mb, self._idle)
            return child.do(job, body, self._seconds)
        finally:
            self._places.put(child)
