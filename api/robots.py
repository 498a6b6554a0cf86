"""Robots: told "thank you" like everybody, kept apart by three signs. A trap field, too little time, too many from one address."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from api.counts import Counts, neighbourhood

_PARTS = 3
GOOD_FOR = timedelta(days=1)
"""How long a form that was shown may be sent; after that its reader is asked to send it again, with all that they typed."""


@dataclass(frozen=True)
class Robots:
    """The rules of this installation."""

    secret: str
    per_hour: int
    min_seconds: float
    counts: Counts

    def started(self, now: datetime) -> str:
        """What a form carries from being shown to being sent: time, a nonce of its own, our signature."""
        body = f"{int(now.timestamp() * 1000)}.{secrets.token_hex(8)}"
        return f"{body}.{self._sign(body)}"

    def nonce(self, started: str) -> str:
        """The nonce of a form that we showed; "" for any other."""
        parts = started.split(".")
        if len(parts) != _PARTS or not started.isascii():
            return ""
        return parts[1] if hmac.compare_digest(self._sign(".".join(parts[:2])), parts[2]) else ""

    def again(self, now: datetime) -> str:
        """What a form carries that comes back for having been open too long: it may be sent at once."""
        return self.started(now - timedelta(seconds=self.min_seconds))

    def is_stale(self, started: str, now: datetime) -> bool:
        """Whether a form is one that we showed, too long ago."""
        return bool(self.nonce(started)) and now - self._shown(started) > GOOD_FOR

    def suspicion(self, *, trap: str, started: str, address: str, now: datetime) -> str:
        """Why a posted form looks like a robot's; "" when it does not."""
        if trap:
            return "the trap field was filled in"
        if not self.nonce(started):
            return "the form was not one of ours"
        if now - self._shown(started) < timedelta(seconds=self.min_seconds):
            return "it was filled in too fast"
        if not self.allows("apply", address, self.per_hour):
            return "too many came from one address"
        return ""

    def allows(self, what: str, address: str, per_hour: int) -> bool:
        """Whether an address, with its neighbours of the same house, may do this once more within the hour. Counts it."""
        return self.counts.hit(what, neighbourhood(address), per_hour)

    @staticmethod
    def _shown(started: str) -> datetime:
        return datetime.fromtimestamp(int(started.partition(".")[0]) / 1000, UTC)

    def _sign(self, body: str) -> str:
        return hmac.new(self.secret.encode(), f"apply/{body}".encode(), hashlib.sha256).hexdigest()[:32]
