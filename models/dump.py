"""The whole database as plain lines, and back: the same on SQLite and PostgreSQL, so that either can be restored into the other.

A table is a header `["id", "key", …]` and one JSON list a row. Types are those of the tables that are there, whatever this version of the
code says they should be. Leases are left out: they belong to processes.
"""

import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Connection, Date, DateTime, Integer, MetaData, Table, func, select, text

from models.db import Database

LEFT_OUT = frozenset({"alembic_version", "lease"})
AT_ONCE = 500
AHEAD, STEP = 5_000, 10_000


@contextmanager
def snapshot(db: Database) -> Generator[Connection]:
    """A look at one moment of the database, however long it lasts; nobody who writes waits for it."""
    is_sqlite = db.engine.dialect.name == "sqlite"  # whose read transactions are snapshots already
    options: dict[str, Any] = {} if is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with db.engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def tables(connection: Connection) -> list[Table]:
    """The tables that are there, each after those it refers to."""
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name not in LEFT_OUT]


def lines(connection: Connection, table: Table) -> Iterator[str]:
    """A table as lines: its columns, then its rows in the order of their keys."""
    yield json.dumps([column.name for column in table.columns])
    rows = connection.execution_options(yield_per=AT_ONCE).execute(select(table).order_by(*table.primary_key.columns))
    for row in rows:
        yield json.dumps([_plain(value) for value in row], ensure_ascii=False)


def load(connection: Connection, table: Table, lines: Iterable[str]) -> int:
    """Put a table's lines back into it; return how many rows there were."""
    told = iter(lines)
    columns = [table.columns[name] for name in json.loads(next(told))]
    count = 0
    while some := list(islice(told, AT_ONCE)):
        rows = [zip(columns, json.loads(line), strict=True) for line in some]
        connection.execute(table.insert(), [{column.name: _typed(connection, column.type, value) for column, value in row} for row in rows])
        count += len(rows)
    return count


def count_on(connection: Connection, known: Iterable[Table]) -> dict[str, int]:
    """Let restored tables number new rows well above those that may have been given since the backup; return the numbers by table.

    On SQLite `models.row_numbers` sees to it.
    """
    numbers = {}
    for table in known:
        if "id" not in table.primary_key.columns or not isinstance(table.columns["id"].type, Integer):
            continue
        highest = connection.scalar(select(func.max(table.columns["id"]))) or 0
        number = numbers[table.name] = (highest + AHEAD + STEP - 1) // STEP * STEP + 1
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :number, false)"), {"name": table.name, "number": number})
    return numbers


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _typed(connection: Connection, kind: Any, value: Any) -> Any:
    if value is None or isinstance(kind, JSON):
        return value
    if isinstance(kind, DateTime):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=None) if connection.dialect.name == "sqlite" else moment
    return date.fromisoformat(value) if isinstance(kind, Date) else value
