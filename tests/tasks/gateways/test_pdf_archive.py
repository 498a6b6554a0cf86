"""Invoices on paper: PDF/A-3b with their data inside, told of in one RDF, the same bytes twice, nothing read that was not given."""

import io
import logging
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import facturx
import pytest
from lxml import etree
from PIL import Image

from models.errors import Refused
from tasks.gateways.pdf import Attachment, WeasyPrinter, missing_libraries
from tests.tasks.gateways.archive import RDF, faults, glyphs, objects, reader

pytestmark = pytest.mark.skipif(missing_libraries() is not None, reason=f"PDF needs: {missing_libraries()}")

WHEN = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
LEVEL = "EN 16931"
XML = (
    b'<?xml version="1.0" encoding="UTF-8"?><rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100" '
    b'xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"><rsm:ExchangedDocumentContext>'
    b"<ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>urn:cen.eu:en16931:2017</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>"
    b"</rsm:ExchangedDocumentContext></rsm:CrossIndustryInvoice>"
)
FILE = Attachment("factur-x.xml", XML, "text/xml", "Alternative", "The invoice as data")
SIGNS = "€£$¥ ½ × − – — … “ ” ‘ ’ „ « » № § ° · • → ✓ ÄÖÜäöüß ÆØÅæøå ÇçĞğİıŞş ŁłŃńŚśŹźŻż ČčĎďĚěŇňŘřŠšŤťŮůŽž ŐőŰű ĀāĒēĪī ĲĳŸÿ Ñ¿¡ ΑΩαω АЯаяЁёІЇЄҐ"
PAGE = """<html lang=en><head><title>Invoice</title><style>@page { size: A4; @bottom-right { content: counter(page) " of " counter(pages) } }
table { border-collapse: collapse } td { border-bottom: .5pt solid #ccc; opacity: .9 } .box { display: flex; box-shadow: 0 0 3px #888 }</style></head>
<body><h1>Invoice INV-2026-0001</h1><div class=box><p>From</p><p>To</p></div><table><tr><th>Item<th>Net</tr><tr><td>Design<td>€ 1,000.00</table>
<p>%s <a href="https://studio.example/i/x">Pay</a> <a href="#there">there</a><p id=there></body></html>"""


@pytest.fixture(scope="module")
def printer():
    printer = WeasyPrinter(processes=1, seconds=30)
    yield printer
    printer.close()


def picture(mode, kind="PNG", **options):
    stream = io.BytesIO()
    Image.new(mode, (9, 9), **options).save(stream, kind)
    return f"<img src='data:image/{kind.lower()};base64,{b64encode(stream.getvalue()).decode()}'>"


def metadata(content):
    return reader(content).trailer["/Root"]["/Metadata"].get_object().get_data()


def invoice(printer, html=PAGE % SIGNS, **values):
    return printer.print(html, **{"when": WHEN, "title": "Invoice INV-2026-0001", "attachments": [FILE], "facturx": LEVEL} | values)


def test_an_invoice_with_its_data_inside_is_an_archive(printer, caplog):
    content = invoice(printer)

    assert faults(content) == []
    assert caplog.messages == []


def test_others_find_the_e_invoice_in_it(printer):
    name, found = facturx.get_facturx_xml_from_pdf(invoice(printer), check_xsd=False)

    assert (name, found) == ("factur-x.xml", XML)
    tree = etree.fromstring(found)
    assert (facturx.get_flavor(tree), facturx.get_level(tree)) == ("factur-x", "en16931")


def test_one_rdf_tells_of_archive_and_e_invoice(printer):
    text = metadata(invoice(printer))
    rdf = ET.fromstring(text[text.index(b"<rdf:RDF") : text.index(b"</rdf:RDF>") + 10])
    fx = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}"

    assert text.count(b"rdf:RDF") == 2  # begun once, ended once
    assert {one.tag.removeprefix(fx): one.text for one in rdf.iter() if one.tag.startswith(fx)} == {
        "DocumentType": "INVOICE", "DocumentFileName": "factur-x.xml", "Version": "1.0", "ConformanceLevel": LEVEL,
    }  # fmt: skip
    described = [one.text for one in rdf.iter("{http://www.aiim.org/pdfa/ns/property#}name")]
    assert sorted(described) == ["ConformanceLevel", "DocumentFileName", "DocumentType", "Version"]
    assert rdf.find(f".//{RDF}li/{{http://www.aiim.org/pdfa/ns/schema#}}namespaceURI").text == fx.strip("{}")


def test_a_document_without_an_e_invoice_claims_none(printer):
    content = invoice(printer, attachments=[Attachment("data.json", b"{}", "application/json", "Data")], facturx="")

    assert faults(content) == []
    assert b"factur-x" not in metadata(content)


def test_the_file_is_described_as_the_norm_wants_it(printer):
    (found,) = [one for one in objects(reader(invoice(printer))) if one.get("/Type") == "/Filespec"]
    stream = found["/EF"]["/F"]

    assert (found["/UF"], found["/AFRelationship"], found["/Desc"]) == ("factur-x.xml", "/Alternative", "The invoice as data")
    assert (stream["/Subtype"], stream["/Params"]["/ModDate"]) == ("/text/xml", "D:20260301120007Z")
    assert b"/text#2fxml" in b"".join(re.findall(rb"/Subtype /[\w#]+", invoice(printer)))


