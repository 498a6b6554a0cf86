"""Attempts to take back a client who was handed over to support: refused, and written down."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime

from sqlmodel import Session

from models import inbox
from models.after_answers import ReturnRefused
from models.answer import Answer
from models.db import Database
from models.delivery_answers import item_of
from models.errors import HandedBack
from models.tables import Fact

LONGEST = 300


def note(session: Session, deal_id: int, what: str, actor: str, now: datetime) -> Fact:
    """Write an attempt down; `what` names it. The same one in the same second (a double click) is one.

    To be called in a transaction of its own: that of the attempt was rolled back when it was refused.
    """
    key = f"deal/{deal_id}/handover/refused/{actor}/{what}/{now:%Y-%m-%dT%H:%M:%S}"
    answer = ReturnRefused(what=what[:LONGEST])
    return inbox.tell(session, deal_id, answer, source="system", external_id=key, actor=actor, now=now)[0]


@contextmanager
def written_down(db: Database, deal_id: int, what: str, actor: str, now: datetime) -> Generator[None]:
    """Write an attempt down if it is refused inside (HandedBack goes on), in a transaction of its own once that of the attempt is rolled back."""
    try:
        yield
    except HandedBack:
        with db.writing() as session:
            note(session, deal_id, what, actor, now)
        raise


def what_of(answer: Answer) -> str:
    """What somebody tried to tell: "stage.ready design"."""
    return f"{answer.kind} {item_of(answer)}".strip()
