"""How the parts of a running system are: asked over HTTP, told in sentences."""

import json
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass

from models.settings import Settings

PATIENCE = 2.0
MOST = 100_000


@dataclass(frozen=True)
class Part:
    """One part of the system: where it is, whether it is well, if not, why, and whether the system needs it."""

    name: str
    well: bool
    says: str
    address: str = ""
    needed: bool = True


def addresses(settings: Settings) -> dict[str, str]:
    """The addresses a person opens, by what they are."""
    api = _pages(settings)
    desk = {"sandbox payments": f"http://{settings.host}:{settings.sandbox}/"} if settings.payments == "sandbox" else {}
    return {"intake form": f"{api}/apply", "Prefect UI": settings.prefect_ui, "sent mail": f"{api}/outbox", "api docs": f"{api}/docs"} | desk


def parts(settings: Settings) -> list[Part]:
    """Engine, pages and the sandbox provider, each asked now, and what the pages tell of the parts behind them."""
    trouble = engine(settings)()
    pages, told = _get(f"{_pages(settings)}/health/ready")
    behind = told.get("parts", {}) if isinstance(told, dict) else {}
    answered = "" if behind else pages
    return [
        Part("engine", well=not trouble, says=trouble or "well", address=settings.prefect_ui),
        Part("pages", well=not answered, says=answered or "well", address=_pages(settings)),
        *_sandbox(settings),
        *(Part(name, well=one["well"], says=one["says"], needed=one["needed"]) for name, one in behind.items() if name != "engine"),
    ]


def engine(settings: Settings) -> Callable[[], str]:
    """A question to ask again and again: "" once the Prefect server reaches its database (its `/health` says only that it lives)."""
    return answers(f"{settings.prefect_api}/ready")


def sandbox(settings: Settings) -> str:
    """Where the sandbox provider says that it is well."""
    return f"http://{settings.host}:{settings.sandbox}/health"


def answers(url: str) -> Callable[[], str]:
    """A question to ask again and again: "" once `url` answers 200, else what it says instead."""
    return lambda: _get(url)[0]


def is_free(host: str, port: int, *, udp: bool = False) -> bool:
    """Whether a server may listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
        if not udp:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError):
            return False
    return True


def _pages(settings: Settings) -> str:
    return f"http://{settings.host}:{settings.api_port}"


def _sandbox(settings: Settings) -> list[Part]:
    if settings.payments != "sandbox":
        return []
    trouble, _ = _get(sandbox(settings))
    return [Part("sandbox", well=not trouble, says=trouble or "well", address=f"http://{settings.host}:{settings.sandbox}/")]


def _get(url: str) -> tuple[str, object]:
    """What is wrong with `url` in one line ("" when it answers 200 within two seconds), and the JSON it answers, if any."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 (our own address)
            return "", _parsed(answer.read(MOST))
    except urllib.error.HTTPError as error:
        with error:
            told = _parsed(error.read(MOST))
        said = told if isinstance(told, dict) else {}
        message = f" ({said['message']})" if "message" in said else ""
        return str(said.get("detail") or f"it answers {error.code}{message}"), told
    except (OSError, ValueError) as error:
        return f"no answer ({getattr(error, 'reason', None) or error})", None


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:
        return None
