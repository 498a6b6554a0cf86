"""How often somebody did something within a time: counted in this process, or in a Redis that all api processes share."""

import hashlib
import hmac
import ipaddress
import logging
import time

from limits import RateLimitItem, RateLimitItemPerHour
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter

from models.errors import BadSetup

PATIENCE = 1.0
REST = 30.0
"""How many seconds a Redis that did not answer is left alone."""
log = logging.getLogger("studioflow.counts")


class Counts:
    """Counts by name and by whose they are; `url` names a shared Redis, without it they are this process's own.

    While the Redis is away each process counts for itself: a form that answers is worth more than an exact count.
    """

    def __init__(self, secret: str, url: str = "") -> None:
        """Raises BadSetup where the address is none of a Redis."""
        self._secret = secret.encode()
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._shared = FixedWindowRateLimiter(_storage(url)) if url else None
        self._rests_until = 0.0

    @property
    def is_shared(self) -> bool:
        """Whether counting asks a Redis, which may take a moment."""
        return self._shared is not None and time.monotonic() >= self._rests_until

    def hit(self, what: str, whose: str, per_hour: int) -> bool:
        """Count it once more; whether it is within what an hour allows."""
        return self.within(RateLimitItemPerHour(per_hour), what, whose)

    def within(self, limit: RateLimitItem, what: str, whose: str) -> bool:
        """Count it once more; whether it is within the limit."""
        keys = (what, self._mark(whose))
        if self._shared and self.is_shared:
            try:
                return self._shared.hit(limit, *keys)
            except StorageError as away:
                self._rests_until = time.monotonic() + REST
                log.warning("The Redis of STUDIO_REDIS_URL is away; this process counts for itself: %s", away.storage_error)
        return self._own.hit(limit, *keys)

    def _mark(self, whose: str) -> str:
        """A name for somebody that tells nobody who they are: addresses are not kept where others might read them."""
        return hmac.new(self._secret, f"counts/{whose}".encode(), hashlib.sha256).hexdigest()[:24]


def neighbourhood(address: str) -> str:
    """Whom an address stands for: of IPv6 a whole /64, which is one house's; of IPv4 that is written as IPv6 the IPv4 address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return address
    return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))


def _storage(url: str) -> RedisStorage:
    try:
        if url.startswith(("redis://", "rediss://")):
            return RedisStorage(url, wrap_exceptions=True, key_prefix="studioflow", socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
    except (ConfigurationError, ValueError):  # their words may hold its password
        pass
    raise BadSetup("STUDIO_REDIS_URL is no address of a Redis such as redis://host:6379/0.")
