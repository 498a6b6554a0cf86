"""A scrape of a grown installation: ten thousand deals with all that they leave behind, and what `/metrics` and a probe then cost."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session

from benchmarks.books import timed
from benchmarks.databases import a_database
from benchmarks.figures import Figure, median
from benchmarks.house import House
from models import leases, troubles, upkeep, vitals
from models.db import Database
from models.tables import Client, Deal, Effect, Fact, StageRun, Wait
from tests.fakes import MONDAY

DEALS, EFFECTS, FACTS, RUNS, WAITS = 10_000, 50, 30, 15, 20
AT_ONCE = 1000
HOW = f"{DEALS:,} deals, of each {EFFECTS} effects, {FACTS} facts, {RUNS} runs, {WAITS} waits; one of them open"


def scrape(beside: House, *, quick: bool) -> list[Figure]:
    """On a database of its own."""
    with a_database(beside.profile) as db:
        for first in range(1, DEALS + 1, AT_ONCE):
            with db.writing() as session:
                grown(session, range(first, first + AT_ONCE), MONDAY)
        with db.engine.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()
        scraped, probed = ([timed(lambda act=act: act(db)) for _ in range(3 if quick else 15)] for act in (figures_of, probe))
        return [
            Figure("scrape", "seconds for the figures of /metrics", median(scraped), "s", HOW),
            Figure("scrape", "seconds for waits and letters of /health/ready", median(probed), "s", HOW),
        ]


def figures_of(db: Database) -> None:
    with db.reading() as session:
        for ask in (vitals.deals, vitals.effects, vitals.runs, vitals.open_waits):
            ask(session)
        vitals.overdue(session, MONDAY)
        vitals.unbegun(session, MONDAY)
        vitals.wakes(session, MONDAY)
        leases.heartbeats(session, now=MONDAY)
        troubles.counts(session, MONDAY)
        upkeep.schedule(session)


def probe(db: Database) -> None:
    with db.reading() as session:
        leases.heartbeats(session, now=MONDAY)
        vitals.overdue(session, MONDAY)
        vitals.unbegun(session, MONDAY)
        vitals.letters(session)
        upkeep.schedule(session)


def grown(session: Session, numbers: range, now: datetime) -> None:
    """These deals, and what each of them has left behind."""
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (Client, [_client(deal, now) for deal in numbers]),
        (Deal, [_deal(deal, now) for deal in numbers]),
        (Fact, [_fact(deal, n, now) for deal in numbers for n in range(FACTS)]),
        (Effect, [_effect(deal, n, now) for deal in numbers for n in range(EFFECTS)]),
        (StageRun, [_run(deal, n, now) for deal in numbers for n in range(RUNS)]),
        (Wait, [_wait(deal, n, now) for deal in numbers for n in range(WAITS)]),
    ]
    for table, values in rows:
        session.connection().execute(insert(table), values)


def _client(deal: int, now: datetime) -> dict[str, Any]:
    return {
        "id": deal, "name": "Ada", "email": f"ada.{deal}@acme.example", "phone": "", "company": "Acme", "locale": "en_IE", "details": {},
        "opened_at": now, "bounce_said": "",
    }  # fmt: skip


def _deal(deal: int, now: datetime) -> dict[str, Any]:
    return {
        "id": deal, "client_id": deal, "service": "corporate-site", "sales": ("proposed", "won")[deal % 2], "work": ("none", "handed_over")[deal % 2],
        "money": "none", "round": 1, "salesperson": "conor@northlight.example", "currency": "EUR", "locale": "en_IE", "message": "m" * 200,
        "source": {}, "opened_at": now,
    }  # fmt: skip


def _fact(deal: int, n: int, now: datetime) -> dict[str, Any]:
    return {
        "id": deal * FACTS + n, "kind": "deal.noted", "source": "bench", "external_id": f"{deal}/{n}", "deal_id": deal, "subject": "d",
        "actor": "client", "payload": {"text": "x" * 200}, "happened_at": now, "known_at": now - timedelta(minutes=40 * n + 2),
    }  # fmt: skip


def _effect(deal: int, n: int, now: datetime) -> dict[str, Any]:
    state = "unknown" if (deal * EFFECTS + n) % 5000 == 0 else "done"
    return {
        "key": f"deal/{deal}/effect/{n}", "deal_id": deal, "kind": ("errand", "letter", "letter")[n % 3], "what": "proposal-ready", "state": state,
        "owner": "", "attempts": 1, "planned_at": now, "settled_at": now - timedelta(minutes=n), "said": "250 queued as 4ZXy" * 3,
        "args": {"name": "proposal-ready", "facts": {"said": "b" * 200}}, "result": {"message_id": "x" * 80},
    }  # fmt: skip


def _run(deal: int, n: int, now: datetime) -> dict[str, Any]:
    return {
        "key": f"deal-{deal}/{n}", "stage": ("intake", "brief", "estimate", "proposal", "contract")[n % 5], "deal_id": deal, "round": n, "part": 0,
        "generation": 1, "state": "waiting" if n == RUNS - 1 else "done", "flow_run_id": f"run-{deal}-{n}", "owner": "", "wanted_at": now,
        "touched_at": now, "why": "",
    }  # fmt: skip


def _wait(deal: int, n: int, now: datetime) -> dict[str, Any]:
    is_open = n == WAITS - 1
    return {
        "deal_id": deal, "stage": "contract", "round": 1, "part": 0, "key": f"answer#{n}", "kinds": ["deal.noted"], "subject": "d",
        "whose": "client", "what": "the contract", "ladder": "contract", "opened_at": now - timedelta(days=30),
        "rungs": [{"at": "", "letter": "contract-reminder"}] * 4, "rungs_sent": 0, "due_at": now + timedelta(minutes=deal) if is_open else None,
        "flow_run_id": f"run-{deal}-{RUNS - 1}", "suspensions": 1, "fact_id": None if is_open else deal * FACTS + n,
        "closed_at": None if is_open else now - timedelta(minutes=40 * n + 1), "outcome": "" if is_open else "answered",
    }  # fmt: skip
