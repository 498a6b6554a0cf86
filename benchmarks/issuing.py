"""Many issue invoices at once, and some of them die doing it: the numbers must come out without a gap and none twice.

`storm` is the workload, for threads that give up or processes that are gone at once; `problems` looks afterwards. The suite runs it short.
"""

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext
from random import Random

from sqlmodel import Session, col, select

from models import invoices, issued, ledger
from models.cash_tables import Invoice, Series
from models.company import Company
from models.db import Database
from models.errors import Unavailable
from models.tables import Deal

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DIED = 9


class GaveUp(Exception):
    """A worker that stops in the middle of its transaction."""


def storm(url: str, company: Company, deals: Sequence[int], *, workers: int = 8, share: float = 0.2, seed: int = 1, kill: bool = False) -> int:
    """Issue the first invoice of each deal, `workers` at once; return how often one of them broke off before its commit.

    Every deal must have a signed contract. `share` is how often a worker breaks off; with `kill` workers are processes that die there and
    then, else threads that roll back. Deals are given to two workers each, so that they meet.
    """
    tasks = [[deal for place, deal in enumerate(deals) if worker in (place % workers, (place + 1) % workers)] for worker in range(workers)]
    if not kill:
        with ThreadPoolExecutor(workers) as pool:
            return sum(pool.map(lambda one: _give_up(url, company, one[1], share, seed + one[0]), enumerate(tasks)))
    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(lambda one: _die(url, company, one[1], share, seed + one[0]), enumerate(tasks)))


def problems(session: Session) -> list[str]:
    """Gaps, doubles and books that do not agree, in sentences; none is how it should be."""
    found = list(ledger.check(session))
    for series in session.exec(select(Series)):
        mine = select(Invoice.seq).where(Invoice.series == series.name, Invoice.year == series.year).order_by(col(Invoice.seq))
        numbers = list(session.exec(mine))
        if numbers != list(range(1, series.last + 1)):
            found.append(f"Series {series.name} {series.year} stands at {series.last} and holds {numbers}.")
    keys = list(session.exec(select(Invoice.key)))
    return found + [f"{key} was issued more than once." for key in sorted({key for key in keys if keys.count(key) > 1})]


def _give_up(url: str, company: Company, deals: Sequence[int], share: float, seed: int) -> int:
    """One thread's work: each deal until it is done; how often it gave up."""
    random, db, broken = Random(seed), Database(url), 0
    for deal in deals:
        while True:
            try:
                _issue(db, company, deal, random.random() < share)
                break
            except (GaveUp, Unavailable):
                broken += 1
    db.close()
    return broken


def _issue(db: Database, company: Company, deal: int, breaks_off: bool) -> None:
    with db.writing() as session:
        invoices.issue(session, company, session.get_one(Deal, deal), 1, now=NOW)
        if breaks_off:
            raise GaveUp


def _forks() -> ForkServerContext:
    """Processes that begin where our modules are loaded, from a process without threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _die(url: str, company: Company, deals: Sequence[int], share: float, seed: int) -> int:
    """One worker's work in processes that follow one another; how many of them died."""
    died = 0
    while True:
        process = _forks().Process(target=_work_until_death, args=(url, company, deals, share, seed + 1000 * died))
        process.start()
        process.join()
        if process.exitcode == 0:
            return died
        if process.exitcode != DIED:
            raise RuntimeError(f"A worker ended with {process.exitcode}.")
        died += 1


def _work_until_death(url: str, company: Company, deals: Sequence[int], share: float, seed: int) -> None:
    random, db = Random(seed), Database(url)
    for deal in deals:
        with db.writing() as session:
            is_new = issued.of_part(session, session.get_one(Deal, deal), 1) is None
            invoices.issue(session, company, session.get_one(Deal, deal), 1, now=NOW)
            if is_new and random.random() < share:
                os._exit(DIED)
    db.close()
