"""Operators who are used to trouble: they look at the error inbox, and fill in forms until they come to an end."""

import contextlib
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any
from uuid import uuid4

from sqlmodel import select

from models.effects import HOLDING, STAGES_OWN, EffectState
from models.message import message_id
from models.stages import RunState
from models.tables import Effect, StageRun
from tests.e2e.system import eventually
from tests.faults.house import House
from tests.studio import the_company

DOMAIN = the_company().studio.mail.from_address.rpartition("@")[2]
WENT_OUT, AGAIN = "it went out", "send it again"


def letter_id(system: House, key: str) -> str:
    """The Message-ID of the letter with this key."""
    return message_id(key, DOMAIN, system.settings.secret.get_secret_value())


class Operator:
    """Whoever looks at the error inbox: settles what holds a deal by what the post says, and retries what failed."""

    def __init__(self, system: House, taken: Callable[[], list[str]], chance: Random) -> None:
        self.system = system
        self.chance = chance
        self._taken = taken

    def runs(self, name: str, **parameters: Any) -> str:
        """Start an operation's form; return the state that it ends in."""
        found = self.system.prefect("GET", f"/deployments/name/{name}/{name}")
        order = {"parameters": parameters, "state": {"type": "SCHEDULED"}, "idempotency_key": uuid4().hex}
        run = self.system.prefect("POST", f"/deployments/{found['id']}/create_flow_run", order)
        self.system.nudge()

        def ended() -> str:
            state = self.system.prefect("GET", f"/flow_runs/{run['id']}")["state"]
            if state["type"] == "CRASHED":  # its workers died too often: as its sentence says
                self.retries(run["id"])
            return state["name"] if state["type"] in {"COMPLETED", "FAILED"} else ""

        return eventually(ended, lambda: f"{name} does not end:\n{self.system.log('worker')}", seconds=60)

    def settles(self, effect: Effect) -> None:
        """Say of an unknown effect what became of it: the post knows."""
        out = WENT_OUT if Counter(self._taken())[letter_id(self.system, effect.key)] else AGAIN
        self.runs("settle-effect", key=effect.key, who="Aoife Brennan", outcome=out)

    def mends(self, *, all_unknown: bool = False) -> int:
        """One look at the error inbox; how much there was to do. Unknown letters hold nobody, and are left unless told otherwise."""
        kinds = HOLDING | STAGES_OWN
        with self.system.db.reading() as session:
            unknown = session.exec(select(Effect).where(Effect.state == EffectState.UNKNOWN.value)).all()
            failed = session.exec(select(StageRun).where(StageRun.state == RunState.FAILED.value)).all()
        held = [effect for effect in unknown if all_unknown or effect.kind in kinds]
        for effect in held:
            self.settles(effect)
        for row in failed:
            self.retries(row.flow_run_id or "")
        return len(held) + len(failed)

    def retries(self, flow_run_id: str) -> None:
        """Press Retry."""
        with contextlib.suppress(OSError):
            self.system.prefect(
                "POST", f"/flow_runs/{flow_run_id}/set_state", {"state": {"type": "SCHEDULED", "name": "AwaitingRetry"}, "force": False}
            )  # fmt: skip
            self.system.nudge()
