"""`@stage`: a flow that carries a row of `stage_run`, named and tagged for operators; and how its run is made."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from prefect import Flow, flow
from prefect.runtime import flow_run

from models import wanted
from models.stages import Stage
from models.tables import Client, Deal, Fact, StageRun
from tasks import diary, heartbeat, labels, runs
from tasks.engine import Engine
from tasks.runs import Run
from tasks.world import World, world


def stage(name: Stage, *, description: str) -> Callable[[Callable[..., None]], Flow[..., None]]:
    """Declare the flow of a stage. `description` tells an operator what it does, what it waits for, what to do when it fails.

    The run ends as Superseded when another one has taken its place; every other error fails it, where an operator sees it.
    """

    def declare(function: Callable[..., None]) -> Flow[..., None]:
        """Make the flow of this function."""
        @wraps(function)
        def carry(**kwargs: Any) -> None:
            """Enter the run's row and carry the stage."""
            heartbeat.of_own_process()
            with runs.entered(name, **kwargs) as run:
                runs.patiently(partial(_carry, name, run, function, kwargs))

        return flow(name=name.value, description=description, flow_run_name=run_name, persist_result=False, validate_parameters=True)(carry)

    return declare


def _carry(name: Stage, run: Run, function: Callable[..., None], kwargs: dict[str, Any]) -> None:
    """The stage from its first line on, which it may be told again at any time."""
    run.calls.clear()
    labels.put_on(tags_of(name, run.deal_id))
    function(**kwargs)
    diary.write(ended(name, run.deal_id))


def run_name() -> str:
    """`proposal · deal 42 · Acme`, for the run we are in."""
    return title(str(flow_run.flow_name), flow_run.parameters)


def title(stage_name: str, parameters: dict[str, Any]) -> str:
    """What an operator reads in the list of runs."""
    with world().db.reading() as session:
        if "deal_id" in parameters:
            deal = session.get(Deal, parameters["deal_id"])
            client = session.get(Client, deal.client_id) if deal else None
            whose = (client.company or client.name) if client else "no such deal"
            which = f"{stage_name} {parameters['part']}" if parameters.get("part") else stage_name
            return f"{which} · deal {parameters['deal_id']} · {whose}"
        fact = session.get(Fact, parameters.get("application_id"))
        payload = fact.payload if fact else {}
        return f"{stage_name} · application {parameters.get('application_id')} · {payload.get('company') or payload.get('name', '?')}"


def tags_of(stage_name: str, deal_id: int | None) -> list[str]:
    """What an operator filters the runs of a stage by, from the number of its deal; None before there is one."""
    with world().db.reading() as session:
        return [f"stage:{stage_name}", *labels.of_deal(session, session.get(Deal, deal_id) if deal_id else None)]


def ended(stage_name: str, deal_id: int | None) -> str:
    """The last line of a stage's diary: where its deal stands now, and what goes on."""
    with world().db.reading() as session:
        deal = session.get(Deal, deal_id) if deal_id else None
        others = [row.stage for row in wanted.live_of(session, deal_id) if row.stage != stage_name] if deal_id else []
    if deal is None:
        return f"The {stage_name} is done."
    stands = f"sales {deal.sales}, work {deal.work}, money {deal.money}".replace("_", " ")
    goes_on = f"It goes on with {', '.join(others)}." if others else "Nothing else is wanted."
    return f"The {stage_name} of deal {deal.id} is done: {stands}. {goes_on}"


def make_run(here: World, prefect: Engine, row: StageRun) -> None:
    """Make Prefect's run of a wanted row, or find it made. Raises Missing when its deployment is not there."""
    parameters = {"application_id": row.application_id} if row.application_id else {"deal_id": row.deal_id}
    parameters |= {"part": row.part} if row.part else {}
    tags = tags_of(row.stage, row.deal_id)
    flow_run_id = prefect.create(row.stage, parameters, key=row.key, name=title(row.stage, parameters), tags=tags)
    with here.db.writing() as session:
        wanted.created(session, row.id or 0, flow_run_id, now=here.now())
