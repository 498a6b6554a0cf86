"""A mail server in a test's hands: it takes letters, holds some, refuses some, and hangs up before it answers."""

import asyncio
import threading
from collections.abc import Callable
from email import message_from_bytes

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HANG_UP, LOSE = "hang up", "lose"
"""Takes the letter, and drops the line before a word is said; does so and loses the letter."""


class Held:
    """A letter that the server has in its hands: `there` once it has come, answered once `go_on`."""

    def __init__(self) -> None:
        self.there, self.go_on = threading.Event(), threading.Event()


class Post:
    """A mail server that takes letters, and can be made to hold some at their end, each once, before it answers.

    `mood` says what is done with a letter: "" takes it, a line like "550 no" is the answer to it, `HANG_UP` takes it without one, and so
    does `LOSE`, which loses it. With a `login`, a name and its password, it takes letters of nobody else.
    """

    def __init__(self, port: int, login: tuple[str, str] | None = None) -> None:
        self.port, self.login = port, login
        self.taken: list[str] = []
        self.holds: dict[str, Held] = {}
        self.mood: Callable[[str], str] = lambda _mark: ""
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        """What a studio that sends by this server sets as STUDIO_MAIL_URL."""
        return f"smtp://{':'.join(self.login) + '@' if self.login else ''}127.0.0.1:{self.port}"

    def hold(self, key: str) -> Held:
        return self.holds.setdefault(f".{key.replace('/', '-')}@", Held())

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        mark = str(message_from_bytes(envelope.content)["Message-ID"])
        held = next((held for key, held in self.holds.items() if key in mark and not held.there.is_set()), None)
        if held:
            held.there.set()
            while not held.go_on.is_set():
                await asyncio.sleep(0.02)
        said = self.mood(mark)
        if said not in {"", HANG_UP, LOSE}:
            return said
        if said != LOSE:
            self.taken.append(mark)
        if said and server.transport is not None:
            server.transport.abort()
        return "250 OK"

    def open(self) -> None:
        asks = {"authenticator": self._knows, "auth_require_tls": False} if self.login else {}
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **asks)
        self._controller.start()

    def _knows(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, said: LoginPassword) -> AuthResult:
        assert self.login
        return AuthResult(success=(said.login.decode(), said.password.decode()) == self.login, handled=False)

    def close(self) -> None:
        for held in self.holds.values():
            held.go_on.set()
        if self._controller:
            self._controller.stop()
            self._controller = None
