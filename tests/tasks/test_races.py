"""Two at once over one row: a run that was begun anew, a run that has lost its row and does not know it yet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from prefect.client.schemas.objects import State
from prefect.exceptions import Abort
from prefect.states import Crashed, Pending, Suspended
from sqlmodel import Session, col, select

from models import leases, waiting, wanted
from models.after_answers import AccessListed
from models.answers import BriefSent, ClosedAsLost
from models.course import Due
from models.errors import Refused
from models.stages import RunState, Stage
from models.tables import Deal, StageRun, Wait
from models.tracks import Sales, Work
from models.waiting import Question, Spot
from tasks import corrections, deals, launches, looks, materials, productions, reconcile, runs, waits
from tasks.mending import Round, replace
from tasks.stage import make_run
from tasks.waker import tick
from tasks.world import World, real_now
from tests.factories import a_deal, a_fact, a_run, a_wait, told
from tests.fakes import MONDAY, FakeEngine, ManualClock
from tests.launching import a_launch
from tests.models.threads import at_once, meanwhile
from tests.projecting import a_project
from tests.tasks.stages import carried, carrying, ending, inside

MINE, HEIR = str(UUID(int=1)), str(UUID(int=2))


@pytest.fixture
def ended() -> Iterator[list[str]]:
    """The flow runs that a run has ended in Prefect."""
    with ending() as runs_ended:
        yield runs_ended


def row_of(here: World, row_id: int) -> StageRun:
    with here.db.reading() as session:
        return session.get_one(StageRun, row_id)


# The same run, begun anew


@pytest.mark.parametrize("goes_on", [RunState.RUNNING, RunState.WAITING, RunState.FAILED])
def test_an_execution_of_a_run_that_was_begun_anew_stops_and_leaves_the_run_to_the_other(
    here: World, ended: list[str], clock: ManualClock, goes_on: RunState
) -> None:
    with here.db.writing() as session:
        first = a_run(session, Stage.BRIEF, a_deal(session, sales=Sales.BRIEFING), state=RunState.RUNNING, flow_run_id=MINE, owner="first")
        overtaken = carried(first)
    clock.pass_(seconds=1)
    with here.db.writing() as session:
        again = wanted.begin(session, first.key, MINE, "second", now=clock.at)
        wanted.mark(session, again, goes_on, now=clock.at)
        now_is = carried(again)
    with carrying(first), pytest.raises(Abort):
        runs._current.set(overtaken)
        runs.check()
    assert ended == [], "it is the other execution's run as well"
    runs._leave(overtaken, None)
    assert (row_of(here, first.id).state, row_of(here, first.id).owner) == (goes_on, "second" if goes_on == RunState.RUNNING else "")
    assert now_is.began == row_of(here, first.id).touched_at


# A run that has lost its row while it was on its way to a line of its own


def taken_over(deal: Deal, row_id: int, then: Callable[[Session], object] = lambda _: None) -> Callable[[Session], None]:
    """Another process, to which the worker seems dead: the next generation has begun, and come as far as `then`."""

    def act(session: Session) -> None:
        waiting.lock(session, deal.id or 0)
        heir = wanted.succeed(session, wanted.now_is(session, row_id), now=MONDAY, why="its worker died")
        assert wanted.begin(session, heir.key, HEIR, "other", now=MONDAY)
        then(session)

    return act


def the_wait(here: World) -> Wait:
    with here.db.reading() as session:
        return session.exec(select(Wait)).one()


LINES: dict[str, tuple[Stage, str, Callable[[], object]]] = {
    "a question": (Stage.BRIEF, "brief#1", lambda: waits.for_fact(BriefSent, key="brief", whose="client", what="the filled brief")),
    "several questions": (Stage.HANDOVER, "handover#1", lambda: waits.for_some([], key="handover", form=AccessListed, what="the accesses")),
    "a look": (Stage.NEXT_STEPS, "look", lambda: looks.look(lambda _: Due(why="not yet", until=MONDAY + timedelta(days=1)), what="the next letter")),
    "an outage": (Stage.BRIEF, "outage/mail_brief", lambda: waits.for_vendor("mail_brief", "Mail is away.")),
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_run_that_comes_to_a_line_after_its_successor_does_not_take_what_is_waited_for_from_it(here: World, ended: list[str], line: str) -> None:
    stage, key, comes = LINES[line]
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)

    def suspended(session: Session) -> None:
        spot = Spot(deal.id or 0, stage.value, 1, key, HEIR)
        waiting.again(session, spot, Question(kinds=[], subject="", whose="world", what="it"), now=MONDAY)

    with inside(here, stage, deal, flow_run_id=MINE) as run, pytest.raises(Abort):
        meanwhile(here.db, taken_over(deal, run.row_id, suspended), comes)
    assert (the_wait(here).flow_run_id, the_wait(here).suspensions) == (HEIR, 1), "who is woken is the successor"
    assert ended == [MINE]


def test_a_step_of_a_run_that_has_lost_its_row_does_not_end_the_outage_in_which_its_successor_waits(here: World, ended: list[str]) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
    with inside(here, Stage.BRIEF, deal, flow_run_id=MINE) as run:
        with here.db.writing() as session:
            taken_over(deal, run.row_id)(session)
            spot = Spot(deal.id or 0, Stage.BRIEF, 1, "outage/mail_brief", HEIR)
            waiting.again(session, spot, Question(kinds=[], subject="", whose="world", what="mail"), now=MONDAY)
        with pytest.raises(Abort):
            waits.vendor_is_back("mail_brief")
    assert the_wait(here).closed_at is None, "nobody would wake it any more"
    assert ended == [MINE]


def test_a_run_at_work_that_prefect_has_forgotten_stops_once_its_successor_is_made(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
    with inside(here_sqlite, Stage.BRIEF, deal, flow_run_id=MINE) as run, ending(forgotten=True):
        with here_sqlite.db.writing() as session:
            taken_over(deal, run.row_id)(session)
        with pytest.raises(Abort):
            runs.check()


def test_an_execution_of_a_run_that_was_begun_anew_ends_nothing(here: World, clock: ManualClock) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
    with inside(here, Stage.BRIEF, deal, flow_run_id=MINE) as run, pytest.raises(Refused):
        clock.pass_(seconds=1)
        begun = lambda session: wanted.begin(session, wanted.now_is(session, run.row_id).key, MINE, "second", now=clock.at)
        meanwhile(here.db, begun, lambda: deals.conclude.fn(deal.id, Sales.ESTIMATING, Stage.ESTIMATE, "the brief came"))
    assert (row_of(here, run.row_id).state, row_of(here, run.row_id).owner) == (RunState.RUNNING, "second")


# What Prefect said is old by the time that it is acted on


@dataclass
class Slow(FakeEngine):
    """A Prefect behind whose back something happens: `then`, once its states were read."""

    then: list[Callable[[], object]] = field(default_factory=list)

    def look(self, flow_run_ids: list[str]) -> dict[str, State]:
        states = super().look(flow_run_ids)
        while self.then and flow_run_ids:
            self.then.pop()()
        return states


def a_tick(prefect: FakeEngine, clock: ManualClock) -> None:
    clock.pass_(minutes=5)
    tick(prefect.talk, told=list(prefect.states))


def a_reconcile(prefect: FakeEngine, clock: ManualClock) -> None:
    clock.pass_(minutes=5)
    reconcile.mend(prefect.talk)


LONG_AGO = real_now() - timedelta(hours=2)
LOOKS = {"the waker": a_tick, "reconcile": a_reconcile}


@pytest.mark.parametrize(("looks_at", "state"), [("the waker", RunState.CREATED), ("reconcile", RunState.WAITING), ("reconcile", RunState.FAILED)])
def test_a_run_that_begins_while_it_is_judged_is_not_handed_out_a_second_time(here: World, clock: ManualClock, looks_at: str, state: RunState) -> None:
    with here.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session, sales=Sales.BRIEFING), state=state, flow_run_id=MINE)

    def begins() -> None:
        with here.db.writing() as session:
            wanted.begin(session, row.key, MINE, here.worker, now=clock.at)

    prefect = Slow(states={MINE: Pending(timestamp=LONG_AGO)}, then=[begins])
    LOOKS[looks_at](prefect, clock)
    assert prefect.did == []
    assert row_of(here, row.id).state == RunState.RUNNING


def test_a_run_that_an_operator_resumes_while_the_waker_wakes_it_is_woken_once(here: World, clock: ManualClock) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal, state=RunState.WAITING, flow_run_id=MINE)
        a_wait(session, deal, BriefSent, stage=Stage.BRIEF, run=MINE, deadline=MONDAY + timedelta(minutes=1))
        leases.take(session, f"worker/{here.worker}", here.worker, length=timedelta(days=1), now=real_now())

    def resumed() -> None:
        with here.db.writing() as session:
            wanted.begin(session, row.key, MINE, here.worker, now=clock.at)

    prefect = Slow(states={MINE: Suspended()}, then=[resumed])
    clock.pass_(minutes=5)
    assert (tick(prefect.talk).again, prefect.did) == (True, []), "woken as it works it would be handed out a second time"


@pytest.mark.parametrize("looks_at", LOOKS)
def test_a_run_that_an_operator_retried_and_that_waits_again_keeps_its_row(here: World, clock: ManualClock, looks_at: str) -> None:
    with here.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session, sales=Sales.BRIEFING), state=RunState.WAITING, flow_run_id=MINE)

    def retried() -> None:
        with here.db.writing() as session:
            again = wanted.begin(session, row.key, MINE, here.worker, now=clock.at)
            wanted.mark(session, again, RunState.WAITING, now=clock.at)
            again.owner = ""
        prefect.states[MINE] = Suspended()

    prefect = Slow(states={MINE: Crashed()}, then=[retried])
    LOOKS[looks_at](prefect, clock)
    assert prefect.did == [], "a question that is asked is not shown as crashed"
    assert row_of(here, row.id).state == RunState.WAITING


def test_a_waker_that_is_late_does_not_write_a_run_that_is_gone_over_the_one_at_work(here: World) -> None:
    class Emptied(FakeEngine):
        """A Prefect that forgets its runs while one is made, and is filled anew."""

        def create(self, stage: str, parameters: dict, *, key: str, name: str, tags: list[str]) -> str:
            gone = super().create(stage, parameters, key=key, name=name, tags=tags)
            self.forget()
            made = super().create(stage, parameters, key=key, name=name, tags=tags)
            with here.db.writing() as session:
                wanted.begin(session, key, made, here.worker, now=MONDAY)
            return gone

    with here.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session, sales=Sales.BRIEFING))
    prefect = Emptied()
    make_run(here, prefect, row)
    assert row_of(here, row.id).flow_run_id == prefect.keys[row.key]


# A step that wants other stages beside its own, while the deal is ended


BESIDE: dict[str, tuple[Stage, Callable[[Session], Deal], Callable[[int], object]]] = {
    "materials": (Stage.MATERIALS, lambda session: a_project(session, work=Work.MATERIALS), lambda deal: materials.look.fn(deal, 1)),
    "production": (Stage.PRODUCTION, lambda session: a_project(session, accepted=9), lambda deal: productions.tell_accepted.fn(deal, 1)),
    "launch": (Stage.LAUNCH, a_launch, lambda deal: launches.ask_payments.fn(deal)),
}


@pytest.mark.parametrize("step", BESIDE)
def test_a_step_that_is_at_work_while_its_deal_is_cancelled_wants_nothing_more(here: World, step: str) -> None:
    stage, begin, act = BESIDE[step]
    with here.db.writing() as session:
        deal = begin(session)

    def cancelled(session: Session) -> None:
        fresh = waiting.lock(session, deal.id or 0)
        corrections._end(session, here, fresh, "Their budget was cut.", a_fact(session, fresh))

    with inside(here, stage, deal, flow_run_id=MINE), pytest.raises(Refused):
        meanwhile(here.db, cancelled, lambda: act(deal.id or 0))
    with here.db.reading() as session:
        assert [row.stage for row in wanted.live_of(session, deal.id or 0)] == [Stage.CLOSING], "the project is counted, and that is all"


# Who succeeds, ends, begins and closes at the same moment


def replaced(here: World, row: StageRun, prefect: FakeEngine) -> list[str]:
    """What the waker mends that took the worker of this row for dead when it read it."""
    done = Round()
    replace(here, prefect, row, "its worker died", done)
    return done.mended


def test_of_four_who_replace_a_dead_run_at_once_one_does_and_one_successor_is_made(here: World) -> None:
    prefect = FakeEngine()
    with here.db.writing() as session:
        row = a_run(session, Stage.BRIEF, a_deal(session, sales=Sales.BRIEFING), state=RunState.RUNNING, flow_run_id=MINE, owner="dead")
    assert sum(len(mended) for mended in at_once(4, lambda _: replaced(here, row, prefect))) == 1
    assert (prefect.did, len(prefect.made)) == ([("crash", MINE)], 1)


def test_a_stage_that_ends_while_its_worker_is_taken_for_dead_is_done_and_has_no_successor(here: World) -> None:
    prefect = FakeEngine()
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)

    def ends(session: Session) -> None:
        waiting.lock(session, deal.id or 0)
        deals.finish(session, runs.current())

    with inside(here, Stage.BRIEF, deal, flow_run_id=MINE) as run:
        row = row_of(here, run.row_id)
        assert meanwhile(here.db, ends, lambda: replaced(here, row, prefect)) == []
    assert (row_of(here, run.row_id).state, prefect.did) == (RunState.DONE, [])


def test_a_run_that_ends_or_leaves_while_its_successor_is_made_changes_nothing(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
    with inside(here, Stage.BRIEF, deal, flow_run_id=MINE) as run:
        end = lambda: deals.conclude.fn(deal.id, Sales.ESTIMATING, Stage.ESTIMATE, "the brief came")
        with pytest.raises(Refused):
            meanwhile(here.db, taken_over(deal, run.row_id), end)
    runs._leave(run, (RunState.WAITING, ""))
    with here.db.reading() as session:
        assert session.get_one(Deal, deal.id).sales == Sales.BRIEFING
        rows = session.exec(select(StageRun).order_by(col(StageRun.id))).all()
        assert [(row.stage, row.state, row.owner) for row in rows] == [("brief", "superseded", ""), ("brief", "running", "other")]


def test_a_deal_that_is_closed_while_its_run_is_replaced_has_no_successor(here: World) -> None:
    prefect = FakeEngine()
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal, state=RunState.RUNNING, flow_run_id=MINE, owner="dead")
    closes = lambda session: told(session, session.get_one(Deal, deal.id), ClosedAsLost(reason="so"))
    assert meanwhile(here.db, closes, lambda: replaced(here, row, prefect)) == []
    assert (row_of(here, row.id).state, prefect.made) == (RunState.WITHDRAWN, [])


def test_a_run_that_an_operator_retries_while_it_is_replaced_keeps_its_row_or_stops(here: World) -> None:
    prefect = FakeEngine()
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal, state=RunState.WAITING, flow_run_id=MINE)
    retries = lambda session: wanted.begin(session, row.key, MINE, "w", now=MONDAY)
    assert meanwhile(here.db, retries, lambda: replaced(here, row, prefect)) == []

    def begins() -> StageRun | None:
        with here.db.writing() as session:
            return retries(session)

    assert meanwhile(here.db, taken_over(deal, row.id or 0), begins) is None


@pytest.mark.parametrize("other", ["another operator", "a successor", "a closing"])
def test_what_an_operator_starts_is_refused_where_the_deal_changes_meanwhile(here: World, other: str) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal, state=RunState.RUNNING, owner="dead") if other == "a successor" else None

    def adopts(session: Session) -> StageRun:
        return wanted.adopt(session, Stage.BRIEF, deal.id or 0, MINE, "w", now=MONDAY)

    def starts() -> StageRun:
        with here.db.writing() as session:
            return wanted.adopt(session, Stage.BRIEF, deal.id or 0, HEIR, "w", now=MONDAY)

    holds: dict[str, Callable[[Session], object]] = {
        "another operator": adopts, "a successor": lambda session: wanted.succeed(session, wanted.now_is(session, row.id), now=MONDAY, why="died"),
        "a closing": lambda session: told(session, session.get_one(Deal, deal.id), ClosedAsLost(reason="so")),
    }  # fmt: skip
    with pytest.raises(Refused):
        meanwhile(here.db, holds[other], starts)
    with here.db.reading() as session:
        assert len(wanted.live_of(session, deal.id or 0)) == (other != "a closing")


def test_a_run_that_is_made_while_its_deal_is_closed_is_cancelled_in_prefect(here: World) -> None:
    prefect = FakeEngine()
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal)
    closes = lambda session: told(session, session.get_one(Deal, deal.id), ClosedAsLost(reason="so"))
    meanwhile(here.db, closes, lambda: make_run(here, prefect, row))
    tick(prefect.talk)
    assert prefect.did == [("cancel", prefect.keys[row.key])]
    assert row_of(here, row.id).state == RunState.CANCELLED
