"""PDFs joined: pages in order, files inside, nothing of a stranger's but what is seen, and nobody's PDF brings the printer down."""

import contextlib
import io
from datetime import UTC, datetime

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, TextStringObject

from models.errors import Refused
from tasks.gateways.pdf import Attachment, WeasyPrinter, missing_libraries
from tasks.gateways.pdf_join import embedded
from tests.sealing import a_pdf

pytestmark = pytest.mark.skipif(missing_libraries() is not None, reason=f"PDF needs: {missing_libraries()}")

WHEN = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
FILES = [Attachment("z.json", b"{}", "application/json", "Data", "Data"), Attachment("a.pdf", a_pdf(), "application/pdf", "Source")]


@pytest.fixture(scope="module")
def printer():
    printer = WeasyPrinter(processes=1, seconds=10, memory_mb=512)
    yield printer
    printer.close()


@pytest.fixture(scope="module")
def pages(printer):
    return [
        printer.print(f"<h1>Part {number}</h1><p id=a>See <a href='#b'>below</a><p id=b>or <a href='https://x.example'>there</a>", when=WHEN)
        for number in (1, 2)
    ]


def reader(content):
    return PdfReader(io.BytesIO(content))


def written(writer):
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def a_restless_pdf():
    """A scan that would do things when it is opened, printed or clicked."""
    writer = PdfWriter(clone_from=io.BytesIO(a_pdf()))
    act = DictionaryObject({NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")})
    note = {"/Type": NameObject("/Annot"), "/Subtype": NameObject("/Link"), "/Rect": ArrayObject([NumberObject(0)] * 4), "/A": act}
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): act})
    writer.pages[0][NameObject("/Annots")] = ArrayObject([DictionaryObject({NameObject(name): value for name, value in note.items()})])
    writer.root_object[NameObject("/OpenAction")] = act
    writer.add_attachment("evidence.json", b"forged")
    writer.add_outline_item(title="Bookmark", page_number=0)
    return written(writer)


def test_pages_follow_one_another_and_files_are_inside(printer, pages):
    content = printer.join(pages, when=WHEN, title="The pack", attachments=FILES)
    found = reader(content)

    assert [page.extract_text().split("\n")[0] for page in found.pages] == ["Part 1", "Part 2"]
    assert (found.metadata.title, found.metadata.creation_date) == ("The pack", WHEN)
    assert embedded(content) == {file.name: file.content for file in FILES}
    named = found.trailer["/Root"]["/Names"]["/EmbeddedFiles"]["/Names"]
    assert named[::2] == ["a.pdf", "z.json"]
    assert [one.get_object()["/AFRelationship"] for one in found.trailer["/Root"]["/AF"]] == ["/Source", "/Data"]
    assert named[1].get_object()["/EF"]["/F"]["/Subtype"] == "/application/pdf"


def test_links_of_our_own_pages_go_on_working(printer, pages):
    kinds = [note.get_object()["/A"]["/S"] if "/A" in note.get_object() else "/GoTo" for page in reader(printer.join(pages, when=WHEN)).pages for note in page["/Annots"]]

    assert kinds.count("/URI") == 2
    assert len(kinds) == 4


def test_the_same_parts_give_the_same_bytes_in_whichever_process(printer, pages):
    other = WeasyPrinter()
    try:
        first = printer.join(pages, foreign=[a_pdf()], when=WHEN, title="t", attachments=FILES)
        assert first == other.join(pages, foreign=[a_pdf()], when=WHEN, title="t", attachments=FILES)
    finally:
        other.close()


def test_of_a_strangers_pdf_only_what_is_seen_comes_along(printer, pages):
    content = printer.join(pages, foreign=[a_restless_pdf()], when=WHEN, attachments=FILES)

    assert len(reader(content).pages) == 3
    assert b"JavaScript" not in content
    assert b"alert" not in content
    assert set(embedded(content)) == {"a.pdf", "z.json"}
    assert "/AA" not in reader(content).pages[2]
    assert "/Annots" not in reader(content).pages[2]
    assert "Bookmark" not in str(reader(content).outline)


def test_a_scan_locked_against_printing_is_read_and_one_locked_with_a_password_is_refused(printer, pages):
    for password, taken in (("", True), ("secret", False)):
        writer = PdfWriter(clone_from=io.BytesIO(a_pdf()))
        writer.encrypt(user_password=password, owner_password="owner", algorithm="AES-256")
        if taken:
            assert len(reader(printer.join(pages, foreign=[written(writer)], when=WHEN)).pages) == 3
            continue
        with pytest.raises(Refused, match="password"):
            printer.join(pages, foreign=[written(writer)], when=WHEN)


NO_PDF = {
    "empty": b"",
    "words": b"not a pdf",
    "header alone": b"%PDF-1.7\n",
    "cut": a_pdf()[:200],
    "no pages": written(PdfWriter()),
    "too many pages": a_pdf(pages=201),
    "noise": b"%PDF-1.7\n" + bytes(range(256)) * 400,
    "a loop of pages": a_pdf().replace(b"/Kids [ ", b"/Kids [ 1 0 R "),
    "a loop of parents": a_pdf().replace(b"/Type /Page\n", b"/Type /Pages\n/Kids [ 1 0 R ]\n"),
}


@pytest.mark.parametrize("kind", NO_PDF)
def test_what_is_no_good_pdf_is_refused_or_joined_but_never_hangs_and_the_next_is_done(printer, pages, kind):
    with contextlib.suppress(Refused):
        printer.join(pages, foreign=[NO_PDF[kind]], when=WHEN)

    assert len(reader(printer.join(pages, when=WHEN)).pages) == 2


@pytest.mark.parametrize("kind", ["empty", "words", "no pages", "too many pages"])
def test_what_has_no_pages_to_show_is_refused(printer, pages, kind):
    with pytest.raises(Refused, match="cannot be printed"):
        printer.join(pages, foreign=[NO_PDF[kind]], when=WHEN)


def test_two_files_of_one_name_are_not_guessed_between():
    writer = PdfWriter(clone_from=io.BytesIO(a_pdf()))
    writer.add_attachment("evidence.json", b"one")
    writer.add_attachment("evidence.json", b"two")

    with pytest.raises(ValueError, match="same name"):
        embedded(written(writer))
