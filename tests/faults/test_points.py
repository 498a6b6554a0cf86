"""The points at which processes die are those of the code, and a process that is armed dies there and nowhere else."""

import inspect
import signal
import subprocess
import sys
from pathlib import Path

from deployments.serve import FLOWS, STAGES
from models import effects
from models.db import Database
from models.effects import EFFECT_MOVES
from models.settings import ROOT
from models.stages import RUN_MOVES, Stage
from models.tables import Effect
from tasks.world import World
from tests.fakes import MONDAY
from tests.faults import points
from tests.faults.arms import write
from tests.faults.house import House

CLAIM = """
import os, sys
from pathlib import Path
from models import effects
from models.db import Database
from models.tables import Effect
from tests.fakes import MONDAY
from tests.faults.arms import arm

os.setsid()
arm({sys.argv[2]}, Path(sys.argv[3]), part="api")
db = Database(sys.argv[1])
with db.writing() as session:
    session.get_one(Effect, "quiet").what = "no move of the ledger"
with db.writing() as session:
    effects.claim(session, session.get_one(Effect, "k"), "a worker", now=MONDAY)
print("alive")
"""


KILL = CLAIM.replace('({sys.argv[2]}, Path(sys.argv[3]), part="api")', '((), Path(sys.argv[3]), part="api", kills={sys.argv[2]}, whom=Path(sys.argv[4]))')


def test_each_move_of_both_tables_has_two_sides_and_each_kind_of_row_is_born() -> None:
    every = points.every()
    assert len(every) == len(set(every))
    for kind, table in (("effect", EFFECT_MOVES), ("run", RUN_MOVES)):
        mine = {point for point in every if point.startswith(f"{kind}/")}
        moves = [(points.NEW, points.BORN[kind]), *((was, to) for was, ends in table.items() for to in ends)]
        assert mine == {f"{kind}/{was}>{to}/{side}" for was, to in moves for side in ("before", "after")}


def test_every_flow_has_its_steps_those_of_its_helping_functions_among_them() -> None:
    of = {flow.name: points.steps_of(inspect.unwrap(flow.fn)) for flow in FLOWS}
    assert set(of) > set(Stage)
    assert len(of) == len(FLOWS) > len(STAGES)
    assert all(of.values())
    assert {"publish_proposal", "tell_director", "thank_for_acceptance", "conclude"} <= set(of["proposal"])
    assert {"cancel_work", "print_invoice", "mail_credit", "refund", "show_transfers"} == set(of["cancel-work"])
    assert {f"step/{flow}/{name}/{side}" for flow, names in of.items() for name in names for side in ("worked", "kept")} == set(points.steps())


def test_an_armed_process_dies_on_its_side_of_the_commit_and_writes_down_where(here_sqlite: World, home: Path) -> None:
    sides = {"before": "planned", "after": "claimed"}
    for side in sides:
        db = Database(f"sqlite:///{home / side}.db")
        with here_sqlite.db.engine.raw_connection() as ours, db.engine.raw_connection() as copy:
            ours.backup(copy.driver_connection)
        with db.writing() as session:
            for key in ("k", "quiet"):
                effects.plan(session, key, "letter", deal_id=None, what="x", now=MONDAY)
        db.close()
    started = {
        side: subprocess.Popen(
            [sys.executable, "-c", CLAIM, f"sqlite:///{home / side}.db", f"effect/planned>claimed/{side}", str(home / f"{side}.note")],
            cwd=ROOT, stdout=subprocess.PIPE,
        )
        for side in sides
    }  # fmt: skip
    for side, state in sides.items():
        said, _ = started[side].communicate(timeout=120)
        assert (started[side].returncode, said) == (-signal.SIGKILL, b"")
        assert (home / f"{side}.note").read_text() == f"api@effect/planned>claimed/{side}\n"
        db = Database(f"sqlite:///{home / side}.db")
        with db.reading() as session:
            assert session.get_one(Effect, "k").state == state
        db.close()


def test_a_process_that_is_told_so_kills_another_at_a_point_once_and_lives_on(here_sqlite: World, home: Path) -> None:
    with here_sqlite.db.writing() as session:
        for key in ("k", "quiet"):
            effects.plan(session, key, "letter", deal_id=None, what="x", now=MONDAY)
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as victim:
        (home / "pid").write_text(str(victim.pid))
        words = [here_sqlite.db.url, "effect/planned>claimed/after", str(home / "note"), str(home / "pid")]
        done = subprocess.run([sys.executable, "-c", KILL, *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        assert victim.wait(20) == -signal.SIGKILL
    assert done.stdout == "alive\n", done.stderr
    assert (home / "note").read_text() == "engine@effect/planned>claimed/after\n"


def test_what_the_worker_reached_first_is_the_apis_all_the_same(home: Path) -> None:
    house = House(home / "house")
    house.deadly = {"worker": {"step", "move"}, "api": {"move", "birth"}, "prefect": {"engine@move", "engine@birth"}}
    for line in ("worker@move", "worker@move", "engine@birth"):
        write(house.note, line)
    orders = {name: house._order(name) for name in ("worker", "api", "prefect")}
    assert {name: order.get("deadly") for name, order in orders.items()} == {"worker": ["step"], "api": ["birth", "move"], "prefect": None}
    assert [orders[name].get("kills") for name in orders] == [["move"], ["move"], None]
    assert {name: house.died_at(name) for name in house.deadly} == {"worker": {"move"}, "api": set(), "prefect": {"birth"}}
    assert (house.reached, house.left()) == (["move", "engine@birth"], {"step", "birth", "engine@move"}), "it suffices that one of them came there"
    house.stop()
