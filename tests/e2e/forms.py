"""Operations' forms, filled in as the Prefect UI sends them."""

from typing import Any

from tests.e2e.system import System, eventually

ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def runs_form(system: System, name: str, **parameters: Any) -> str:
    """Run an operation's form; return the state it ends in."""
    return ends(system, name, **parameters)["name"]


def is_refused(system: System, name: str, **parameters: Any) -> str:
    """Run a form that makes no sense; return the sentence that its run fails with."""
    state = ends(system, name, **parameters)
    assert state["type"] == "FAILED", state
    return state["message"]


def ends(system: System, name: str, **parameters: Any) -> dict[str, Any]:
    """Run a form to its end; return its last state."""
    found = system.prefect("GET", f"/deployments/name/{name}/{name}")
    run = system.prefect("POST", f"/deployments/{found['id']}/create_flow_run", {"parameters": parameters, "state": {"type": "SCHEDULED"}})
    assert "id" in run, run
    system.nudge()

    def ended() -> dict[str, Any] | None:
        state = system.prefect("GET", f"/flow_runs/{run['id']}")["state"]
        return state if state["type"] in ENDED else None

    return eventually(ended, lambda: f"{name} does not end:\n{system.log('worker')}", seconds=60)
