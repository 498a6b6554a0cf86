"""The parts that a start is made of, as functions for a fork to call; each is a command of its own as well."""

from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

import api.app
import deployments.sandbox.app
from deployments import start
from deployments import worker as of_runs
from deployments.prefect_server import KEPT_SECONDS
from models.settings import read


def set_up() -> None:
    """As `python -m deployments.start`."""
    start.check_and_end()


def worker() -> None:
    """As `python -m deployments.worker`."""
    of_runs.main()


def pages() -> None:
    """As `uvicorn --factory api.app:create_app`."""
    _serve(api.app.create_app, read().api_port)


def sandbox() -> None:
    """As `uvicorn --factory deployments.sandbox.app:create_app`."""
    _serve(deployments.sandbox.app.create_app, read().sandbox)


def _serve(app: Callable[[], FastAPI], port: int) -> None:
    leaving, kept = start.LEAVING_SECONDS, KEPT_SECONDS
    uvicorn.run(app, factory=True, host=read().host, port=port, log_level="warning", timeout_graceful_shutdown=leaving, timeout_keep_alive=kept)
