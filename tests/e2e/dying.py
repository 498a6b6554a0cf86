"""A flow that tears down its interpreter, if somebody lets it."""

import sys

from prefect import flow


@flow(name="dying")
def dying() -> None:
    sys.exit(3)
