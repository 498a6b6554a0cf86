"""Books of a size: ten thousand invoices, all but some paid by card, and the daily proof over them."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session

from benchmarks.databases import a_database
from benchmarks.figures import Figure, median
from benchmarks.house import House
from models import company, ledger, proof, receiving
from models.cash_tables import Invoice
from models.db import Database
from models.errors import StudioError
from models.ledger import Draft, Line
from models.money import Money
from models.receiving import Incoming
from models.references import reference_of
from models.tables import Client, Deal
from models.tracks import Sales
from tasks.gateways.payments import Movement

INVOICES, ASKED = 10_000, 1000
NET, VAT = Money(amount=1000_00, currency="EUR"), Money(amount=230_00, currency="EUR")
DAY = date(2025, 6, 2)
AT = datetime(2025, 6, 2, 10, 0, tzinfo=UTC)
PARTS = 4


def books(house: House, *, quick: bool) -> list[Figure]:
    """On a database of its own. Raises StudioError when the books do not agree."""
    with a_database(house.profile) as db:
        with db.writing() as session:
            invoices = issued(session, INVOICES)
        with db.writing() as session:
            moved = _paid(session, house, invoices[: 9 * INVOICES // 10])
        return _figures(db, invoices, moved, times=1 if quick else 5)


def issued(session: Session, count: int) -> list[Invoice]:
    """So many open invoices of 1,230 euros, four to a deal, booked as issuing books them."""
    numbers = range(-(-count // PARTS))
    clients = [Client(name="Ada Byron", email=f"ada.{at}@acme.example", company="Acme", locale="en_IE", opened_at=AT) for at in numbers]
    session.add_all(clients)
    session.flush()
    deals = [
        Deal(client_id=client.id or 0, service="corporate-site", sales=Sales.SIGNED.value, currency="EUR", locale="en_IE", opened_at=AT)
        for client in clients
    ]
    session.add_all(deals)
    session.flush()
    invoices = [_invoice(deals[at // PARTS], at % PARTS + 1, f"NL-2025-{at + 1:04}") for at in range(count)]
    session.add_all(invoices)
    session.flush()
    drafts = [
        Draft(f"invoice/{one.id}", "invoice", [
            Line("receivable", NET + VAT, client_id=one.client_id, invoice_id=one.id),
            Line("revenue", NET.times(-1), invoice_id=one.id), Line("vat", VAT.times(-1), invoice_id=one.id),
        ], DAY, deal_id=one.deal_id)
        for one in invoices
    ]  # fmt: skip
    ledger.book_all(session, drafts, now=AT)
    return invoices


def _invoice(deal: Deal, part: int, number: str) -> Invoice:
    return Invoice(
        key=f"deal/{deal.id}/r1/invoice/{part}", kind="invoice", deal_id=deal.id or 0, client_id=deal.client_id, part=part, number=number,
        reference=reference_of(number), currency="EUR", net=NET.amount, vat=VAT.amount, gross=(NET + VAT).amount, issued_at=AT, issued_on=DAY,
        due_on=DAY + timedelta(days=7), body={}, body_hash="",
    )  # fmt: skip


def _paid(session: Session, house: House, invoices: Sequence[Invoice]) -> list[Movement]:
    """Pay these by card; return the provider's own list of it."""
    news = [
        Incoming("sandbox", f"ch_{one.id}", "in", NET + VAT, happened_on=DAY, method="card", reference=one.number or "")
        for one in invoices
    ]  # fmt: skip
    receiving.receive_all(session, company.load(house.settings.company), news, now=AT)
    return [Movement(id=one.external_id, kind="charge", amount=one.amount, reference=one.reference, at=AT) for one in news]


def _figures(db: Database, invoices: Sequence[Invoice], moved: Sequence[Movement], *, times: int) -> list[Figure]:
    with db.reading() as session:
        own = [timed(lambda: _agree(ledger.check(session))) for _ in range(times)]
        provider = [timed(lambda: _agree(proof.provider(session, "sandbox", moved))) for _ in range(times)]
        asked = [1000 * timed(lambda one=one: ledger.open_of(session, one)) for one in invoices[:: len(invoices) // ASKED]]
    of = f"median of {times}, {len(invoices):,} invoices, {len(moved):,} of them paid"
    return [
        Figure("ledger", "the daily proof, our books in themselves", median(own), "s", of),
        Figure("ledger", "the daily proof, books against the provider", median(provider), "s", f"median of {times}, {len(moved):,} movements"),
        Figure("ledger", "what is open of one invoice", median(asked), "ms", f"median of {len(asked):,}"),
    ]


def _agree(said: Sequence[str]) -> None:
    if said:
        raise StudioError(f"The books do not agree: {said[0]} ({len(said)} sentences)")


def timed(act: Callable[[], object]) -> float:
    """Seconds that it takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
