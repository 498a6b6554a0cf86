"""Prefect's server as a function for a fork to call, with everything that it needs imported. As `python -m deployments.prefect_server`."""

import uvicorn  # noqa: F401
from prefect.server.api import server as of_prefect  # noqa: F401 (imported before the fork, it is shared)

from deployments import prefect_nudges  # noqa: F401
from deployments.prefect_server import serve
from models.settings import read


def server() -> None:
    """Serve Prefect's API and UI until told to stop."""
    serve(read())
