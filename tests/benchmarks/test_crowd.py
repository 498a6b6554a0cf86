"""The arithmetic of waits and crowds: what counts as lost, as out of order, as added; copies that wait as the first one does."""

import sqlite3
from pathlib import Path

import pytest
from sqlmodel import select

from benchmarks import crowd, waits
from benchmarks.figures import Figure
from models import due
from models.tables import StageRun, Wait
from tasks.waker import Round, tick
from tasks.world import World
from tests.fakes import FakeEngine

IN_ORDER = [(1, "received", "briefing"), (2, "received", "briefing"), (1, "briefing", "estimating")]
SENT = [(1, "deal/1/intake/thanks"), (2, "deal/2/intake/thanks"), (2, "deal/2/r1/brief/mail"), (1, "deal/1/r1/brief/mail"), (1, "deal/1/estimate/v1")]


@pytest.mark.parametrize(("there", "lost"), [(["a", "b"], set()), (["a"], {"b"}), (["a", "b", "b"], {"b"}), ([], {"a", "b"}), (["a", "b", "c"], set())])
def test_lost_is_whoever_has_not_exactly_one_deal(there: list[str], lost: set[str]) -> None:
    assert crowd.missing(["a", "b"], there) == lost


def test_deals_may_overtake_each_other_and_each_keeps_its_own_order() -> None:
    assert crowd.out_of_order(IN_ORDER, SENT) == []


@pytest.mark.parametrize(
    ("moves", "sent", "said"),
    [
        ([*IN_ORDER, (2, "received", "briefing")], SENT, "Deal 2 moved from received to briefing while it was briefing."),
        (IN_ORDER, [SENT[3], *SENT[:3]], "Deal 1 got r1/brief/mail, intake/thanks."),
        (IN_ORDER, SENT[:3], "Deal 1 got intake/thanks."),
        (IN_ORDER, [*SENT, SENT[0]], "Deal 1 got intake/thanks, r1/brief/mail, intake/thanks."),
    ],
)
def test_a_move_from_elsewhere_and_a_letter_before_its_time_are_named(moves: list, sent: list, said: str) -> None:
    assert crowd.out_of_order(moves, sent) == [said]


@pytest.mark.parametrize(("idle", "rested", "more", "meets"), [(4.0, 5.5, 1.5, True), (4.0, 6.1, 2.1, False), (4.0, 3.0, 0.0, True)])
def test_what_waiting_deals_add_is_never_less_than_nothing(idle: float, rested: float, more: float, meets: bool) -> None:
    figure = waits.added([Figure("waits", "before", idle, "%")], [Figure("waits", "memory", 9, "MiB"), Figure("waits", "after", rested, "%")], 100)
    assert (figure.value, figure.meets) == (pytest.approx(more), meets)


def test_copies_are_deals_that_wait_and_a_round_over_them_has_nothing_to_do(here_sqlite: World) -> None:
    prefect = FakeEngine()
    tick(prefect.talk)
    here_sqlite.now.at = here_sqlite.now.at.replace(year=2020)  # whatever the machine's clock says, their reminders are to come
    with here_sqlite.db.writing() as session:
        waits.waiting(session, ["one", "two"])
    assert tick(waits._silent) == Round()
    with here_sqlite.db.reading() as session:
        assert [row.state for row in session.exec(select(StageRun))] == ["waiting"] * 2
        later = max(wait.deadline for wait in session.exec(select(Wait)))
        assert set(due.ripe(session, now=later, limit=9)) == {"one", "two"}


def test_runs_in_prefect_s_tables_are_copied_whole_each_with_its_own_state(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "prefect.db") as prefect:
        prefect.execute("CREATE TABLE flow_run (id, state_id, idempotency_key, name)")
        prefect.execute("CREATE TABLE flow_run_state (id, flow_run_id, type)")
        prefect.execute("INSERT INTO flow_run VALUES ('a', 's', 'deal-1/brief', 'brief')")
        prefect.execute("INSERT INTO flow_run_state VALUES ('s', 'a', 'PAUSED')")
        waits._copy_runs(prefect, "a", ["b", "c"])
        found = prefect.execute("SELECT r.id, r.name, s.type FROM flow_run r JOIN flow_run_state s ON s.id = r.state_id AND s.flow_run_id = r.id")
        assert sorted(tuple(row) for row in found) == [(one, "brief", "PAUSED") for one in "abc"]
        assert prefect.execute("SELECT count(DISTINCT idempotency_key) FROM flow_run").fetchone()[0] == 3
    prefect.close()
