"""The invoice on paper: one page where that is possible, everything the law asks for, an address in the window, the same bytes twice."""

import importlib
import io
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pytest
from pypdf import PdfReader

from models.cash_pages import InvoiceDocument
from models.invoice import InvoiceBody
from templates import STATIC, render
from tests.parts import requires
from tests.templates.invoice_samples import (
    HALLAM,
    REVERSE,
    WORDS,
    credit_note,
    hostile_invoice,
    in_words,
    invoice_body,
    invoice_document,
    line,
    long_invoice,
    proforma,
    reverse_charge,
)
from tests.templates.reading import Reading
from tests.templates.samples import euros

MM = 96 / 25.4
BODIES = {
    "invoice": invoice_body(),
    "credit note": credit_note(),
    "pro-forma": proforma(),
    "reverse charge": reverse_charge(),
    "in words": in_words(),
}


@pytest.fixture(scope="module", autouse=True)
def printer() -> None:
    requires("printer")


def paper(record: InvoiceDocument) -> str:
    return render("documents/invoice/print.html", record.context(), locale=record.body.locale)


def laid_out(record: InvoiceDocument) -> Any:
    shelf = importlib.import_module("tasks.gateways.pdf_press").Shelf([])
    document = importlib.import_module("weasyprint").HTML(string=paper(record), url_fetcher=shelf).render()
    assert shelf.denied == []
    return document


def pages(body: InvoiceBody, **over: Any) -> list[str]:
    pdf = PdfReader(io.BytesIO(laid_out(invoice_document(body, **over)).write_pdf()))
    return [" ".join(page.extract_text().replace("\0", "").replace("\xa0", " ").split()) for page in pdf.pages]


def texts(record: InvoiceDocument) -> Iterator[tuple[Any, Any]]:
    """Every piece of text with the sheet it stands on, without what stands in the margins."""
    for page in laid_out(record).pages:
        sheet = page._page_box
        flow = next(child for child in sheet.children if child.element_tag == "html")
        yield from ((sheet, box) for box in flow.descendants() if getattr(box, "text", "").strip())


@lru_cache(maxsize=1)
def glyphs() -> frozenset[str]:
    """Every character that the sans of our own fonts can write."""
    font: Any = importlib.import_module("fontTools.ttLib").TTFont
    return frozenset(chr(code) for file in (STATIC / "fonts").glob("sans-400-*.woff2") for code in font(file).getBestCmap())


@pytest.mark.parametrize("kind", BODIES)
def test_the_usual_case_fits_one_page(kind: str) -> None:
    assert len(pages(BODIES[kind])) == 1


def test_an_invoice_says_who_what_when_and_how_much() -> None:
    (text,) = pages(invoice_body())
    for said in (
        "Invoice NL-2026-0007", "payment 1 of 3", "Date 12 March 2026", "Due 19 March 2026", "Contract C-2026-042, 11 March 2026",
        "Northlight Digital Ltd", "Registered in Ireland, No. 362873", "VAT number IE3628739UH", "Hallam Oak Ltd Margaret Hallam Unit 4, The Old Sawmill",
        "Your VAT number IE9740512KA", "Net €9,372.00", "VAT 23 % on €9,372.00 €2,155.56", "To pay €11,527.56", "Please pay by 19 March 2026",
        "IBAN IE64 IRCE 9205 0112 3456 78", "BIC IRCEIE2D", "Reference RF18 NL20 2600 07", "Scan with your banking app", "Thank you for your order.",
    ):  # fmt: skip
        assert said in text, said


def test_a_credit_note_names_what_it_corrects_and_asks_for_nothing() -> None:
    (text,) = pages(credit_note())
    assert "Credit note NLC-2026-0001" in text
    assert "Corrects invoice NL-2026-0007 of 12 March 2026. The order was cancelled before the work began." in text
    assert "Nothing to pay" in text
    assert "Credited €11,527.56" in text
    assert not re.search(r"Please pay|To pay|Reference|Scan|pay online|Due", text)


def test_a_proforma_says_that_it_is_no_tax_invoice_and_has_no_number() -> None:
    (text,) = pages(proforma())
    assert "Pro-forma invoice" in text
    assert "This is not a tax invoice." in text
    assert "Purpose Contract C-2026-042" in text
    assert not re.search(r"Number|Reference|Scan|pay online|NL-2026", text)


def test_reverse_charge_is_said_in_the_words_of_the_law() -> None:
    (text,) = pages(reverse_charge())
    assert REVERSE in text
    assert "VAT 0 % on €9,372.00, reverse charge €0.00" in text
    assert "Your order 4500017734" in text
    assert "Your VAT number DE276543218" in text
    assert "Möbelwerkstatt Bauer & Söhne GmbH & Co. KG Jürgen Größl" in text


