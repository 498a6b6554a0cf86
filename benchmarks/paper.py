"""Seconds a PDF: a real proposal of the measured system, rendered and printed as its worker does."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlmodel import select

from benchmarks.client import watching
from benchmarks.figures import Figure, median
from benchmarks.house import House
from benchmarks.sale import play
from models.errors import StudioError
from models.tables import Document


def pdf(house: House, *, quick: bool) -> list[Figure]:
    """The same proposal on a new child each time, then on one child again and again."""
    with watching(house) as watch:
        deal, _, _ = play(house, watch)
    house.settle()
    with house.db.reading() as session:
        document = session.exec(select(Document).where(Document.deal_id == deal, Document.kind == "proposal")).one()
    if not document.pdf_path:
        raise StudioError("This machine cannot print PDFs: ./studio up names the libraries it lacks.")
    os.environ.update({name: value for name, value in house.env.items() if name.startswith(("PREFECT_", "STUDIO_"))})
    cold, warm = _seconds(house, document, colds=1 if quick else 3, warms=3 if quick else 10)
    size = f"{(house.home / document.pdf_path).stat().st_size / 1024:.0f} kB"
    return [
        Figure("pdf", "a proposal's PDF, new process", median(cold), "s", f"median of {len(cold)}, {size}"),
        Figure("pdf", "a proposal's PDF, warm process", median(warm), "s", f"median of {len(warm)}, {size}"),
    ]


def _seconds(house: House, document: Document, *, colds: int, warms: int) -> tuple[list[float], list[float]]:
    from tasks import printing  # imports Prefect, which reads its settings then
    from tasks.gateways.pdf import WeasyPrinter
    from tasks.world import build, use

    here = build(house.settings)
    cold, warm = [], []
    try:
        for last in range(colds):
            printer = WeasyPrinter()
            use(replace(here, pdf=printer))
            cold.append(_timed(printing.print_document, document))
            if last == colds - 1:
                warm = [_timed(printing.print_document, document) for _ in range(warms)]
            printer.close()
    finally:
        here.db.close()
    return cold, warm


def _timed(act: Callable[[Any], object], what: object) -> float:
    began = time.perf_counter()
    act(what)
    return time.perf_counter() - began
