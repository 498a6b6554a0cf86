"""The form that an operator sees on a suspended run: made from the answer's model, its input told as a fact."""

from dataclasses import replace
from functools import lru_cache
from typing import Any, cast
from uuid import UUID

from prefect.exceptions import ObjectNotFound
from prefect.input import keyset_from_base_key, read_flow_run_input
from prefect.input.run_input import RunInput, run_input_subclass_from_type
from prefect.logging import get_run_logger
from pydantic import BaseModel, Field, ValidationError, create_model

from models import attempts, inbox, waiting
from models.answers import WITHOUT_FORM, Answer
from models.errors import Refused
from models.tables import Deal
from models.waiting import Spot
from tasks.world import world


def take(spot: Spot, model: type[Answer], item: str = "") -> bool:
    """Record what an operator typed into the form of an open wait's last suspension; False if there was none, or a rule refused it.

    It comes before anything else is decided at the wait's line: what a person has typed is lost neither to a deadline that passed meanwhile
    nor to another answer. The form may be an earlier run's, which died as it went on; told again, it is the same fact.
    """
    if model in WITHOUT_FORM:
        return False
    with world().db.reading() as session:
        wait = waiting.find(session, spot)
    if wait is None or wait.closed_at or not wait.suspensions:
        return False
    shown = replace(spot, flow_run_id=wait.flow_run_id)
    typed = _typed(shown, wait.suspensions)
    return typed is not None and _keep(shown, model, typed, f"{shown.flow_run_id}/{pause_key(shown, wait.suspensions)}", item)


def _keep(spot: Spot, model: type[Answer], typed: dict[str, Any], key: str, item: str) -> bool:
    """Tell what was typed, once under its key; False if a rule refused it. Of payments and stages this run's own is meant."""
    here, who = world(), str(typed.pop("who", "")).strip()
    try:
        if spot.part and "part" in model.model_fields and not typed.get("part"):
            typed["part"] = spot.part
        name = next((field for field in ("stage", "item") if field in model.model_fields), "")
        if item and name and not typed.get(name):
            typed[name] = item
        answer = model.model_validate(typed)
        refused = attempts.written_down(here.db, spot.deal_id, attempts.what_of(answer), f"staff:{who}", here.now())
        with refused, here.db.writing() as session:
            session.get_one(Deal, spot.deal_id)
            inbox.tell(session, spot.deal_id, answer, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
    except (Refused, ValidationError) as error:
        get_run_logger().error("%s's answer was not taken: %s", who, error)
        return False
    return True


def _typed(spot: Spot, count: int) -> dict[str, Any] | None:
    key = keyset_from_base_key(f"suspended-{pause_key(spot, count)}")["response"]
    try:
        return cast("dict[str, Any] | None", read_flow_run_input(key, flow_run_id=UUID(spot.flow_run_id)))
    except ObjectNotFound:
        return None


def pause_key(spot: Spot, count: int) -> str:
    """The key of a suspension: Prefect takes small letters, digits and dashes, and refuses one it has seen."""
    return "".join(sign if sign.isalnum() else "-" for sign in f"{spot.key}-{count}".lower())


@lru_cache(maxsize=64)
def form(model: type[Answer], asked: str) -> type[BaseModel] | None:
    """The form of an answer on a suspended run, with who gives it; None for what an operator may not say in another's place (a review)."""
    if model in WITHOUT_FORM:
        return None
    who = (str, Field(min_length=2, max_length=200, description="Your name or e-mail: the history says who did it."))
    made = create_model(f"{model.__name__}Form", __base__=model, who=who)
    return cast("type[RunInput]", run_input_subclass_from_type(made)).with_initial_data(description=asked)