def test_an_amount_in_words_stands_below_the_sum() -> None:
    (text,) = pages(in_words())
    assert f"€11,246.00 In words: {WORDS}" in text
    assert "Źródło Dębowe Spółka z o.o." in text


def test_an_invoice_writes_money_and_dates_as_its_reader_does() -> None:
    (text,) = pages(invoice_body(locale="de_DE"))
    assert "11.527,56 €" in text
    assert "19. März 2026" in text


def test_a_long_invoice_repeats_its_head_and_carries_number_and_page() -> None:
    found = pages(long_invoice())
    assert len(found) == 3
    assert all("What Quantity Price VAT Net" in text for text in found)
    assert "2 / 3" not in found[0]
    for at, text in enumerate(found[1:], start=2):
        assert "Northlight · Invoice NL-2026-0031, 12 March 2026" in text
        assert f"{at} / 3" in text
    assert all("IBAN IE64 IRCE 9205 0112 3456 78 BIC IRCEIE2D" in text for text in found)
    assert "VAT 13.5 % on €180.00 €24.30" in found[-1]


@pytest.mark.parametrize("count", range(4, 12))
def test_the_sum_never_stands_on_a_page_without_lines(count: int) -> None:
    last = next(text for text in pages(long_invoice(count)) if "To pay" in text)
    assert last.count(" h €") >= 1
    assert "Style guide" in last


@pytest.mark.parametrize("kind", [*BODIES, "long", "hostile"])
def test_nothing_sticks_out_of_the_page(kind: str) -> None:
    body = {**BODIES, "long": long_invoice(), "hostile": hostile_invoice()}[kind]
    for sheet, box in texts(invoice_document(body)):
        assert box.position_x >= 25 * MM - 1, box.text
        assert box.position_x + box.width <= sheet.width + sheet.margin_left + 1, box.text
        assert box.position_y + box.height <= sheet.margin_top + sheet.height + 1, box.text


def test_the_address_stands_in_the_window_of_an_envelope() -> None:
    address = [HALLAM.name, HALLAM.contact, *HALLAM.address]
    boxes = [box for _, box in texts(invoice_document())]
    first = [box.text for box in boxes].index(HALLAM.name)
    found = boxes[first : first + len(address)]
    assert [box.text for box in found] == address
    assert all(box.position_x >= 20 * MM and box.position_x + box.width <= 110 * MM for box in found)
    assert all(box.position_y >= 45 * MM and box.position_y + box.height <= 90 * MM for box in found)


@pytest.mark.parametrize("locale", ["en_IE", "de_DE", "pl_PL", "fr_FR", "cs_CZ", "el_GR", "uk_UA"])
def test_every_letter_on_it_is_in_our_fonts(locale: str) -> None:
    for body in BODIES.values():
        record = invoice_document(body.model_copy(update={"locale": locale}))
        assert set("".join(Reading(paper(record)).text)) - {"\n"} <= glyphs()


def test_the_same_invoice_gives_the_same_bytes() -> None:
    once, again = (laid_out(invoice_document()).write_pdf() for _ in range(2))
    assert once == again


def test_the_document_knows_its_language_title_and_author() -> None:
    pdf = PdfReader(io.BytesIO(laid_out(invoice_document()).write_pdf()))
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Invoice NL-2026-0007 · Corporate site: deposit"
    assert pdf.metadata.author == "Northlight Digital Ltd"
    assert pdf.root_object["/Lang"] == "en-GB"


def test_the_paper_fetches_nothing_and_has_nothing_that_an_archive_forbids() -> None:
    html = paper(invoice_document(qr=""))
    assert set(re.findall(r"https?://[^\s\"<]+", html)) == {invoice_document().link}
    assert not re.search(r"url\(|opacity|rgba|transparent|gradient|filter:|mix-blend", html)
    assert "crisp-edges" in html


def test_hostile_words_are_printed_as_words() -> None:
    record = invoice_document(hostile_invoice())
    page = Reading(paper(record))
    assert page.unclosed == []
    assert list(page.all("script", "img", "link", "iframe")) == []
    assert "<script>alert(1)</script>{{7*7}}" in "".join(pages(hostile_invoice())).replace(" ", "")


def test_an_invoice_of_one_payment_and_without_extras_says_nothing_of_them() -> None:
    bare = invoice_body(
        part=0,
        parts=1,
        due_on=None,
        contract="",
        notes=[],
        buyer=HALLAM.model_copy(update={"contact": "", "vat_id": ""}),
        lines=[line("Support", euros(9372))],
    )
    (text,) = pages(bare, qr="", link="")
    assert not re.search(r"payment 0|None|Contract|Your VAT|Due|Scan|online", text)
    assert "How to pay" in text
