"""The real sandbox provider on loopback, and somebody who takes its webhooks."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from pydantic import SecretStr

from deployments.sandbox.app import create_app
from models import webhooks
from models.clock import real_now
from models.settings import Settings
from models.webhooks import ProviderEvent
from tasks.gateways.payments import Checkout
from tasks.gateways.sandbox import Sandbox

SECRET = "what the sandbox and we know"
PATIENCE = 20.0


def soon(holds: Callable[[], Any]) -> Any:
    """What `holds` gives as soon as it is something; fails when it never is."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        if found := holds():
            return found
        time.sleep(0.01)
    raise AssertionError("it never came about")


@dataclass
class Receiver:
    """Takes webhooks and keeps them; `answers` are the statuses of the next ones, 200 when there are none left."""

    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((self.path, dict(self.headers), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    def events(self, provider: str, secret: str, many: int) -> list[ProviderEvent]:
        """The first `many` webhooks, each with its signature checked, in the order in which they came."""
        soon(lambda: len(self.got) >= many)
        for _, headers, body in self.got[:many]:
            webhooks.verify(provider, [secret], headers, body, real_now())
        return [webhooks.read(provider, body) for _, _, body in self.got[:many]]


@dataclass
class RunningSandbox:
    """The sandbox served by uvicorn in a thread, as a client and the studio meet it."""

    settings: Settings
    receiver: Receiver

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.sandbox_port}"

    @property
    def provider(self) -> Sandbox:
        return Sandbox(self.url, SECRET)

    def browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False)

    def choose(self, checkout: Checkout, choice: str, **fields: str) -> httpx.Response:
        """Press a button of the pay page."""
        with self.browser() as http:
            return http.post(checkout.url, data={"choice": choice} | fields)

    def page(self, path: str) -> str:
        with self.browser() as http:
            return re.sub(r"\s+", " ", http.get(path).text)

    @contextmanager
    def served(self) -> Iterator["RunningSandbox"]:
        """The app at work inside the block."""
        config = uvicorn.Config(create_app(self.settings), log_level="error", ws="none")
        server = uvicorn.Server(config)
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", self.settings.sandbox_port))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        soon(lambda: server.started)
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join()
            listening.close()


@contextmanager
def sandbox(home: Path, **over: Any) -> Iterator[RunningSandbox]:
    """A sandbox of this home, not served yet, whose webhooks go to a receiver."""
    receiver = Receiver()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(**{"home": home, "sandbox_secret": SecretStr(SECRET), "api_port": receiver.port, "sandbox_port": port} | over)
    try:
        yield RunningSandbox(settings, receiver)
    finally:
        receiver.close()
