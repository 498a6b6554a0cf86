"""`./studio reconcile`: Prefect's runs made anew from our rows, whether the system is up or down."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Generator
from datetime import timedelta
from typing import Annotated

import typer

from deployments import health, running, set_up, start
from deployments.prefect_server import environment
from deployments.terminal import err, out
from models.errors import StudioError
from models.settings import ROOT, Settings, read

SECONDS = 120.0


def reconcile(
    forget: Annotated[bool, typer.Option("--forget", help="Let Prefect forget every run that it has, and make ours anew.")] = False,
) -> None:
    """Compare our rows with Prefect's runs and mend them; exit 1 when a deal needs a person."""
    found = running.find(read().home)
    settings = read(**(found.ports if found else {}))
    is_own = not os.environ.get("PREFECT_API_URL")
    os.environ.update(environment(settings))  # Prefect reads its settings when it is imported
    set_up.migrate(settings)
    with _engine(settings, is_own=is_own):
        mended, trouble = _recover(settings, forget=forget)
    for sentence in mended or ["Our rows and Prefect's runs agree; there is nothing to mend."]:
        out.print(sentence, markup=False)
    for sentence in trouble:
        err.print(sentence, markup=False)
    raise typer.Exit(1 if trouble else 0)


def _recover(settings: Settings, *, forget: bool) -> tuple[list[str], list[str]]:
    from deployments.serve import deploy
    from tasks import admission, world
    from tasks import reconcile as check
    from tasks.engine import engine
    from tasks.waker import STUCK

    here = world.use(world.build(settings))
    said = []
    with engine() as prefect:
        if forget:
            said.append(f"Prefect has forgotten {admission.forget(prefect)} runs.")
        else:
            admission.admit(prefect)
    if settings.worker != "stock":  # else deployments/prefect.yaml says what is served, and where
        deploy(zone=here.company.studio.zone)
    said += check.mend(older=STUCK if running.find(settings.home) else timedelta(0))
    here.nudge()
    return said, [*check.find_stranded.fn(), *check.find_unread.fn(), *check.find_left_lying.fn()]


@contextlib.contextmanager
def _engine(settings: Settings, *, is_own: bool) -> Generator[None]:
    """Prefect's server, started for as long as the block takes when it is our own and down. Raises StudioError when it does not come up."""
    well = health.engine(settings)
    if not well():
        yield
        return
    if not is_own:
        raise StudioError(f"The Prefect server at {settings.prefect_api} is not well: {well()}.")
    with running.claim(settings) as claim, settings.path("logs", "prefect.log").open("ab") as log:
        if claim is None:
            raise StudioError(f"The system is starting or stopping on {settings.home}; try again.")
        command = [sys.executable, "-m", "deployments.prefect_server"]
        server = subprocess.Popen(command, cwd=ROOT, env=start.child_environment(settings), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            limit = time.monotonic() + SECONDS
            while trouble := well():
                if server.poll() is not None or time.monotonic() > limit:
                    raise StudioError(f"The Prefect server does not come up ({trouble}); see {log.name}.")
                time.sleep(0.1)
            yield
        finally:
            server.terminate()
            server.wait()
