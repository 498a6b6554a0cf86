"""Silence that may count as acceptance: only after the warnings of what it means have reached the client."""

from sqlmodel import Session, col, select

from models.effects import EffectState
from models.stages import Stage
from models.tables import Deal, Effect, Wait

WARNINGS = 2
"""How many warnings the contract's clause asks for."""


def warned(session: Session, deal: Deal, stage: Stage, ladder: str, letter: str) -> list[Effect]:
    """The warnings that reached the client on the newest question with this ladder, in the order in which they went out."""
    asked = select(Wait).where(Wait.deal_id == deal.id, Wait.round == deal.round, Wait.stage == stage.value, Wait.ladder == ladder)
    wait = session.exec(asked.order_by(col(Wait.id).desc())).first()
    if wait is None:
        return []
    start = f"deal/{deal.id}/r{deal.round}/{wait.stage}/wait-{wait.id}/"
    sent = select(Effect).where(col(Effect.key).startswith(start, autoescape=True), Effect.what == letter)
    reached = sent.where(Effect.state == EffectState.DONE.value).order_by(col(Effect.settled_at))
    return [effect for effect in session.exec(reached) if "bounced" not in effect.result]
