"""Invoices a second while workers die: the storm of `issuing` on SQLite, and on PostgreSQL where one answers."""

import time
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import TypeVar

from sqlmodel import select

from benchmarks.databases import postgres, sqlite
from benchmarks.figures import Figure
from benchmarks.house import House
from benchmarks.issuing import problems, storm
from models import company
from models.cash_tables import Invoice
from models.company import Company
from models.db import Database
from models.errors import StudioError
from models.migrate import upgrade

WORKERS, SHARE = 8, 0.2
T = TypeVar("T", bound=Hashable)


def issuing(house: House, *, quick: bool) -> list[Figure]:
    """Eight workers and random kills, on each kind of database. Raises StudioError for a gap, a double, or books that do not agree."""
    house.adopt()
    studio, count = company.load(house.settings.company), 24 if quick else 200
    with sqlite() as url:
        found = _stormed("SQLite", url, studio, count)
    with postgres() as url:
        return found + (_stormed("PostgreSQL", url, studio, count) if url else [])


def _stormed(name: str, url: str, studio: Company, count: int) -> list[Figure]:
    db = Database(url)
    try:
        upgrade(db)
        storm(url, studio, [], workers=WORKERS, kill=True)  # what starts the others has started and knows our modules
        calm, _ = _took(url, studio, _signed(db, count), share=0)
        took, killed = _took(url, studio, _signed(db, count), share=SHARE)
        with db.reading() as session:
            wrong, seqs = problems(session), [seq or 0 for seq in session.exec(select(Invoice.seq))]
            paid_for = [(invoice.deal_id, invoice.round, invoice.part) for invoice in session.exec(select(Invoice))]
    finally:
        db.close()
    gaps, doubles = len(missing(seqs, 2 * count)), len(doubled(seqs)) + len(doubled(paid_for))
    if wrong or gaps or doubles:
        raise StudioError("\n".join([f"{name}: {gaps} gaps and {doubles} doubles in {2 * count} invoices.", *wrong]))
    how = f"{count} invoices, {WORKERS} workers, their start included; each deal given to two of them"
    anew = f"{how}; for a killed one a new process goes over its deals again"
    return [
        Figure("issuing", f"invoices issued a second, {name}", count / calm, "a second", how),
        Figure("issuing", f"invoices issued a second while workers are killed, {name}", count / took, "a second", anew),
        Figure("issuing", f"workers killed before their commit, {name}", killed, "kills", f"each issue with a chance of {SHARE:.0%}"),
        Figure("issuing", f"gaps in the numbers, {name}", gaps, "gaps", f"1 to {2 * count}", at_most=0),
        Figure("issuing", f"numbers or payments of a plan issued twice, {name}", doubles, "doubles", f"of {2 * count}", at_most=0),
    ]


def _took(url: str, studio: Company, deals: list[int], *, share: float) -> tuple[float, int]:
    """Seconds until each of these deals has its invoice, and how many workers were killed meanwhile."""
    began = time.monotonic()
    killed = storm(url, studio, deals, workers=WORKERS, share=share, kill=True)
    return time.monotonic() - began, killed


def missing(numbers: Iterable[int], last: int) -> list[int]:
    """The numbers from 1 to `last` that are not there."""
    return sorted(set(range(1, last + 1)) - set(numbers))


def doubled(values: Iterable[T]) -> list[T]:
    """The values that are there more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


def _signed(db: Database, count: int) -> list[int]:
    """So many deals whose contract is signed."""
    from tests.factories import a_client, a_deal
    from tests.models.invoicing import a_signed_contract

    with db.writing() as session:
        client = a_client(session)
        deals = [a_deal(session, client=client) for _ in range(count)]
        for deal in deals:
            a_signed_contract(session, deal)
        return [deal.id or 0 for deal in deals]
