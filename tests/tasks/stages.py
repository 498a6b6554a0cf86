"""Being in a stage without an engine: the row is running, and steps and waits know it."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from prefect.exceptions import ObjectNotFound
from prefect.logging import disable_run_logger

from models.stages import RunState, Stage
from models.tables import Deal, StageRun
from tasks import engine, forms, runs
from tasks.runs import Run
from tasks.world import World
from tests.factories import a_run


@contextmanager
def inside(here: World, stage: Stage, deal: Deal, *, flow_run_id: str = "mine", part: int = 0) -> Iterator[Run]:
    """In the run of a deal's stage."""
    with here.db.writing() as session:
        row = a_run(session, stage, deal, state=RunState.RUNNING, flow_run_id=flow_run_id, owner=here.worker, part=part)
    with carrying(row) as run:
        yield run


@contextmanager
def carrying(row: StageRun) -> Iterator[Run]:
    """In the run of a row."""
    run = carried(row)
    token = runs._current.set(run)
    try:
        yield run
    finally:
        runs._current.reset(token)


@contextmanager
def ending(*, forgotten: bool = False) -> Iterator[list[str]]:
    """What a run asks of Prefect by itself is played: nothing was typed into a form, and the runs that it ends are listed.

    Prefect knows none of them where it has `forgotten` them.
    """
    ended: list[str] = []

    def end(run: object, *_args: object, **_values: object) -> None:
        if forgotten:
            raise ObjectNotFound(Exception("no such run"))
        ended.append(str(run))

    @contextmanager
    def client(**_: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(set_flow_run_state=end)

    def typed(*_args: object, **_values: object) -> None:
        raise ObjectNotFound(Exception("nothing was typed"))

    with pytest.MonkeyPatch.context() as patch, disable_run_logger():
        patch.setattr(engine, "get_client", client)
        patch.setattr(forms, "read_flow_run_input", typed)
        yield ended


def carried(row: StageRun) -> Run:
    """One execution of a row."""
    return Run(
        row_id=row.id or 0, stage=row.stage, deal_id=row.deal_id, round=row.round, part=row.part, flow_run_id=row.flow_run_id or "", began=row.touched_at
    )  # fmt: skip
