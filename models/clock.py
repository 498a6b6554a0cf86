"""The clock: the one place where the time is read. Rules are handed it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


def real_now() -> datetime:
    """The real clock: leases and claims go by it."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Clock:
    """The studio's clock: the real one, and the seconds in `offset` added, so that a month can be rehearsed."""

    offset: Path | None = None

    def __call__(self) -> datetime:
        """The studio's time, UTC."""
        try:
            ahead = float(self.offset.read_text()) if self.offset else 0.0
        except (FileNotFoundError, ValueError):
            ahead = 0.0
        return real_now() + timedelta(seconds=ahead)
