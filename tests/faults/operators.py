"""Operators who are used to trouble: they look at the error inbox, and fill in forms until they come to an end."""

import contextlib
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from sqlmodel import select

from models.effects import HOLDING, SETTLED, STAGES_OWN, EffectState
from models.message import message_id
from models.stages import RunState
from models.tables import Effect, StageRun
from tests.e2e.forms import starts
from tests.e2e.system import eventually
from tests.faults.forms import DONE, FAILED, Form, is_for_a_reader
from tests.faults.house import House
from tests.studio import the_company

DOMAIN = the_company().studio.mail.from_address.rpartition("@")[2]
WENT_OUT, AGAIN = "it went out", "send it again"
WHO = "Aoife Brennan"
TRIES = 10
"""How often an operator presses Retry."""


def letter_id(system: House, key: str) -> str:
    """The Message-ID of the letter with this key."""
    return message_id(key, DOMAIN, system.settings.secret.get_secret_value())


class Operator:
    """Whoever looks at the error inbox: settles what holds a deal by what the post says, and retries what failed. `forms` are those filled in."""

    def __init__(self, system: House, taken: Callable[[], list[str]], chance: Random) -> None:
        self.system = system
        self.chance = chance
        self.forms: list[Form] = []
        self._taken = taken

    def runs(self, name: str, /, **parameters: Any) -> str:
        """Start an operation's form; return the state that it ends in. What failed for no reason of ours (a full disk, say) is retried."""
        form = self._starts(name, parameters)
        for _ in range(TRIES):
            if (state := self._ends(form))["type"] == DONE or is_for_a_reader(state["message"] or ""):
                break
            self.retries(form.run)
        return state["name"]

    def does(self, name: str, /, **parameters: Any) -> str:
        """Fill in a form that makes sense, and press Retry until it is carried out; return its run's id."""
        form = self._starts(name, parameters, is_insisted_on=True)
        for _ in range(TRIES):
            if (state := self._ends(form))["type"] == DONE:
                return form.run
            self.mends()
            self.retries(form.run)
        raise AssertionError(f"{name} fails again and again: {state['message']}")

    def is_refused(self, name: str, /, **parameters: Any) -> None:
        """Fill in a form that makes no sense."""
        self._ends(self._starts(name, parameters, is_refused=True))

    def settles(self, effect: Effect) -> None:
        """Say of an unknown effect what became of it: the post knows."""
        out = WENT_OUT if Counter(self._taken())[letter_id(self.system, effect.key)] else AGAIN
        self.runs("settle-effect", key=effect.key, who=WHO, outcome=out)

    def finds_out(self, key: str) -> None:
        """Make sure that it is known what became of an effect."""

        def is_known() -> bool:
            with self.system.db.reading() as session:
                effect = session.get_one(Effect, key)
            if effect.state == EffectState.UNKNOWN:
                self.settles(effect)
            return effect.state in SETTLED - {EffectState.UNKNOWN}

        eventually(is_known, lambda: f"nobody knows of {key}", seconds=90)

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

    def _starts(self, name: str, parameters: dict[str, Any], **how: bool) -> Form:
        form = Form(name, starts(self.system, name, **parameters), parameters, **how)
        self.forms.append(form)
        self.system.nudge()
        return form

    def _ends(self, form: Form) -> dict[str, Any]:
        """The state in which a form's run ends, as Prefect tells it."""

        def ended() -> dict[str, Any] | None:
            state = self.system.prefect("GET", f"/flow_runs/{form.run}")["state"]
            if state["type"] == "CRASHED":  # its workers died too often: as its sentence says
                self.retries(form.run)
            return state if state["type"] in {DONE, FAILED} else None

        return eventually(ended, lambda: f"{form.name} does not end:\n{self.system.log('worker')}", seconds=60)
