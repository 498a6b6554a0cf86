"""Real parts that a machine may lack: tests ask `requires("postgres")`, and are skipped by name with the reason, or fail.

`STUDIO_TEST_REQUIRE=postgres,browser` names the parts whose absence is a failure.
"""

import os
import shutil
from functools import lru_cache

import pytest
import redis
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from tests.services import POSTGRES, REDIS

CHROMIUM = os.environ.get("STUDIO_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or "/usr/bin/chromium"


def requires(part: str) -> None:
    """Go on only where this part is there."""
    missing = MISSING[part]()
    if not missing:
        return
    if part in os.environ.get("STUDIO_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{part} is required here: {missing}")
    pytest.skip(f"{part}: {missing}")


@lru_cache
def _missing_postgres() -> str:
    engine = create_engine(POSTGRES, connect_args={"connect_timeout": 3})
    try:
        with engine.connect():
            return ""
    except OperationalError as error:
        return f"PostgreSQL does not answer at {engine.url.host}:{engine.url.port} ({str(error.orig).splitlines()[0]})"
    finally:
        engine.dispose()


@lru_cache
def _missing_browser() -> str:
    return "" if os.access(CHROMIUM, os.X_OK) else f"there is no Chromium at {CHROMIUM}"


@lru_cache
def _missing_printer() -> str:
    from tasks.gateways.pdf import missing_libraries

    return ", ".join(missing_libraries() or [])


@lru_cache
def _missing_redmine() -> str:
    from tests.redmine import missing

    return missing()


@lru_cache
def _missing_dovecot() -> str:
    from tests.dovecot import PROGRAM

    return "" if os.access(PROGRAM, os.X_OK) else f"there is no Dovecot at {PROGRAM}"


@lru_cache
def _missing_redis() -> str:
    client = redis.Redis.from_url(REDIS, socket_connect_timeout=3)
    try:
        client.ping()
    except redis.RedisError as error:
        return f"Redis does not answer at {REDIS} ({error})"
    finally:
        client.close()
    return ""


MISSING = {
    "postgres": _missing_postgres, "browser": _missing_browser, "printer": _missing_printer, "redmine": _missing_redmine,
    "dovecot": _missing_dovecot, "redis": _missing_redis,
}  # fmt: skip
