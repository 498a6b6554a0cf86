"""The stages, and the states of a wanted run.

    wanted ▶ created ▶ running ⇄ waiting ▶ done
                          │  ▲                superseded: a later generation has taken over
                          ▼  │ Retry           withdrawn: nobody wants it any more ▶ cancelled
                         failed                cancelled: so it is, too, when an operator cancels the run in Prefect
"""

from enum import StrEnum


class Stage(StrEnum):
    """What a flow carries a deal through."""

    INTAKE = "intake"
    BRIEF = "brief"
    ESTIMATE = "estimate"
    PROPOSAL = "proposal"
    CONTRACT = "contract"
    INVOICE = "invoice"
    PAYMENT = "payment"
    KICKOFF = "kickoff"
    MATERIALS = "materials"
    PRODUCTION = "production"
    LAUNCH = "launch"
    NEXT_STEPS = "next-steps"
    HANDOVER = "handover"
    REVIEW = "review"
    CLOSING = "closing"


class RunState(StrEnum):
    """Where a wanted run stands."""

    WANTED = "wanted"
    CREATED = "created"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    DONE = "done"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


R = RunState
LIVE = (R.WANTED, R.CREATED, R.RUNNING, R.WAITING, R.FAILED)
BUSY = tuple(state for state in LIVE if state != R.WAITING)
"""States of a run that is under way, or will be at a Retry."""
LIVE_STATES = "(" + ", ".join(f"'{state}'" for state in LIVE) + ")"
RUN_MOVES: dict[RunState, frozenset[RunState]] = {
    R.WANTED: frozenset({R.CREATED, R.RUNNING, R.WITHDRAWN}),
    R.CREATED: frozenset({R.RUNNING, R.FAILED, R.SUPERSEDED, R.WITHDRAWN, R.CANCELLED}),
    R.RUNNING: frozenset({R.RUNNING, R.WAITING, R.FAILED, R.DONE, R.SUPERSEDED, R.WITHDRAWN, R.CANCELLED}),
    R.WAITING: frozenset({R.RUNNING, R.FAILED, R.SUPERSEDED, R.WITHDRAWN, R.CANCELLED}),
    R.FAILED: frozenset({R.RUNNING, R.SUPERSEDED, R.WITHDRAWN, R.CANCELLED}),
    R.DONE: frozenset(),
    R.SUPERSEDED: frozenset(),
    R.WITHDRAWN: frozenset({R.CANCELLED}),
    R.CANCELLED: frozenset(),
}


PARTED = frozenset({Stage.INVOICE, Stage.PAYMENT})
"""Stages that a deal goes through once for each part of its payment plan, one beside the other if need be."""


def run_key(*, deal_id: int | None, application_id: int | None, stage: str, round_: int, generation: int, part: int = 0) -> str:
    """The idempotency key under which Prefect makes the run: `deal-42/proposal/r1/g1`, with a part `deal-42/invoice/r1/p2/g1`."""
    whose = f"application-{application_id}" if application_id is not None else f"deal-{deal_id}"
    return f"{whose}/{stage}/r{round_}/{f'p{part}/' if part else ''}g{generation}"
