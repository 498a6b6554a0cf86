"""Prefect, as far as the door knows it: whether it is ready. The waker is told by `Door.nudge`, addresses are in models.addresses."""

import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus

from models.settings import Settings

PATIENCE = 2.0
REMEMBERED = 2.0


@dataclass
class Engine:
    """The Prefect server. Its answer is remembered for two seconds, so that asking often costs nothing."""

    settings: Settings
    _asked: float = -1e9
    _says: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def trouble(self) -> str:
        """What is wrong with it in a sentence; "" when it answers and reaches its database."""
        with self._lock:
            if time.monotonic() - self._asked > REMEMBERED:
                self._says = self._ask()
                self._asked = time.monotonic()
            return self._says

    def _ask(self) -> str:
        try:
            with urllib.request.urlopen(f"{self.settings.prefect_api}/ready", timeout=PATIENCE) as answer:  # noqa: S310 (our own address)
                answer.read(100)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
                    return "The Prefect server answers, and does not reach its database."
                return f"The Prefect server does not answer: {error.reason}."
        except (OSError, ValueError) as error:
            return f"The Prefect server does not answer: {getattr(error, 'reason', None) or error}."
        return ""
