"""Seconds a PDF: a real proposal and a real invoice of the measured system, printed as its worker does; the invoice beside factur-x."""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sqlmodel import select

from benchmarks.cash import sign
from benchmarks.client import Somebody
from benchmarks.figures import Figure, median
from benchmarks.house import House
from benchmarks.sale import play
from benchmarks.watch import watching
from models import cii
from models.cash_tables import Invoice
from models.errors import StudioError
from models.invoice import InvoiceBody
from models.tables import Document

INVOICE_S = 0.3
NO_PRINTER = "This machine cannot print PDFs: ./studio up names the libraries it lacks."


def pdf(house: House, *, quick: bool) -> list[Figure]:
    """The same proposal on a new child each time, then on one child again and again."""
    with watching(house) as watch:
        deal, _, _ = play(house, watch)
    house.settle()
    with house.db.reading() as session:
        document = session.exec(select(Document).where(Document.deal_id == deal, Document.kind == "proposal")).one()
    if not document.pdf_path:
        raise StudioError(NO_PRINTER)
    house.adopt()
    from tasks import printing

    cold, warm = _seconds(house, partial(printing.print_document, document), colds=1 if quick else 3, warms=3 if quick else 10)
    size = _size(house, document.pdf_path)
    return [
        Figure("pdf", "a proposal's PDF, new process", median(cold), "s", f"median of {len(cold)}, {size}"),
        Figure("pdf", "a proposal's PDF, warm process", median(warm), "s", f"median of {len(warm)}, {size}"),
    ]


def invoice(house: House, *, quick: bool) -> list[Figure]:
    """The same invoice as PDF/A-3b with its XML inside: ours as above, then WeasyPrint's plain PDF/A-3b with the XML put in by factur-x."""
    with watching(house) as watch:
        ada = Somebody(house)
        deal, _ = sign(ada, watch)
        ada.leaves()
    house.settle()
    with house.db.reading() as session:
        issued = session.exec(select(Invoice).where(Invoice.deal_id == deal)).one()
    if not issued.pdf_path:
        raise StudioError(NO_PRINTER)
    house.adopt()
    from benchmarks.facturx_paper import by_facturx
    from tasks import printing

    size = _size(house, issued.pdf_path)
    issued.pdf_path = issued.pdf_hash = ""  # one that is printed already would only be found
    colds, warms = (1, 3) if quick else (3, 10)
    cold, warm = _seconds(house, partial(printing.print_invoice, issued), colds=colds, warms=warms)
    other, other_size = by_facturx(house, issued, warms)
    body = InvoiceBody.model_validate(issued.body)
    data = [1000 * _timed(partial(cii.xml, body)) for _ in range(10 * warms)]
    plain = f"median of {len(other)}, PDF/A-3b, WeasyPrint in the caller's process, factur-x as it comes, {other_size / 1024:.0f} kB"
    return [
        Figure("invoice", "an invoice's PDF, e-invoice inside, new process", median(cold), "s", f"median of {len(cold)}, PDF/A-3b, {size}"),
        Figure("invoice", "an invoice's PDF, e-invoice inside, warm process", median(warm), "s", f"median of {len(warm)}, {size}", at_most=INVOICE_S),
        Figure("invoice", "the e-invoice alone", median(data), "ms", f"median of {len(data)}, CII"),
        Figure("invoice", "the same with plain WeasyPrint and factur-x, warm", median(other), "s", plain),
        Figure("invoice", "ours against factur-x, warm", median(other) / median(warm), "×", "ratio of medians: how many of ours in the time of one"),
    ]


def _seconds(house: House, act: Callable[[], object], *, colds: int, warms: int) -> tuple[list[float], list[float]]:
    from tasks.gateways.pdf import WeasyPrinter
    from tasks.world import build, use

    here = build(house.settings)
    cold, warm = [], []
    try:
        for last in range(colds):
            printer = WeasyPrinter()
            use(replace(here, pdf=printer))
            cold.append(_timed(act))
            if last == colds - 1:
                warm = [_timed(act) for _ in range(warms)]
            printer.close()
    finally:
        here.db.close()
    return cold, warm


def _size(house: House, path: str) -> str:
    return f"{(house.home / path).stat().st_size / 1024:.0f} kB"


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
