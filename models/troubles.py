"""What waits for a person: each kind as one question to the database. The error inbox shows its rows, `/metrics` counts them."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from models import todo
from models.cash_tables import Payment, Todo
from models.effects import EffectState
from models.pipeline import OPEN
from models.stages import LIVE, RunState
from models.tables import Client, Deal, Effect, FailedOperation, StageRun, Wait

REMEMBERED = timedelta(days=30)
"""How long an operation that failed waits for a person, unless its deal has ended before."""


def counts(session: Session, now: datetime) -> dict[str, int]:
    """How many there are of each kind, in the order of the error inbox."""
    asked: dict[str, Any] = {
        "failed_run": failed_runs(),
        "failed_operation": failed_operations(now),
        "unknown_effect": select(Effect.key).where(Effect.state == EffectState.UNKNOWN.value),
        "failed_effect": failed_effects(now),
        "bounced_address": bounced(),
        "suspense": select(Payment.id).where(Payment.state == "suspense"),
        "stranded_deal": _stranded(),
        "stuck_todo": select(Todo.fact_id).where(todo.STUCK),
    }
    return {kind: session.exec(select(func.count()).select_from(rows.subquery())).one() for kind, rows in asked.items()}


def failed_runs() -> SelectOfScalar[StageRun]:
    """Stages that failed: they are tried again by a person's word."""
    return select(StageRun).where(StageRun.state == RunState.FAILED.value)


def failed_operations(now: datetime) -> SelectOfScalar[FailedOperation]:
    """Checks and operations that failed within the last month, and have not gone well since."""
    return select(FailedOperation).where(col(FailedOperation.at) >= now - REMEMBERED)


def failed_effects(now: datetime) -> SelectOfScalar[Effect]:
    """What the world refused for good within the last month, of open deals."""
    mine = select(Effect).join(Deal, col(Deal.id) == Effect.deal_id).where(Effect.state == EffectState.FAILED.value, OPEN)
    return mine.where(col(Effect.settled_at) >= now - REMEMBERED)


def bounced() -> Select[Any, Client]:
    """Open deals with a client whose address sends letters back."""
    return select(Deal.id, Client).join(Client, col(Client.id) == Deal.client_id).where(col(Client.bounced_at).is_not(None), OPEN)


def stranded(session: Session) -> list[Deal]:
    """Open deals that nobody and nothing will move on. The question of a run that an operator cancelled is nobody's."""
    return list(session.exec(_stranded().order_by(col(Deal.id))))


def _stranded() -> SelectOfScalar[Deal]:
    live = select(StageRun.deal_id).where(col(StageRun.state).in_(LIVE), col(StageRun.deal_id).is_not(None))
    cancelled = select(StageRun.flow_run_id).where(StageRun.state == RunState.CANCELLED.value, col(StageRun.flow_run_id).is_not(None))
    asks = select(Wait.deal_id).where(col(Wait.closed_at).is_(None), col(Wait.flow_run_id).not_in(cancelled))
    return select(Deal).where(OPEN, col(Deal.id).not_in(live), col(Deal.id).not_in(asks))