def test_several_files_keep_their_own_relationships_though_their_bytes_are_alike(printer):
    files = [
        Attachment("z.csv", b"same", "text/csv", "Source"), Attachment("a.json", b"same", "application/json", "Data"),
        Attachment("m.svg", b"<svg/>", "image/svg+xml", "Supplement"),
    ]  # fmt: skip
    content = invoice(printer, attachments=files, facturx="")
    found = {one["/UF"]: (one["/AFRelationship"], one["/EF"]["/F"]["/Subtype"]) for one in objects(reader(content)) if one.get("/Type") == "/Filespec"}

    assert faults(content) == []
    assert found == {"z.csv": ("/Source", "/text/csv"), "a.json": ("/Data", "/application/json"), "m.svg": ("/Supplement", "/image/svg+xml")}
    assert {name: data[0] for name, data in reader(content).attachments.items()} == {file.name: file.content for file in files}


def test_the_same_input_gives_the_same_bytes_in_whichever_process(printer):
    other = WeasyPrinter()
    try:
        assert invoice(printer) == invoice(other) == invoice(printer)
    finally:
        other.close()
    assert invoice(printer) != invoice(printer, when=WHEN + timedelta(seconds=1))
    assert invoice(printer) != invoice(printer, attachments=[Attachment("factur-x.xml", XML + b" ", "text/xml", "Alternative")])


def test_an_archive_leaves_no_trace_in_the_next_document(printer):
    plain = printer.print(PAGE % SIGNS, when=WHEN, title="x")
    invoice(printer)

    assert printer.print(PAGE % SIGNS, when=WHEN, title="x") == plain
    assert not reader(plain).attachments


def test_every_sign_of_an_invoice_has_a_glyph(printer, caplog):
    assert set(SIGNS) - {" "} <= glyphs(invoice(printer))
    assert "no glyph" not in caplog.text


def test_a_sign_without_a_glyph_is_printed_and_told(printer, caplog):
    assert invoice(printer, PAGE % "\U0001f95d \ue123")[:5] == b"%PDF-"
    assert "There is no glyph for" in caplog.text
    assert "\ue123" in caplog.text


@pytest.mark.parametrize("style", ["", "image-rendering: auto", "image-rendering: smooth !important"])
def test_images_are_not_smoothed_whatever_the_document_says(printer, style):
    html = PAGE % f"<div style='{style}'>{picture('RGB')}{picture('RGBA')}{picture('L')}{picture('P')}</div>"
    html += f"<style>img {{ {style} }}</style><p style='background: url(data:image/png;base64,)'>"

    content = invoice(printer, html)

    assert faults(content) == []
    assert len([one for one in objects(reader(content)) if one.get("/Subtype") == "/Image"]) >= 4


def test_an_image_for_the_press_is_told(printer, caplog):
    invoice(printer, PAGE % picture("CMYK", "JPEG"))

    assert "CMYK" in caplog.text


def test_an_archive_reads_no_more_than_any_other_document(printer, tmp_path):
    (tmp_path / "secret.txt").write_text("attack at dawn")
    html = PAGE % f"<img src='{(tmp_path / 'secret.txt').as_uri()}'><a rel=attachment href='{(tmp_path / 'secret.txt').as_uri()}'>x</a>"

    content = invoice(printer, html, assets=[])

    assert list(reader(content).attachments) == ["factur-x.xml"]
    assert b"dawn" not in content


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a\\b", ".hidden", "x" * 101, "a\nb", "a\x00", "-x"])
def test_a_file_has_a_plain_name(name):
    with pytest.raises(ValueError, match="name and type"):
        Attachment(name, b"", "text/xml", "Data")


@pytest.mark.parametrize("kind", ["", "text", "text/", "Text/XML", "text/x y", "text/xml /JavaScript"])
def test_a_file_has_a_plain_type(kind):
    with pytest.raises(ValueError, match="name and type"):
        Attachment("x.xml", b"", kind, "Data")


def test_an_e_invoice_that_is_not_there_cannot_be_told_of(printer):
    with pytest.raises(ValueError, match="attachments"):
        printer.print("<p>x", when=WHEN, facturx=LEVEL)


def test_files_of_endless_length_are_refused_at_once(printer):
    with pytest.raises(Refused, match="too large"):
        invoice(printer, attachments=[Attachment("x.bin", bytes(97 << 20), "application/octet-stream", "Data")], facturx="")


def test_a_large_file_goes_through_whole(printer):
    large = bytes(range(256)) * 40_000
    content = invoice(printer, attachments=[Attachment("x.bin", large, "application/octet-stream", "Data")], facturx="")

    assert reader(content).attachments["x.bin"] == [large]


def test_words_of_the_document_cannot_break_the_metadata(printer):
    content = invoice(printer, title="</rdf:RDF>]]> <x> & “quotes”")

    assert faults(content) == []
    assert metadata(content).count(b"<rdf:RDF") == 1


def test_nothing_is_logged_of_a_good_document(printer, caplog):
    with caplog.at_level(logging.DEBUG):
        invoice(printer)

    assert caplog.messages == []
