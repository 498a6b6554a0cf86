"""Starting the system: engine first, since it takes longest; the set-up is checked meanwhile; then worker and pages."""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta

from deployments import hatch, health, running, secrets_file, set_up
from deployments.prefect_server import KEPT_SECONDS, check_guarded, environment
from deployments.running import Running
from deployments.supervisor import BAD_SETUP, Child, End, Supervisor
from models import logs
from models.errors import BadSetup, StudioError
from models.settings import ROOT, Settings, read

BUSY_SECONDS = 3.0
DETACHED_SECONDS = 180.0
LEAVING_SECONDS = 3


def settings_of(**over: object) -> Settings:
    """The settings of a start, secrets made. Raises BadSetup with one line per problem."""
    secrets_file.ensure(read(**over).home)
    return read(**over)


def check_apart(settings: Settings) -> None:
    """As `set_up.check`, in a process of its own: what it opens, reads and imports for that is nothing to the supervisor."""
    with tempfile.TemporaryFile() as words:
        if hatch.CAN:
            code = hatch.hatch("deployments.parts:set_up", words.fileno(), name="set-up", cwd=ROOT).wait()
        else:
            command, env = [sys.executable, "-m", "deployments.start"], child_environment(settings)
            code = subprocess.run(command, cwd=ROOT, env=env, stdout=words, stderr=words, check=False).returncode
        words.seek(0)
        said = words.read().decode(errors="replace")
    if code == BAD_SETUP:
        raise BadSetup(*said.splitlines())
    if code > 0:
        raise StudioError(said)


def up(settings: Settings, ready: Callable[[], None]) -> End | Running:
    """Run the system until told to stop; `ready` is called once all is well. A system that runs there already is returned.

    Raises BadSetup with one line per problem: a port that is taken, a broken file of the set-up, a database out of reach.
    """
    logs.install(settings.log)
    with running.claim(settings) as claim:
        if claim is None:
            return running.find(settings.home) or End(1, "Another process holds this home and does not say which.")
        own_engine = not os.environ.get("PREFECT_API_URL")
        if own_engine:
            check_guarded(settings)
        _expect_free_ports(settings, own_engine=own_engine)

        def all_well() -> None:
            claim.ready()
            ready()

        parts = children(settings, own_engine=own_engine)
        os.environ.update(child_environment(settings))  # Prefect reads its settings when it is imported, here, for every fork
        hatch.call("supervisor")
        return Supervisor(parts, settings.home / "logs", child_environment(settings), cwd=ROOT).run(all_well, lambda: check_apart(settings))


def up_detached(settings: Settings, arguments: list[str]) -> Running:
    """Start the system as a process of its own and return once all is well there.

    Raises StudioError with the last words of a start that failed; BadSetup when it was the set-up.
    """
    log = settings.path("logs", "studio.log")
    with log.open("wb") as words:
        process = subprocess.Popen(
            [sys.executable, "-m", "deployments.cli", "up", *arguments], cwd=ROOT, env=os.environ | {"STUDIO_HOME": str(settings.home)},
            stdin=subprocess.DEVNULL, stdout=words, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    limit = time.monotonic() + DETACHED_SECONDS
    while time.monotonic() < limit:
        found = running.find(settings.home)
        if found and found.ready:
            return found
        if (code := process.poll()) is not None:
            said = log.read_text().strip() or "It left no word."
            raise BadSetup(*said.splitlines()) if code == BAD_SETUP else StudioError(said)
        time.sleep(0.1)
    process.terminate()
    raise StudioError(f"The system is not up after {DETACHED_SECONDS:.0f} s; see {log}.")


def children(settings: Settings, *, own_engine: bool) -> list[Child]:
    """The parts: Prefect's server (unless PREFECT_API_URL names another), worker, the sandbox provider where it is chosen, pages."""
    python = sys.executable
    pages = f"http://{settings.host}:{settings.api_port}/health/ready"
    engine = Child("prefect", [python, "-m", "deployments.prefect_server"], health.engine(settings), "deployments.part_of_prefect:server")
    sandbox = Child(
        "sandbox", _served("deployments.sandbox.app", settings.host, settings.sandbox), health.answers(health.sandbox(settings)),
        "deployments.parts:sandbox",
    )  # fmt: skip
    return [
        *([engine] if own_engine else []),
        Child("worker", [python, "-m", "deployments.worker"], main="deployments.parts:worker"),
        *([Child("runner", [python, "-m", "deployments.runner"])] if settings.worker == "process" else []),
        *([sandbox] if settings.payments == "sandbox" else []),
        Child("api", _served("api.app", settings.host, settings.api_port), health.answers(pages), "deployments.parts:pages"),
    ]


def _served(app: str, host: str, port: int) -> list[str]:
    words = ["--factory", "--host", host, "--port", str(port), "--log-level", "warning", "--timeout-graceful-shutdown", str(LEAVING_SECONDS)]
    return [sys.executable, "-m", "uvicorn", f"{app}:create_app", *words, "--timeout-keep-alive", str(KEPT_SECONDS)]


def child_environment(settings: Settings) -> dict[str, str]:
    """What every part reads its settings from."""
    ours = {"STUDIO_HOME": settings.home, "STUDIO_API_PORT": settings.api_port, "STUDIO_PREFECT_PORT": settings.prefect_port}
    few = {"MALLOC_ARENA_MAX": "2"}  # else each thread of the worker keeps memory of its own
    return few | os.environ | environment(settings) | {name: str(value) for name, value in ours.items()} | {"PYTHONUNBUFFERED": "1"}


def _expect_free_ports(settings: Settings, *, own_engine: bool) -> None:
    limit = time.monotonic() + BUSY_SECONDS  # what a killed start left behind goes away within moments
    while taken := _taken(settings, own_engine=own_engine):
        if time.monotonic() > limit:
            raise BadSetup(*taken)
        time.sleep(0.1)


def _taken(settings: Settings, *, own_engine: bool) -> list[str]:
    said = f"of {settings.host} is taken by another program; choose one with"
    no_sandbox = settings.payments != "sandbox"
    wanted = [
        (health.is_free(settings.host, settings.api_port), f"Port {settings.api_port} {said} --api-port."),
        (not own_engine or health.is_free(settings.host, settings.prefect_port), f"Port {settings.prefect_port} {said} --prefect-port."),
        (health.is_free("127.0.0.1", settings.nudges, udp=True), f"UDP port {settings.nudges} {said} STUDIO_NUDGE_PORT or --api-port."),
        (no_sandbox or health.is_free(settings.host, settings.sandbox), f"Port {settings.sandbox} {said} STUDIO_SANDBOX_PORT or --api-port."),
    ]
    return [sentence for free, sentence in wanted if not free]


def check_and_end(patience: timedelta | None = set_up.PATIENCE) -> None:
    """Check the set-up; exit 2 with one line per problem on stderr, 1 where the database is away for longer than `patience`."""
    try:
        set_up.check(settings_of(), patience)
    except StudioError as error:
        sys.stderr.write(str(error))
        sys.exit(BAD_SETUP if isinstance(error, BadSetup) else 1)


def main() -> None:
    """As `check_and_end`. With `--patient` the database is waited for however long, so that what starts after this does not fail with it."""
    parser = argparse.ArgumentParser(prog="python -m deployments.start", description="Makes the secrets, reads the set-up, migrates the database.")
    parser.add_argument("--patient", action="store_true", help="wait for the database for as long as it takes, and say so each minute")
    if parser.parse_args().patient:
        logs.install(os.environ.get("STUDIO_LOG") or "text")
        check_and_end(None)
    else:
        check_and_end()


if __name__ == "__main__":
    main()
