"""What the worker still has to act on: in order, put off when it fails, never given up, done once."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models import facts, todo
from models.cash_tables import Todo
from models.facts import News

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def a_todo(session, name: str, at: datetime = NOW) -> Todo:
    fact, _ = facts.keep(session, News(kind="webhook", source="stripe", external_id=name, actor="machine:stripe"), now=at)
    return todo.add(session, fact, now=at)


def names(session, now: datetime, limit: int = 100) -> list[int]:
    return [row.fact_id for row in todo.due(session, now=now, limit=limit)]


def test_what_came_first_is_due_first(db) -> None:
    with db.writing() as session:
        rows = [a_todo(session, f"e{number}", NOW + timedelta(seconds=at)) for number, at in enumerate([2, 0, 0, 1])]
    with db.reading() as session:
        expected = [rows[1].fact_id, rows[2].fact_id, rows[3].fact_id, rows[0].fact_id]
        assert names(session, NOW + timedelta(seconds=5)) == expected
        assert names(session, NOW + timedelta(seconds=5), limit=2) == expected[:2]
        assert names(session, NOW) == expected[:2]


def test_a_todo_is_there_once(db) -> None:
    with db.writing() as session:
        fact, _ = facts.keep(session, News(kind="webhook", source="stripe", external_id="e", actor="machine:stripe"), now=NOW)
        first = todo.add(session, fact, now=NOW)
        todo.later(session, first, "away", now=NOW)
        assert todo.add(session, fact, now=NOW + timedelta(days=1)).tries == 1
        assert first.kind == "webhook"


def test_a_todo_that_is_done_is_never_due_again(db) -> None:
    with db.writing() as session:
        row = a_todo(session, "e")
        todo.done(session, row, now=NOW, said="booked")
    with db.reading() as session:
        assert names(session, NOW + timedelta(days=400)) == []
        assert session.get_one(Todo, row.fact_id).said == "booked"


def test_a_failure_is_put_off_longer_each_time_and_never_given_up(db) -> None:
    now, pauses = NOW, []
    with db.writing() as session:
        row = a_todo(session, "e")
        for _ in range(8):
            todo.later(session, row, "The invoice is not there yet.", now=now)
            assert names(session, row.due_at - timedelta(seconds=1)) == []
            assert names(session, row.due_at) == [row.fact_id]
            pauses.append((row.due_at - now).total_seconds() / 60)
            now = row.due_at
    assert pauses == [1, 5, 15, 60, 240, 240, 240, 240]


def test_one_that_fails_holds_up_no_other(db) -> None:
    with db.writing() as session:
        broken, fine = a_todo(session, "broken"), a_todo(session, "fine")
        todo.later(session, broken, "no", now=NOW)
        assert names(session, NOW) == [fine.fact_id]


def test_what_fails_again_and_again_is_shown(db) -> None:
    with db.writing() as session:
        row = a_todo(session, "e")
        for _ in range(3):
            assert todo.stuck(session) == []
            todo.later(session, row, "Stripe's event cannot be read.", now=NOW)
        assert [one.said for one in todo.stuck(session)] == ["Stripe's event cannot be read."]
        todo.done(session, row, now=NOW)
        assert todo.stuck(session) == []


@given(tries=st.integers(0, 10_000))
def test_a_pause_is_never_longer_than_four_hours(tries: int) -> None:
    row = Todo(fact_id=1, kind="webhook", added_at=NOW, due_at=NOW, tries=tries)
    todo.later(_Nobody(), row, "x" * 5000, now=NOW)
    assert timedelta(minutes=1) <= row.due_at - NOW <= timedelta(hours=4)
    assert len(row.said) == 2000


class _Nobody:
    """A session that is told things."""

    def add(self, row) -> None: ...
