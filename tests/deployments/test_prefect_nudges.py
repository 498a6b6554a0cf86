"""The worker is told what somebody does at Prefect's server, and nothing of what it does itself."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from deployments.prefect_nudges import Nudging, means_work
from models.nudges import nudge, touched_in

RUN = "0197f0a2-5d7e-7c60-b1d1-2f5b0a7c1d11"


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", f"/api/flow_runs/{RUN}/set_state", RUN),
        ("POST", f"/api/flow_runs/{RUN}/resume", RUN),
        ("DELETE", f"/api/flow_runs/{RUN}", RUN),
        ("POST", f"/api/deployments/{RUN}/create_flow_run", ""),
        ("POST", "/api/flow_runs/", ""),
        ("POST", "/api/flow_runs/bulk_set_state", ""),
        ("GET", f"/api/flow_runs/{RUN}", None),
        ("PATCH", f"/api/flow_runs/{RUN}", None),
        ("POST", f"/api/flow_runs/{RUN}/input", None),
        ("POST", "/api/flow_runs/filter", None),
        ("POST", "/api/logs/", None),
        ("GET", "/", None),
    ],
)
def test_what_makes_or_changes_a_run_means_work_and_looking_does_not(method: str, path: str, told: str | None) -> None:
    assert means_work(method, path) == told


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
        yield one


async def served(scope, receive, send) -> None:
    await send({"type": "answered"})


@pytest.mark.parametrize(("headers", "heard"), [([], [RUN]), ([(b"x-prefect-worker-name", b"ours")], [])])
def test_a_request_is_answered_and_then_told_of_unless_the_worker_made_it(ear: socket.socket, headers: list, heard: list[str]) -> None:
    sent, port = [], ear.getsockname()[1]

    async def send(message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": f"/api/flow_runs/{RUN}/set_state", "headers": headers}
    asyncio.run(Nudging(served, port)(scope, None, send))
    nudge(port)
    data = []
    while not data or data[-1] != b"work":
        data.append(ear.recv(100))
    assert sent == [{"type": "answered"}]
    assert [touched_in(one) for one in data[:-1]] == heard
    assert all(one.startswith(b"touched") for one in data[:-1])


@pytest.mark.parametrize("data", [b"", b"work", b"touched ", b"touched " + b"x" * 36, f"touched {RUN} and more".encode()])
def test_anything_else_tells_of_no_run(data: bytes) -> None:
    assert touched_in(data) == ""
