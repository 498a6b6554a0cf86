"""One trouble of each kind that waits for a person, by the name under which it is counted."""

from collections.abc import Callable
from itertools import count

from sqlmodel import Session

from models import effects, failed_operations
from models.cash_tables import Payment, Todo
from models.effects import EffectState
from models.stages import RunState, Stage
from models.tables import Client, Deal
from models.tracks import Sales
from tests.factories import a_deal, a_fact, a_run
from tests.fakes import MONDAY

_numbers = count(1)


def a_deal_under_way(session: Session, sales: Sales = Sales.PROPOSED) -> Deal:
    """A deal with a next step."""
    deal = a_deal(session, sales=sales)
    a_run(session, Stage.BRIEF, deal, state=RunState.WAITING)
    return deal


def an_effect_in(state: EffectState) -> Callable[[Session, Sales], None]:
    """A letter of a deal that came to this."""

    def make(session: Session, sales: Sales) -> None:
        effect = effects.plan(session, f"letter/{next(_numbers)}", "letter", deal_id=a_deal_under_way(session, sales).id, what="hello", now=MONDAY)
        effects.claim(session, effect, "worker", now=MONDAY)
        effects.settle(session, effect, state, said="550 no", now=MONDAY)

    return make


def a_failed_run(session: Session, sales: Sales) -> None:
    """A stage that failed."""
    a_run(session, Stage.PROPOSAL, a_deal(session, sales=sales), state=RunState.FAILED)


def a_bounced_address(session: Session, sales: Sales) -> None:
    """A client whose letters come back."""
    session.get_one(Client, a_deal_under_way(session, sales).client_id).bounced_at = MONDAY


def a_payment_in_suspense(session: Session, _sales: Sales) -> None:
    """Money that nobody could place."""
    came = {"source": "bank", "external_id": f"line-{next(_numbers)}", "amount": 100, "currency": "EUR", "happened_on": MONDAY.date()}
    session.add(Payment(**came, state="suspense", known_at=MONDAY))


def a_stranded_deal(session: Session, sales: Sales) -> None:
    """A deal that nobody and nothing moves on."""
    a_deal(session, sales=sales)


def a_stuck_todo(session: Session, _sales: Sales) -> None:
    """A webhook that cannot be booked."""
    session.add(Todo(fact_id=a_fact(session, None).id or 0, kind="webhook", added_at=MONDAY, due_at=MONDAY, tries=3))


def a_failed_operation(session: Session, sales: Sales) -> None:
    """An operation that failed."""
    run = f"run-{next(_numbers)}"
    failed_operations.note(session, f"operation/{run}", "resend · deal 1", run, "It was away.", deal_id=a_deal_under_way(session, sales).id, now=MONDAY)


MAKE: dict[str, Callable[[Session, Sales], None]] = {
    "failed_run": a_failed_run, "failed_operation": a_failed_operation, "unknown_effect": an_effect_in(EffectState.UNKNOWN), "failed_effect": an_effect_in(EffectState.FAILED),
    "bounced_address": a_bounced_address, "suspense": a_payment_in_suspense, "stranded_deal": a_stranded_deal, "stuck_todo": a_stuck_todo,
}  # fmt: skip
"""In the order of the error inbox."""
