"""Operations' forms, filled in as the Prefect UI sends them."""

from typing import Any
from uuid import uuid4

from tests.e2e.system import System, eventually

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def runs_form(system: System, name: str, /, **parameters: Any) -> str:
    """Run an operation's form; return the state it ends in."""
    return ends(system, name, **parameters)["name"]


def is_refused(system: System, name: str, /, **parameters: Any) -> str:
    """Run a form that makes no sense; return the sentence that its run fails with."""
    state = ends(system, name, **parameters)
    assert state["type"] == "FAILED", state
    return state["message"]


def starts(system: System, name: str, /, **parameters: Any) -> str:
    """Send a form, once however often it is sent again for want of an answer; return its run's id."""
    found = system.prefect("GET", f"/deployments/name/{name}/{name}")
    order = {"parameters": parameters, "state": {"type": "SCHEDULED"}, "idempotency_key": uuid4().hex}
    run = system.prefect("POST", f"/deployments/{found['id']}/create_flow_run", order)
    assert "id" in run, run
    return run["id"]


def ends(system: System, name: str, /, **parameters: Any) -> dict[str, Any]:
    """Run a form to its end; return its last state."""
    run = starts(system, name, **parameters)
    system.nudge()

    def ended() -> dict[str, Any] | None:
        state = system.prefect("GET", f"/flow_runs/{run}")["state"]
        return state if state["type"] in ENDED else None

    return eventually(ended, lambda: f"{name} does not end:\n{system.log('worker')}", seconds=60)
