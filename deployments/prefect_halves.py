"""Prefect's server in two halves, processes of their own: API and UI in one (or several), the background services in another."""

import argparse
import asyncio
import sys
from collections.abc import Mapping

from models import logs

BAD_SETUP = 2


def wanted() -> str:
    """Which half this process was started for: api, services, or "" for both in one."""
    about = "Prefect's server, set up for this installation. In two halves it needs PostgreSQL and Redis: see docs/scale.md."
    parser = argparse.ArgumentParser(prog="python -m deployments.prefect_server", description=about)
    halves = parser.add_mutually_exclusive_group()
    halves.add_argument("--no-services", dest="half", action="store_const", const="api", help="API and UI alone")
    halves.add_argument("--services", dest="half", action="store_const", const="services", help="the background services alone")
    return parser.parse_args().half or ""


def through_redis(url: str) -> dict[str, str]:
    """What lets several processes of the server be one: messages, their order, leases and chores in a Redis. Nothing without its address."""
    if not url:
        return {}
    return {
        "PREFECT_MESSAGING_BROKER": "prefect_redis.messaging",
        "PREFECT_MESSAGING_CACHE": "prefect_redis.messaging",
        "PREFECT_REDIS_MESSAGING_URL": url,
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect_redis.lease_storage",
        "PREFECT_SERVER_DOCKET_URL": url,
        "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect_redis.ordering",
    }


def expect_shared(given: Mapping[str, str]) -> None:
    """End this process with a sentence where the halves would never hear of each other."""
    problems = []
    if given["PREFECT_API_DATABASE_CONNECTION_URL"].startswith("sqlite"):
        problems.append("A server in two halves needs PostgreSQL: give PREFECT_API_DATABASE_CONNECTION_URL as postgresql+asyncpg://….")
    if "PREFECT_SERVER_DOCKET_URL" not in given:
        problems.append("The halves of a server talk through Redis: give STUDIO_REDIS_URL as redis://….")
    if problems:
        sys.stderr.write("\n".join(problems) + "\n")
        sys.exit(BAD_SETUP)


def serve_services(kind: str) -> None:
    """Run the server's loops alone until told to stop: schedules, events, automations, clean-up. Lines are `text` or `json`."""
    from prefect.cli._server_utils import _run_all_services

    logs.install(kind)
    asyncio.run(_run_all_services())
