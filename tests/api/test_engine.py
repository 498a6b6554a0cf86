"""Whether the engine is well: a Prefect server that answers and cannot reach its database is not."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from api.engine import Engine
from deployments import health
from models.settings import Settings


@contextmanager
def a_server(*, ready: int) -> Iterator[int]:
    """What Prefect's server says of itself: that it lives, and with `ready` whether it reaches its database. Its port."""

    class Prefect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = {"/api/health": 200, "/api/ready": ready}.get(self.path, 404)
            body = b'{"message": "OK"}' if status == 200 else b'{"message": "Database is not available"}'
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Prefect) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("ready", "says", "status"),
    [
        (200, "", "well"),
        (503, "The Prefect server answers, and does not reach its database.", "it answers 503 (Database is not available)"),
        (500, "The Prefect server does not answer: Internal Server Error.", "it answers 500 (Database is not available)"),
    ],
)  # fmt: skip
def test_an_engine_is_well_when_it_reaches_its_database(tmp_path, ready: int, says: str, status: str) -> None:
    with a_server(ready=ready) as port:
        settings = Settings(home=tmp_path, prefect_port=port, secret="a secret of the tests")
        assert Engine(settings).trouble() == says
        engine = health.parts(settings)[0]
    assert (engine.name, engine.well, engine.says) == ("engine", not says, status)


def test_an_engine_that_nobody_hears_does_not_answer(tmp_path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings = Settings(home=tmp_path, prefect_port=closed.getsockname()[1], secret="a secret of the tests")
        assert Engine(settings).trouble().startswith("The Prefect server does not answer: ")
