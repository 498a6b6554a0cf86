"""What the worker still has to act on: facts that were kept at once and are understood after, webhooks above all.

`now` is the real clock's in here, as with leases: a rehearsed month neither hurries the world nor holds it up.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, and_, col, select

from models.cash_tables import Todo
from models.tables import Fact

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
"""How long to leave a todo alone after each failure; the last one from then on."""
MANY = 3
STUCK = and_(col(Todo.done_at).is_(None), col(Todo.tries) >= MANY)
"""It has failed so often that an operator should look."""


def add(session: Session, fact: Fact, *, now: datetime) -> Todo:
    """The todo of a fact, due at once; one that is there stays as it is."""
    session.flush()
    row = session.get(Todo, fact.id)
    if row is None:
        row = Todo(fact_id=fact.id or 0, kind=fact.kind, added_at=now, due_at=now)
        session.add(row)
        session.flush()
    return row


def due(session: Session, *, now: datetime, limit: int = 100) -> list[Todo]:
    """What is to be acted on now, longest due first; what came together, in the order in which it came."""
    wanted = select(Todo).where(col(Todo.done_at).is_(None), Todo.due_at <= now)
    return list(session.exec(wanted.order_by(col(Todo.due_at), col(Todo.fact_id)).limit(limit)))


def done(session: Session, row: Todo, *, now: datetime, said: str = "") -> None:
    """Write that it was acted on, and what came of it."""
    row.tries += 1
    row.done_at, row.said = now, said[:2000]
    session.add(row)


def later(session: Session, row: Todo, said: str, *, now: datetime) -> None:
    """Write why it could not be acted on, and put it off: 1, 5, 15, 60, then every 240 minutes. It is never given up."""
    row.due_at = now + PAUSES[min(row.tries, len(PAUSES) - 1)]
    row.tries += 1
    row.said = said[:2000]
    session.add(row)


def stuck(session: Session) -> list[Todo]:
    """What is for an operator's eyes, oldest first."""
    return list(session.exec(select(Todo).where(STUCK).order_by(col(Todo.fact_id))))
