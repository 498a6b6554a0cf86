"""The diary of a run: what an operator reads in its log, in sentences. Outside of a run nobody reads it, and nothing is written."""

from datetime import datetime

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger


def write(sentence: str) -> None:
    """Put a sentence into the log of the run we are in."""
    try:
        log = get_run_logger()
    except MissingContextError:
        return
    log.info("%s", sentence)


def until(moment: datetime | None) -> str:
    """How long somebody is waited for: " until 2026-03-23 17:00 UTC", or that no day ends it."""
    return f" until {moment:%Y-%m-%d %H:%M} UTC" if moment else ", however long it takes"
