"""The tags of runs, by which operators find them."""

from collections.abc import Sequence

from prefect.context import FlowRunContext
from prefect.logging import get_run_logger
from sqlmodel import Session

from models import projects
from models.errors import Unavailable
from models.tables import Deal
from tasks.engine import engine


def of_deal(session: Session, deal: Deal | None) -> list[str]:
    """`deal:42`, `service:shop`, `manager:…`: the tags of every run that is about a deal.

    Its managers are its salesperson and, once there is a project, whoever leads that besides: either finds the run, whoever is asked.
    """
    if deal is None:
        return []
    project = projects.find(session, deal)
    managers = dict.fromkeys([deal.salesperson, project.manager if project else ""])
    return [f"deal:{deal.id}", f"service:{deal.service}", *(f"manager:{who}" for who in managers if who)]


def lacking(known: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """The tags a run lacks of those wanted, in their order."""
    return [tag for tag in wanted if tag not in known]


def put_on(wanted: Sequence[str]) -> None:
    """Tag the run we are in with what it lacks: one that an operator started has the tags of its deployment only.

    A label is worth no failure: while the engine is away the run goes on without it, and says so.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None or not (fresh := lacking(context.flow_run.tags, wanted)):
        return
    try:
        with engine() as prefect:
            prefect.label(str(context.flow_run.id), tags=[*context.flow_run.tags, *fresh])
    except Unavailable as away:
        get_run_logger().warning("This run could not be tagged %s. %s", ", ".join(fresh), away)
