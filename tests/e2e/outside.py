"""What lies outside of the studio, in a test's hands: a Redmine on a port of its own that goes away, comes back and keeps people waiting."""

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.e2e.post import Held
from tests.e2e.system import free_port
from tests.tasks.gateways.fake_redmine import FakeRedmine


class Redmine:
    """The fake Redmine behind HTTP. `hold` makes it do what it is told in words that hold a word, and answer only when it may go on."""

    def __init__(self) -> None:
        self.fake = FakeRedmine()
        self.port = free_port()
        self.holds: dict[str, Held] = {}
        self._one_at_a_time = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/tracker"

    def open(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        """Refuse every connection from now on."""
        self.goes_on()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def hold(self, word: str) -> Held:
        return self.holds.setdefault(word, Held())

    def goes_on(self) -> None:
        """Answer whoever is kept waiting."""
        for held in self.holds.values():
            held.go_on.set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        with self._one_at_a_time:
            answer = self.fake.answer(request)
        said = request.content.decode() if request.method == "POST" else ""
        held = next((held for word, held in self.holds.items() if word in said and not held.there.is_set()), None)
        if held:
            held.there.set()
            held.go_on.wait(60)
        return answer

    def projects_of(self, deal: int) -> list[dict]:
        return [one for one in self.fake.projects.values() if f"deal/{deal}/" in one["description"]]

    def issues_of(self, deal: int) -> list[str]:
        """The keys of a deal's issues and tickets: the last line of each text."""
        lines = [one["description"].splitlines()[-1] for one in self.fake.issues.values() if one["description"]]
        return [line.rpartition(" ")[2].rstrip("]") for line in lines if f"deal/{deal}/" in line]

    def is_resolved(self, key: str) -> None:
        """Somebody sets an issue to Resolved."""
        issue = next(one for one in self.fake.issues.values() if f"{key}]" in one["description"])
        issue["status"] = next(one for one in self.fake.statuses if one["name"] == "Resolved")


def _handler(redmine: Redmine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = redmine.answer(httpx.Request(self.command, f"http://{redmine.host}{self.path}", headers=dict(self.headers), content=body))
            with suppress(OSError):  # whoever asked may be dead by now
                self.send_response(answer.status_code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

        do_GET = do_POST = do_DELETE = _do  # noqa: N815 (http.server's names)

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    return Handler
