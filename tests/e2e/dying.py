"""Flows that tear down what they run in, if somebody lets them."""

import os
import signal
import sys

from prefect import flow

from models.answers import Noted
from tasks import operations
from tasks.operation import operation, this_run
from tasks.world import world


@flow(name="dying")
def dying() -> None:
    sys.exit(3)


@operation(name="deadly", description="Notes something, and takes its worker down the first time.")
def deadly(deal_id: int, who: str, reason: str) -> None:
    operations.record(deal_id, Noted(text=reason).model_dump(mode="json"), Noted.kind, who, this_run())
    _dies_once("was-deadly")


@flow(name="late")
def late(deal_id: int, who: str, reason: str) -> None:
    """As `deadly`, and once more when all is done but for Prefect's being told."""
    deadly.fn(deal_id, who, reason)
    _dies_once("was-late")


def _dies_once(name: str) -> None:
    mark = world().settings.home / name
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
