"""The other way to an invoice's PDF, for comparison: WeasyPrint in the caller's process, and the XML put in by the package factur-x."""

import time

from facturx import generate_from_binary
from weasyprint import HTML

import templates
from benchmarks.house import House
from models import cii, invoices
from models.cash_tables import Invoice
from tasks import letters
from tasks.world import World, build


def by_facturx(house: House, invoice: Invoice, times: int) -> tuple[list[float], int]:
    """Seconds of each of so many PDFs of an invoice, after a first that is not counted; and the bytes of one."""
    here = build(house.settings)
    try:
        size, took = len(_printed(here, invoice)), []
        for _ in range(times):
            began = time.perf_counter()
            _printed(here, invoice)
            took.append(time.perf_counter() - began)
    finally:
        here.db.close()
    return took, size


def _printed(here: World, invoice: Invoice) -> bytes:
    """From the invoice's row to the whole file, by the same template and with the same XML as ours."""
    with here.db.writing() as session:
        link = letters.address_of(here, session, invoice.deal_id, f"invoice:{invoice.id}")
        view = invoices.shown(session, here.company, invoice, link=link)
    html = templates.render("documents/invoice/print.html", view.context(), company=here.settings.company, locale=view.body.locale)
    plain = HTML(string=html, base_url=str(templates.HERE)).write_pdf(pdf_variant="pdf/a-3b")
    return generate_from_binary(plain, cii.xml(view.body), flavor="factur-x", level="en16931")
