"""PDF: documents printed by WeasyPrint in warm, limited child processes.

Threads do not make it faster and its input may hang it, so each child does one document at a time and is killed and
replaced when it takes too long, takes too much, or dies. The same HTML, assets, `when` and fonts give the same bytes.
"""

import atexit
import queue
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from models.errors import Refused
from tasks.gateways.pdf_process import APT_LINE, NoLibraries, PrintingProcess, missing_libraries

__all__ = ["APT_LINE", "NoLibraries", "Printer", "WeasyPrinter", "missing_libraries"]

_HTML_BYTES = 16 * 1024 * 1024


class Printer(Protocol):
    """Prints HTML as PDF."""

    def print(self, html: str, *, assets: Sequence[Path] = (), when: datetime, title: str = "") -> bytes:
        """The PDF of `html`, dated `when`. Relative addresses are looked for in the `assets` folders, in their order.

        Raises Refused when the document cannot be printed within the limits (not retried), Unavailable when
        nothing can be printed here (retried).
        """
        ...


class WeasyPrinter:
    """Prints in `processes` children, started when first needed, closed at exit; safe to share between threads.

    `seconds` is the longest time one document may take, `memory_mb` the most memory it may take.
    """

    def __init__(self, *, processes: int = 1, seconds: float = 60.0, memory_mb: int = 1024) -> None:
        self._seconds = seconds
        self._memory_mb = memory_mb
        self._processes = processes
        self._places: queue.LifoQueue[PrintingProcess | None] = queue.LifoQueue()
        for _ in range(processes):
            self._places.put(None)
        atexit.register(self.close)

    def print(self, html: str, *, assets: Sequence[Path] = (), when: datetime, title: str = "") -> bytes:
        """See Printer. Waits for a free child; when one dies for no known reason the document is tried once more."""
        content = html.encode(errors="replace")
        if len(content) > _HTML_BYTES:
            raise Refused("The document is too long to be printed.")
        job: dict[str, object] = {
            "assets": [str(folder.absolute()) for folder in assets],
            "when": when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "title": title,
            "seconds": self._seconds,
        }
        for _ in range(2):
            result = self._try(job, content)
            if result is not None:
                return result
        raise Refused("The document cannot be printed: the printing process died of it, twice.")

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

    def _try(self, job: dict[str, object], content: bytes) -> bytes | None:
        child = self._places.get()
        try:
            if child is None or not child.is_fit():
                if child is not None:
                    child.end()
                child = None
                child = PrintingProcess(self._memory_mb)
            return child.do(job, content, self._seconds)
        finally:
            self._places.put(child)
