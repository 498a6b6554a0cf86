"""Which web pages are the Prefect UI of this installation, as browsers name them: by origin, that is scheme, host and port."""

from collections.abc import Iterable
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "localhost", "::1")
USUAL_PORTS = {"http": ":80", "https": ":443"}


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host of this name."""
    return host in LOOPBACK


def own_origins(port: int, addresses: Iterable[str] = ()) -> list[str]:
    """The origins of the UI on this port of this machine, and at these addresses; a path alone adds none, it is of the same origin."""
    places = [f"http://{f'[{host}]' if ':' in host else host}:{port}" for host in LOOPBACK]
    return list(dict.fromkeys(filter(None, map(_origin, [*places, *addresses]))))


def _origin(address: str) -> str:
    """An address's origin; "" for one without a host."""
    parts = urlsplit(address)
    place = parts.netloc.rpartition("@")[2].lower()
    return f"{parts.scheme}://{place.removesuffix(USUAL_PORTS.get(parts.scheme, ''))}" if place else ""
