"""Ours against Prefect's: every live run is there, every open deal has a next step."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

from prefect.artifacts import create_markdown_artifact
from prefect.context import FlowRunContext

from models import leases, orphans, starts, todo, troubles, upkeep, wanted
from models.errors import Missing
from models.orphans import Does, Seen
from models.stages import LIVE, RunState
from models.tables import Fact, StageRun
from tasks import failures, heartbeat, statements, takeovers
from tasks.engine import OTHERS, Engine, engine
from tasks.mending import STUCK, Round, agree, hand_out, replace
from tasks.stage import make_run
from tasks.step import step
from tasks.world import lives, real_now, world

CHUNK = 500


@step
def mend_runs() -> list[str]:
    """Make our rows and Prefect's runs agree; return what was mended, in sentences."""
    return mend()


def mend(talk: Callable[[], AbstractContextManager[Engine]] = engine, older: timedelta = STUCK) -> list[str]:
    """As `mend_runs`; `talk` opens a conversation with Prefect. Rows that were touched within `older` are left to whoever is at them.

    A wanted run that is missing is made. A live one that Prefect lost, crashed or cut off, or whose worker died, gets a successor; one that
    was handed out and never begun is handed out again; one that failed before it could say so, that suspended while our database was busy,
    or that an operator cancelled, is written down as what it is. Runs that nobody owns are cancelled or ended (`models.orphans`). Of the many
    that wait only counts are asked, as long as they fit.
    """
    here, done = world(), Round()
    with here.db.writing() as session:
        leases.sweep(session, now=real_now())
    with here.db.reading() as session:
        rows = [row for row in wanted.in_states(session, *LIVE, limit=100_000) if row.touched_at <= here.now() - older]
        at_work = [row for row in rows if row.state == RunState.RUNNING and row.owner]
        dead = set() if heartbeat.was_missed() else {row.id for row in at_work if not lives(session, row.owner)}
    with talk() as prefect:
        doubtful, quiet = _sorted_out(prefect, rows)
        seen = {run.id: run for run in prefect.live(paused=prefect.paused() > quiet)}
        states = prefect.look([row.flow_run_id for row in doubtful if row.flow_run_id])
        for row in doubtful:
            run, state = seen.get(row.flow_run_id or ""), states.get(row.flow_run_id or "")
            if row.state == RunState.WANTED:
                _make(prefect, row, done)
            elif run and not run.is_whole:
                replace(here, prefect, row, "Prefect has cut it off from its deployment", done)
            elif agree(here, prefect, row, state, done):
                continue
            elif row.id in dead:
                replace(here, prefect, row, "its worker died", done)
            elif run and orphans.is_stale(row, run, now=real_now()):
                hand_out(here, prefect, row, "it was taken and never begun; handed out again", done)
        ours = {row.flow_run_id for row in rows}
        _judge(prefect, [run for run in seen.values() if run.id not in ours], done)
        for run in prefect.live(OTHERS):
            does, why = orphans.judge_other(run, now=real_now())
            if does == Does.CRASH:
                prefect.bury(run.id, crashed=True, why=takeovers.LOST)
                failures.note(run.id, run.name, takeovers.LOST)
            elif does == Does.HAND_OUT:
                prefect.restart(run.id)
            done.mended += [f"{run.name}: {why}; {does}"] if does else []
    return done.mended


def _sorted_out(prefect: Engine, rows: list[StageRun]) -> tuple[list[StageRun], int]:
    """The rows to be looked at one by one, and how many wait as they should."""
    waiting_ones = [row for row in rows if row.state == RunState.WAITING and row.flow_run_id]
    doubtful, quiet = [row for row in rows if row.state != RunState.WAITING or not row.flow_run_id], 0
    for start in range(0, len(waiting_ones), CHUNK):
        chunk = waiting_ones[start : start + CHUNK]
        if prefect.all_paused([row.flow_run_id or "" for row in chunk]):
            quiet += len(chunk)
        else:
            doubtful += chunk
    return doubtful, quiet


def _make(prefect: Engine, row: StageRun, done: Round) -> None:
    try:
        make_run(world(), prefect, row)
    except Missing as missing:
        done.mended.append(f"{row.key}: it cannot be made. {missing}")
    else:
        done.mended.append(f"{row.key}: it was missing and is made")


def _judge(prefect: Engine, runs: list[Seen], done: Round) -> None:
    """End what nobody owns. Our rows are read after Prefect's: a row is there before its run."""
    with world().db.reading() as session:
        own, keyed = wanted.of_runs(session, [run.id for run in runs]), wanted.of_keys(session, [run.key for run in runs if run.key])
    for run in runs:
        does, why = orphans.judge(run, own.get(run.id), keyed.get(run.key), now=real_now())
        match does:
            case Does.NOTHING:
                continue
            case Does.CANCEL:
                prefect.cancel(run.id, name="Orphaned", why=f"{why[0].upper()}{why[1:]}.")
            case Does.END:
                prefect.bury(run.id, crashed=False, why=f"{why[0].upper()}{why[1:]}.")
            case Does.HAND_OUT:
                prefect.restart(run.id)
        done.mended.append(f"{run.name}: {why}; {does}")


@step
def tell(sentences: list[str]) -> list[str]:
    """Put what was mended into the run's artifact, where there is something to tell."""
    if sentences and FlowRunContext.get():
        lines = "\n".join(f"- {sentence}" for sentence in sentences)
        create_markdown_artifact(f"# Mended, {world().now():%Y-%m-%d %H:%M} UTC\n\n{lines}", key="reconcile", description="What reconcile mended.")
    return sentences


@step
def note_ran() -> None:
    """Write down that everything was looked at: `/health/ready` and `/metrics` tell since when nobody has."""
    here = world()
    with here.db.writing() as session:
        upkeep.note_ran(session, now=real_now())


@step
def find_stranded() -> list[str]:
    """Open deals without a next step: no live run, no wait. What is so and what helps, in a line each; none is how it should be."""
    with world().db.reading() as session:
        return [f"Deal {deal.id} is {deal.sales} and has no next step. {starts.advice(session, deal)}" for deal in troubles.stranded(session)]


@step
def find_unread() -> list[str]:
    """What was told us and could not be acted on, again and again: one sentence each; none is how it should be."""
    with world().db.reading() as session:
        rows = [(row, session.get_one(Fact, row.fact_id)) for row in todo.stuck(session)]
    return [f"The {fact.kind} {fact.external_id} of {fact.source} was tried {row.tries} times and cannot be booked: {row.said}" for row, fact in rows]


@step
def find_left_lying() -> list[str]:
    """Bank statements that stay in the watched folder: one sentence each, with what helps; none is how it should be."""
    return statements.left_lying(real_now())
