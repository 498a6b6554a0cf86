"""Databases for tests: each is new, and what SQLAlchemy has worked out about a statement is known to all of them."""

from typing import Any

from sqlalchemy.util import LRUCache

from models.db import Database


class _Statements(LRUCache):
    """Compiled statements by what they say and the kind of database, not by the engine they were first said to."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_by_kind(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_by_kind(key), value)


def _by_kind(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return (key[0].name, *key[1:])


_statements = _Statements(5000)


def a_database(url: str) -> Database:
    """The database at an address; one that was asked before of this kind has taught it its statements."""
    database = Database(url)
    for engine in (database.engine, database._writer):
        engine.update_execution_options(compiled_cache=_statements)
    return database
