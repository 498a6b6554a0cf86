"""A bank statement of ten thousand lines, sent as a machine sends it; and sent again, which must change nothing."""

import json
import time
from http.client import HTTPConnection
from typing import Any

from sqlmodel import col, func, select

from benchmarks.books import issued
from benchmarks.figures import Figure
from benchmarks.house import House, at_home
from benchmarks.processes import family, resident
from deployments.demo import machine
from models.cash_tables import Entry, Payment, Posting
from models.errors import StudioError
from tests.models.bank_files import BankLine, camt

LINES, OURS = 10_000, 1000


def statement(beside: House, *, quick: bool) -> list[Figure]:  # noqa: ARG001 (its size is what it is about)
    """On a system of its own, whose pages have worked on nothing else. Raises StudioError when a line is lost or booked twice."""
    with at_home(profile=beside.profile) as house, machine(house.settings, "statements:write") as key:
        with house.db.writing() as session:
            numbers = [invoice.number or "" for invoice in issued(session, OURS)]
        content = camt(lines(numbers))
        pages = next(one.pid for one in family(house.pid) if one.name == "pages")
        before = resident(pages)
        first, told = _sent(house, key, content, 201)
        most, known = resident(pages, at_most=True), _known(house)
        again, told_again = _sent(house, key, content, 200)
        if _known(house) != known or told_again != told:
            raise StudioError("The same statement, sent again, changed the books.")
    _check(told)
    size = f"camt.053 of {len(content) / 2**20:.1f} MiB, {OURS:,} of its lines name an open invoice"
    return [
        Figure("statement", f"a statement of {LINES:,} lines → booked and answered", first, "s", size),
        Figure("statement", "the same file again → answered", again, "s", "changes nothing: as many payments, entries and postings"),
        Figure("statement", "memory of the pages meanwhile, at most", most, "MiB", f"resident; {before:.0f} MiB before"),
    ]


def lines(numbers: list[str]) -> list[BankLine]:
    """The lines of a statement: each tenth names an invoice and pays it, each other tenth is money that goes out, the rest names nothing."""
    found = []
    for at in range(LINES):
        ref, name = f"BANK-{at}", f"Client {at} Limited"
        if at % 10 == 0:
            found.append(BankLine("1230.00", f"Invoice {numbers[at // 10 % len(numbers)]}, thank you", ref=ref, name=name))
        elif at % 10 == 5:
            found.append(BankLine(f"-{1 + at % 900}.00", f"Supplier's bill {at}", ref=ref, name=name))
        else:
            found.append(BankLine(f"{1 + at % 900}.50", f"With thanks, order {at}", ref=ref, name=name))
    return found


def _check(told: dict[str, Any]) -> None:
    counted = [told[name] for name in ("lines", "fresh", "matched", "suspense", "other")]
    wanted = [LINES, LINES, OURS, LINES - 2 * OURS, OURS]
    if counted != wanted:
        raise StudioError(f"Lines, fresh, matched, in suspense and other are {counted}, not {wanted}.")


def _sent(house: House, key: dict[str, str], content: bytes, wanted: int) -> tuple[float, dict[str, Any]]:
    """Seconds from the first byte out to the last byte in, and what was answered."""
    line = HTTPConnection(house.settings.host, house.settings.api_port, timeout=300)
    began = time.perf_counter()
    line.request("POST", "/api/statements", content, key | {"Content-Type": "application/xml"})
    answer = line.getresponse()
    said = answer.read()
    took = time.perf_counter() - began
    line.close()
    if answer.status != wanted:
        raise StudioError(f"POST /api/statements was answered {answer.status}: {said[:300]!r}")
    return took, json.loads(said)


def _known(house: House) -> list[int]:
    with house.db.reading() as session:
        return [session.exec(select(func.count(col(table.id)))).one() for table in (Payment, Entry, Posting)]
