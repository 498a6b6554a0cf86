"""Numbers of rows in a restored database on SQLite: those that were given after the backup was made are not given again.

A client may hold a link, a vendor may know a key with such a number. PostgreSQL's sequences are set when a backup is restored; SQLite
counts on from the highest row, so the first new row of each table is told its number here.
"""

from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import JSON, Connection, Pool, column, event, func, select, table
from sqlalchemy.orm import Mapper

_restored = table("fact", column("id"), column("kind"), column("payload", JSON))
_floors: WeakKeyDictionary[Pool, dict[str, int]] = WeakKeyDictionary()


@event.listens_for(Mapper, "before_insert")
def number(mapper: Mapper[Any], connection: Connection, target: Any) -> None:
    """Give the first new rows after a restore numbers of their own; costs nothing where nothing was restored."""
    if connection.dialect.name != "sqlite" or getattr(target, "id", 0) is not None:
        return
    floors, rows = _of(connection), mapper.local_table
    name = getattr(rows, "name", "")
    if name not in floors:
        return
    highest = connection.scalar(select(func.max(rows.c.id))) or 0
    if highest >= floors[name]:
        del floors[name]
        return
    given = connection.info.setdefault("studio_numbers", {})
    target.id = given[name] = max(floors[name], given.get(name, 0) + 1)


def _of(connection: Connection) -> dict[str, int]:
    pool = connection.engine.pool
    if pool not in _floors:
        latest = select(_restored.c.payload).where(_restored.c.kind == "studio.restored").order_by(_restored.c.id.desc()).limit(1)
        payload = connection.scalar(latest) or {}
        _floors[pool] = dict(payload.get("numbers", {}))
    return _floors[pool]
