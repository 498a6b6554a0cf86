"""How the parts of a running system are: asked over HTTP, told in sentences."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from models.settings import Settings

PATIENCE = 2.0


@dataclass(frozen=True)
class Part:
    """One part of the system: where it is, whether it is well, and if not, why."""

    name: str
    well: bool
    says: str
    address: str


def addresses(settings: Settings) -> dict[str, str]:
    """The four addresses a person opens, by what they are."""
    api = f"http://{settings.host}:{settings.api_port}"
    return {"intake form": f"{api}/apply", "Prefect UI": settings.prefect_ui, "sent mail": f"{api}/outbox", "api docs": f"{api}/docs"}


def parts(settings: Settings) -> list[Part]:
    """Engine and pages, each asked now; the pages speak for the database and the worker too."""
    ready = f"http://{settings.host}:{settings.api_port}/health/ready"
    return [
        _part("engine", f"{settings.prefect_api}/health", settings.prefect_ui),
        _part("pages", ready, f"http://{settings.host}:{settings.api_port}"),
    ]


def answers(url: str) -> Callable[[], str]:
    """A question to ask again and again: "" once `url` answers 200, else what it says instead."""
    return lambda: ask(url)


def ask(url: str) -> str:
    """Nothing ("") when `url` answers 200 within two seconds, else why not, in one line."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - our own address
            answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return _reason(error.code, error.read(4000))
    except (OSError, ValueError) as error:
        return f"no answer ({getattr(error, 'reason', None) or error})"
    return ""


def is_free(host: str, port: int, *, udp: bool = False) -> bool:
    """Whether a server may listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
        if not udp:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _part(name: str, url: str, address: str) -> Part:
    trouble = ask(url)
    return Part(name=name, well=not trouble, says=trouble or "well", address=address)


def _reason(code: int, body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return f"it answers {code}"
    detail = told.get("detail") if isinstance(told, dict) else None
    return str(detail or f"it answers {code}: {json.dumps(told)[:300]}")
