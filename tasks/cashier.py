"""What the waker does about money in its rounds: acts on webhooks, makes pay pages and refunds that a fact asked for, takes statements in."""

import logging
import time

from models import effects, payments, todo, webhooks
from models.cash_tables import Todo
from models.errors import StudioError, Unavailable
from models.tables import Effect, Fact
from tasks import invoices, refunds, statements
from tasks.world import World, real_now

FOLDER_SECONDS = 10.0
PAUSE = effects.LEASE
log = logging.getLogger("studioflow.cashier")
_looked = [float("-inf")]


def act_on_webhooks(here: World) -> int:
    """Book what providers told; how many were acted on. One that cannot be read or booked is put off, and its row says why."""
    with here.db.reading() as session:
        rows = todo.due(session, now=real_now(), limit=50)
    acted = 0
    for row in rows:
        try:
            _act(here, row)
            acted += 1
        except Exception as error:  # one that fails keeps nobody else's money waiting
            log.exception("Webhook %s cannot be acted on.", row.fact_id)
            said = str(error) if isinstance(error, StudioError) else f"{type(error).__name__}: {error}"
            with here.db.writing() as session:
                todo.later(session, session.get_one(Todo, row.fact_id), said, now=real_now())
    return acted


def _act(here: World, row: Todo) -> None:
    with here.db.writing() as session:
        fact = session.get_one(Fact, row.fact_id)
        event = webhooks.read(fact.source, fact.payload["body"].encode())
        payments.act_on(session, here.company, event, fact.source, fact, now=here.now())
        todo.done(session, session.get_one(Todo, row.fact_id), now=real_now())


def act_on_orders(here: World) -> int:
    """Make the pay pages and refunds that were planned outside of a stage; how many were carried out."""
    with here.db.reading() as session:
        planned = effects.planned_errands(session, now=real_now(), kinds=effects.HOLDING)
    for effect in planned:
        try:
            if effect.kind == "refund":
                refunds.carry_out(here, effect.key)
            else:
                invoices.open_page(here, effect.key, effect.args["invoice"])
        except Unavailable as away:
            log.warning("%s waits: %s", effect.key, away)
            _put_off(here, effect.key)
        except Exception:  # as above
            log.exception("%s cannot be carried out.", effect.key)
            _put_off(here, effect.key)
    return len(planned)


def _put_off(here: World, key: str) -> None:
    with here.db.writing() as session:
        effects.later(session, session.get_one(Effect, key), real_now() + PAUSE)


def take_statements() -> int:
    """Take in what lies in the watched folder, now and then; how many files were taken."""
    if time.monotonic() - _looked[0] < FOLDER_SECONDS:
        return 0
    _looked[0] = time.monotonic()
    return len(statements.take_folder())
