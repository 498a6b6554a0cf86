"""A payment provider's webhook: POST → answer, signed as the sandbox signs."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.client import HTTPConnection

from sqlmodel import col, func, select

from benchmarks.client import posted
from benchmarks.figures import Figure, median, percentile
from benchmarks.house import House
from models import providers, webhooks
from models.cash_tables import Todo
from models.errors import StudioError
from models.money import Money
from models.sandbox_events import SandboxEvent, SandboxPayment
from models.tables import Fact

PATH = "/webhooks/payments/sandbox"
ANSWER_MS, LINES = 50, 8


def webhook(house: House, *, quick: bool) -> list[Figure]:
    """One at a time, then eight lines at once, while the worker books what the earlier ones told."""
    alone, each = (20, 5) if quick else (100, 25)
    before = _kept(house)
    singly = _posts(house, alone)
    with ThreadPoolExecutor(LINES) as crowd:
        together = [took for line in crowd.map(lambda _: _posts(house, each), range(LINES)) for took in line]
    if (lost := len(singly) + len(together) - (_kept(house) - before)) != 0:
        raise StudioError(f"{lost} webhooks were answered and are not kept.")
    house.until(lambda: _acted_on(house), "every webhook is acted on")
    one, many = f"of {alone} webhooks on one line", f"of {len(together)} webhooks, one after another on each of {LINES} lines"
    return [
        Figure("webhook", "webhook → answer, median", median(singly), "ms", one, at_most=ANSWER_MS),
        Figure("webhook", "webhook → answer, 95 %", percentile(singly, 0.95), "ms", one),
        Figure("webhook", f"webhook → answer, {LINES} at once, median", median(together), "ms", many, at_most=ANSWER_MS),
        Figure("webhook", f"webhook → answer, {LINES} at once, 95 %", percentile(together, 0.95), "ms", many),
    ]


def event(number: str, now: datetime) -> bytes:
    """An event that money came which names no invoice: the worker books it into suspense, and no deal hears of it."""
    payment = SandboxPayment(charge_id=f"ch_{number}", amount=Money(amount=123_45, currency="EUR"), payer="Ada Byron")
    return SandboxEvent(id=f"evt_{number}", type="payment.paid", created=now, data=payment).model_dump_json().encode()


def _posts(house: House, count: int) -> list[float]:
    """Milliseconds of webhooks that follow one another on a line of their own."""
    line, secret, took = HTTPConnection(house.settings.host, house.settings.api_port, timeout=60), providers.sandbox_secret(house.settings), []
    for _ in range(count):
        now = datetime.now(UTC)
        body = event(secrets.token_hex(12), now)
        headers = {"Content-Type": "application/json", webhooks.SIGNATURES["sandbox"]: webhooks.sign(secret, body, now)}
        took.append(1000 * posted(line, PATH, body, headers, answered=200))
    line.close()
    return took


def _kept(house: House) -> int:
    with house.db.reading() as session:
        return session.exec(select(func.count()).select_from(Fact).where(Fact.kind == webhooks.KIND)).one()


def _acted_on(house: House) -> bool:
    with house.db.reading() as session:
        return session.exec(select(Todo.fact_id).where(col(Todo.done_at).is_(None))).first() is None
