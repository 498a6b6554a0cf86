"""What a start is made of, and what it refuses before anything runs."""

import socket
import subprocess
import sys
from pathlib import Path

from pydantic import SecretStr

from deployments import health, start
from models.settings import ROOT, Settings


def settings(home: Path, **over) -> Settings:
    return Settings(**{"home": home, "secret": SecretStr("a secret of the tests")} | over)


def names(parts) -> list[str]:
    return [part.name for part in parts]


def test_the_sandbox_runs_where_it_takes_the_cards_and_only_there(home: Path) -> None:
    assert names(start.children(settings(home), own_engine=True)) == ["prefect", "worker", "sandbox", "api"]
    for payments in ("stripe", "none"):
        chosen = settings(home, payments=payments)
        assert names(start.children(chosen, own_engine=True)) == ["prefect", "worker", "api"]
        assert "sandbox" not in names(health.parts(settings(home, payments=payments, api_port=9, prefect_port=9)))
        assert "sandbox payments" not in health.addresses(chosen)


def test_the_sandbox_is_among_the_parts_whose_health_is_told(home: Path) -> None:
    told = {part.name: part for part in health.parts(settings(home, api_port=9, prefect_port=9, sandbox_port=9))}
    assert (told["sandbox"].well, told["sandbox"].needed, told["sandbox"].address) == (False, True, "http://127.0.0.1:9/")
    assert told["sandbox"].says.startswith("no answer")
    assert health.addresses(settings(home, api_port=8800))["sandbox payments"] == "http://127.0.0.1:8802/"


def test_the_sandboxs_port_must_be_free(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = start._taken(settings(home, sandbox_port=port), own_engine=False)
        assert f"Port {port} of 127.0.0.1 is taken by another program; choose one with STUDIO_SANDBOX_PORT or --api-port." in said
        assert not any(str(port) in one for one in start._taken(settings(home, sandbox_port=port, payments="none"), own_engine=False))


def test_a_port_that_cannot_be_is_not_free() -> None:
    assert not health.is_free("127.0.0.1", 65537)


def test_what_watches_over_the_parts_reads_no_library_that_only_they_use() -> None:
    code = "import sys, deployments.cli, deployments.start; print(*sys.modules)"
    read = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert {"sqlalchemy", "psycopg", "prefect", "jinja2", "fastapi"} & set(read) == set()
