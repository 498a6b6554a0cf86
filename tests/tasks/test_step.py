"""`@step`: what is kept under which key, what is tried again; and the run that a step is in."""

from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import Completed, Failed
from sqlmodel import select

from models import wanted
from models.errors import Missing, Refused, Unavailable, Uncertain
from models.stages import RunState, Stage
from models.tables import StageRun
from tasks import runs, waits
from tasks.step import QUICK_RETRIES, Step, _is_worth_retrying, _run_task_and_arguments, step
from tasks.world import World
from tests.factories import a_deal, a_run
from tests.fakes import MONDAY
from tests.tasks.stages import carried, inside


@step
def write_something(deal_id: int, *, version: int = 1) -> str:
    """Write something; return it."""
    return f"{deal_id}/{version}"


def key(run: str, name: str, **arguments: object) -> str | None:
    context = SimpleNamespace(task_run=SimpleNamespace(flow_run_id=run), task=SimpleNamespace(name=name))
    return _run_task_and_arguments(context, arguments)  # ty: ignore[invalid-argument-type]


def test_a_step_keeps_its_name_its_words_and_its_function() -> None:
    assert isinstance(write_something, Step)
    assert (write_something.__name__, write_something.__doc__) == ("write_something", "Write something; return it.")
    assert write_something.fn(7, version=2) == "7/2"
    assert write_something.task.name == "write something"


def test_results_are_kept_as_json_and_tried_twice_more() -> None:
    made = write_something.task
    assert (made.persist_result, made.result_serializer, made.retries) == (True, "json", len(QUICK_RETRIES))


def test_the_same_call_in_the_same_run_has_the_same_key() -> None:
    assert key("run", "mail brief", deal_id=7, version=1) == key("run", "mail brief", deal_id=7, version=1)


def test_another_run_another_task_or_another_argument_has_another_key() -> None:
    keys = {
        key("run", "mail brief", deal_id=7), key("other", "mail brief", deal_id=7), key("run", "open brief", deal_id=7),
        key("run", "mail brief", deal_id=8), key("run", "mail brief", deal_id=7, version=1),
    }  # fmt: skip
    assert len(keys) == 5


@pytest.mark.parametrize(
    ("error", "again"),
    [(Unavailable("away"), True), (Refused("no"), False), (Missing("no"), False), (Uncertain("?"), False), (KeyError("x"), False)],
)
def test_only_a_vendors_absence_is_worth_another_try(error: Exception, again: bool) -> None:
    assert _is_worth_retrying(None, None, Failed(data=error)) is again


def test_a_result_is_not_tried_again() -> None:
    assert not _is_worth_retrying(None, None, Completed(data=5))


# The run


def test_waits_are_counted_by_name_in_the_order_in_which_they_are_reached(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
    with inside(here_sqlite, Stage.BRIEF, deal) as run:
        assert [run.spot(name).key for name in ("answer", "word", "answer")] == ["answer#1", "word#1", "answer#2"]
        assert run.spot("outage/x", counted=False).key == run.spot("outage/x", counted=False).key == "outage/x"
        run.deal_id = None
        with pytest.raises(RuntimeError, match="has a deal"):
            run.spot("answer")


def answered(status: int) -> PrefectHTTPStatusError:
    request = httpx.Request("POST", "http://127.0.0.1/api")
    return PrefectHTTPStatusError(str(status), request=request, response=httpx.Response(status, request=request))


AWAY = Unavailable("The database is away.")


@pytest.mark.parametrize(("failures", "ends"), [(0, "done"), (2, "done"), (3, "away")])
@pytest.mark.parametrize("away", [AWAY, httpx.ConnectError("refused"), answered(503)], ids=["database", "engine", "engine that says so"])
def test_what_no_step_does_is_tried_again_while_database_or_engine_is_away_and_not_for_ever(away: Exception, failures: int, ends: str) -> None:
    tries = []

    def act() -> str:
        tries.append(len(tries))
        if len(tries) <= failures:
            raise away
        return "done"

    try:
        ended = runs.patiently(act, pauses=(0, 0))
    except type(away):
        ended = "away"
    assert (ended, len(tries)) == (ends, min(failures + 1, 3))


@pytest.mark.parametrize("mistake", [Refused("no"), answered(409)], ids=["refused", "a conflict in the engine"])
def test_a_mistake_is_not_tried_again(mistake: Exception) -> None:
    tries = []

    def act() -> None:
        tries.append(1)
        raise mistake

    with pytest.raises(type(mistake)):
        runs.patiently(act, pauses=(0, 0))
    assert len(tries) == 1


def test_outside_of_a_stage_there_is_no_run_and_nothing_to_check(here_sqlite: World) -> None:
    assert runs.current() is None
    runs.check()
    runs.belongs_to(7)
    waits.vendor_is_back("x")
    waits.for_vendor("x", "away")
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, round=3)
    assert runs.round_of(deal.id) == 3


def test_a_run_keeps_the_round_in_which_it_began(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
    with inside(here_sqlite, Stage.BRIEF, deal):
        with here_sqlite.db.writing() as session:
            session.get_one(type(deal), deal.id).round = 2
        assert runs.round_of(deal.id) == 1


@pytest.mark.parametrize("left", [RunState.WAITING, RunState.FAILED, RunState.DONE])
def test_a_run_leaves_its_row_as_it_left_it(here: World, left: RunState) -> None:
    with here.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, owner=here.worker)
    runs._leave(carried(row), (left, "so"))
    with here.db.reading() as session:
        kept = session.exec(select(StageRun)).one()
        assert (kept.state, kept.owner, kept.why) == (left, "", "so")


def test_a_run_that_was_resumed_before_it_had_left_does_not_undo_its_own_next_execution(here: World, clock) -> None:
    with here.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, flow_run_id="mine", owner="first")
        before = carried(row)
    clock.pass_(seconds=1)
    with here.db.writing() as session:
        wanted.begin(session, row.key, "mine", "second", now=clock.at)
    runs._leave(before, (RunState.WAITING, ""))
    with here.db.reading() as session:
        kept = session.exec(select(StageRun)).one()
        assert (kept.state, kept.owner, kept.touched_at) == ("running", "second", MONDAY + timedelta(seconds=1))


def test_a_run_that_has_lost_its_row_leaves_it_alone(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, flow_run_id="old", owner="w")
        lost = carried(row)
        row.flow_run_id = "new"
    runs._leave(lost, (RunState.FAILED, "x"))
    with here_sqlite.db.reading() as session:
        assert session.exec(select(StageRun)).one().state == "running"


def test_what_a_step_ended_stays_ended_when_the_run_leaves(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session), state=RunState.RUNNING, owner="w")
        run = carried(row)
        wanted.mark(session, row, RunState.DONE, now=MONDAY)
    runs._leave(run, (RunState.FAILED, "the engine went away"))
    with here_sqlite.db.reading() as session:
        kept = session.exec(select(StageRun)).one()
        assert (kept.state, kept.owner) == ("done", "")
