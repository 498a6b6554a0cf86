"""`@operation`: a flow that an operator starts from its run form, named and tagged after its deal. `@chore`: one that a schedule starts."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect import Flow, flow
from prefect.runtime import flow_run
from sqlmodel import Session, select

from models.cash_tables import Invoice
from models.tables import Client, Deal, Effect, Fact
from tasks import diary, failures, heartbeat, labels, takeovers
from tasks.world import world

P = ParamSpec("P")
R = TypeVar("R")
ABOUT = ("company", "name", "file", "payment_id", "application_id")
"""What a run without a deal is named after: the first of these fields that is filled in."""


def operation(*, name: str, description: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Declare an operation. `description` tells an operator what it does, and where it is refused.

    A run whose worker died is begun again (`tasks.takeovers`): what it tells it tells under `this_run`, and what it does are effects.

    Its runs are called `put-on-hold · deal 42 · Acme` and tagged `operation:put-on-hold`, `deal:42`, `service:…`, `manager:…`.
    """

    def declare(function: Callable[P, R]) -> Flow[P, R]:
        """Make the flow of this function."""
        @wraps(function)
        def carry(*args: P.args, **kwargs: P.kwargs) -> R:
            """Tag the run, say who asks and why, do it."""
            heartbeat.of_own_process()
            takeovers.note()
            labels.put_on(tags(name, dict(flow_run.parameters)))
            diary.write(asked(dict(flow_run.parameters)))
            with failures.told(name, _deal_id(dict(flow_run.parameters))):
                return function(*args, **kwargs)

        return flow(name=name, description=description, flow_run_name=run_name)(carry)

    return declare


def chore(*, name: str, description: str) -> Callable[[Callable[P, R]], Flow[P, R]]:
    """Declare what runs by a schedule, and whenever an operator likes: its runs are called as itself. One whose worker died is begun again."""
    failures.CHECKS.add(name)

    def declare(function: Callable[P, R]) -> Flow[P, R]:
        """Make the flow of this function."""
        @wraps(function)
        def carry(*args: P.args, **kwargs: P.kwargs) -> R:
            """Do it."""
            heartbeat.of_own_process()
            takeovers.note()
            with failures.told(name):
                return function(*args, **kwargs)

        return flow(name=name, description=description, flow_run_name=name)(carry)

    return declare


def this_run() -> str:
    """The id under which this run of a form tells its facts: said again by a Retry, they are the same facts."""
    return f"run/{flow_run.id}"


def run_name() -> str:
    """`put-on-hold · deal 42 · Acme`, for the run we are in."""
    return title(str(flow_run.flow_name), dict(flow_run.parameters))


def title(name: str, parameters: dict[str, Any]) -> str:
    """What an operator reads in the list of runs."""
    with world().db.reading() as session:
        deal = deal_of(session, parameters)
        client = session.get_one(Client, deal.client_id) if deal else None
    if deal and client:
        return f"{name} · deal {deal.id} · {client.company or client.name}"
    if parameters.get("deal_id"):
        return f"{name} · deal {parameters['deal_id']} · no such deal"
    parameters = parameters | dict(parameters.get("client") or {})
    about = next((f"{field.removesuffix('_id').removesuffix('name')} {parameters[field]}".strip() for field in ABOUT if parameters.get(field)), "")
    return f"{name} · {about.removeprefix('company ').removeprefix('file ')}" if about else name


def asked(parameters: dict[str, Any]) -> str:
    """The first line of an operation's diary: who asks for it, and why."""
    who, why = str(parameters.get("who") or "Somebody"), str(parameters.get("reason") or "").strip()
    return f"{who} asks for this: {why}" if why else f"{who} asks for this, and says no reason."


def tags(name: str, parameters: dict[str, Any]) -> list[str]:
    """What an operator filters by."""
    with world().db.reading() as session:
        return [f"operation:{name}", *labels.of_deal(session, deal_of(session, parameters))]


def _deal_id(parameters: dict[str, Any]) -> int | None:
    with world().db.reading() as session:
        deal = deal_of(session, parameters)
    return deal.id if deal else None


def deal_of(session: Session, parameters: dict[str, Any]) -> Deal | None:
    """The deal that a filled-in form is about: by its number, or by the invoice, the effect or the application that is named."""
    number = parameters.get("deal_id")
    invoice = str(parameters.get("invoice") or parameters.get("number") or "").strip()
    if not number and invoice:
        number = session.exec(select(Invoice.deal_id).where(Invoice.number == invoice)).first()
    if not number and (effect := session.get(Effect, str(parameters.get("key", "")))):
        number = effect.deal_id
    if not number and (fact := session.get(Fact, parameters.get("application_id") or 0)):
        number = fact.deal_id
    return session.get(Deal, number) if number else None
