"""PostgreSQL and Redis as tests and benchmarks borrow them: databases of their own, gone afterwards. No pytest in here."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import redis
from sqlalchemy import create_engine, make_url, text

POSTGRES = os.environ.get("STUDIO_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres").replace(
    "postgresql://", "postgresql+psycopg://", 1
)
REDIS = os.environ.get("STUDIO_TEST_REDIS_URL", "redis://127.0.0.1:6379")
"""A server, without a database of it: whoever uses one names it, and empties it."""
BORROWED = "studioflow-borrowed"
REDIS_DATABASES = range(4, 16)


@contextmanager
def grown(*, lasting: bool = False) -> Iterator[dict[str, str]]:
    """What a system in the environment needs to run on PostgreSQL and Redis: two databases and one of Redis, dropped after the block.

    `lasting`: committed to disk like an owner's; else a power cut may lose it, as in a test it may.
    """
    with a_postgres("studio", lasting=lasting) as ours, a_postgres("prefect", lasting=lasting) as engine, a_redis() as cache:
        yield {
            "STUDIO_DATABASE_URL": ours, "STUDIO_REDIS_URL": cache,
            "PREFECT_API_DATABASE_CONNECTION_URL": engine.replace("postgresql://", "postgresql+asyncpg://"),
        }  # fmt: skip


@contextmanager
def a_postgres(what: str, *, lasting: bool = False) -> Iterator[str]:
    """The address of an empty database."""
    name = f"{what}_{os.getpid()}_{secrets.token_hex(3)}"
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        if not lasting:
            connection.execute(text(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))
    try:
        yield make_url(POSTGRES).set(drivername="postgresql", database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        admin.dispose()


@contextmanager
def a_redis() -> Iterator[str]:
    """The address of a database of Redis that nobody uses. Raises LookupError when all are in use."""
    for number in REDIS_DATABASES:
        with redis.Redis.from_url(f"{REDIS}/{number}") as client:
            if client.dbsize() == 0 and client.set(BORROWED, os.getpid(), nx=True):
                try:
                    yield f"{REDIS}/{number}"
                finally:
                    client.flushdb()
                return
    raise LookupError(f"No database of {REDIS} is free.")
