"""Contracts and invoices on paper: printed once, the e-invoice inside, signed ones sealed with their evidence, the same bytes again."""

import hashlib
import io
import resource
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import facturx
import pytest
from lxml import etree
from PIL import Image
from pypdf import PdfReader
from sqlmodel import Session

from deployments.cli_verify import Verdict, judge
from models import cii, evidence, invoices
from models.answers import ContractWord
from models.cash_answers import Countersigned
from models.cash_tables import Invoice
from models.contract_facts import SCAN
from models.errors import Missing, Refused, Unavailable
from models.invoice import InvoiceBody
from models.sealed import is_sealed, original
from models.tables import Deal, Document, Upload
from tasks import paper, printing
from tasks import world as the_world
from tasks.gateways import seal
from tasks.gateways.pdf import NoLibraries, WeasyPrinter
from tasks.gateways.pdf_join import embedded
from tasks.world import World
from tests.factories import a_contract, a_signature, told
from tests.fakes import MONDAY
from tests.models.threads import at_once
from tests.parts import requires
from tests.sealing import a_key, a_pdf
from tests.tasks.gateways.archive import faults

KINDS = ("invoice", "credit_note", "proforma")


@pytest.fixture(scope="module")
def press() -> Iterator[WeasyPrinter]:
    requires("printer")
    printer = WeasyPrinter()
    yield printer
    printer.close()


@pytest.fixture
def real(here_sqlite: World, press: WeasyPrinter) -> World:
    """The world with a printer that prints."""
    return the_world.use(replace(here_sqlite, pdf=press))


def row(here: World, document: Document) -> Document:
    with here.db.reading() as session:
        return session.get_one(Document, document.id)


def content(here: World, path: str) -> bytes:
    return (here.settings.home / path).read_bytes()


def frozen(here: World) -> Document:
    with here.db.writing() as session:
        return a_contract(session)


def signed(here: World, *, printed: bool = True) -> Document:
    """A contract that both sides have signed with a code, printed before that."""
    document = frozen(here)
    if printed:
        printing.print_contract(document)
    with here.db.writing() as session:
        document = a_signature(session, session.get_one(Document, document.id))
        countersign(session, document)
    return row(here, document)


def countersign(session: Session, document: Document) -> None:
    told(session, session.get_one(Deal, document.deal_id), Countersigned(version=document.version, decision="sign", name="Aoife Brennan"), actor="system")


def signed_on_paper(here: World, scan: bytes, media_type: str, extension: str) -> Document:
    document = frozen(here)
    printing.print_contract(document)
    digest = hashlib.sha256(scan).hexdigest()
    path = here.settings.path("uploads", str(document.deal_id), digest + extension)
    path.write_bytes(scan)
    with here.db.writing() as session:
        upload = Upload(
            deal_id=document.deal_id, question=SCAN, name=f"scan{extension}", media_type=media_type, size=len(scan), sha256=digest, at=MONDAY,
            path=str(path.relative_to(here.settings.home)),
        )  # fmt: skip
        session.add(upload)
        session.flush()
        deal = session.get_one(Deal, document.deal_id)
        word = ContractWord(outcome="signed", on=MONDAY.date(), name="Orla Byrne", role="Owner", scan=upload.id or 0)
        told(session, deal, word, actor="staff:conor@northlight.example")
        countersign(session, session.get_one(Document, document.id))
    return row(here, document)


def an_invoice(here: World, kind: str = "invoice") -> Invoice:
    document = frozen(here)
    with here.db.writing() as session:
        deal = session.get_one(Deal, document.deal_id)
        if kind == "proforma":
            return invoices.proforma(session, here.company, deal, 1, now=MONDAY)
        a_signature(session, session.get_one(Document, document.id))
        issued = invoices.issue(session, here.company, deal, 1, now=MONDAY)
        if kind == "invoice":
            return issued
        return invoices.credit(session, here.company, issued, gross=None, reason="The work was cancelled.", key="credit/1", now=MONDAY)


def verified(here: World, document: Document) -> Verdict:
    return judge(here.settings.home / document.pdf_path, seal.fingerprints(a_key()))


# Contracts


def test_a_contract_is_printed_once_under_the_hash_of_its_bytes(here: World) -> None:
    document = frozen(here)
    digests = {printing.print_contract(document), printing.print_contract(row(here, document)), printing.print_contract(document)}
    after = row(here, document)

    assert digests == {after.pdf_hash} == {hashlib.sha256(content(here, after.pdf_path)).hexdigest()}
    assert after.pdf_path == f"documents/{after.pdf_hash}.pdf"
    assert len(after.template_hash) == 64
    assert len([page for page in here.pdf.printed if after.body["number"] in page]) == 2  # the last one was asked with the row of before


def test_a_pdf_that_many_keep_at_once_is_there_whole_and_nothing_else(here_sqlite: World) -> None:
    contents = [bytes([letter]) * 300_000 for letter in range(30)]
    for content in contents:
        kept = at_once(8, lambda _number, content=content: paper.keep(here_sqlite, content))
        assert len(set(kept)) == 1
        assert paper.found(here_sqlite, *kept[0]) == content
    assert len(list((here_sqlite.settings.home / "documents").iterdir())) == len(contents)


def test_a_full_disk_is_waited_for_and_holds_nothing_half_written(here_sqlite: World) -> None:
    folder, room = here_sqlite.settings.path("documents", "x").parent, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, room[1]))
    try:
        with pytest.raises(Unavailable, match="A document cannot be kept below .*: File too large"):
            paper.keep(here_sqlite, b"%PDF" + b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
    assert list(folder.iterdir()) == []
    assert paper.keep(here_sqlite, b"%PDF").digest



def test_a_pdf_that_got_lost_is_printed_again(here_sqlite: World) -> None:
    document = frozen(here_sqlite)
    digest = printing.print_contract(document)
    (here_sqlite.settings.home / row(here_sqlite, document).pdf_path).unlink()

    assert printing.print_contract(row(here_sqlite, document)) == digest
    assert content(here_sqlite, row(here_sqlite, document).pdf_path)


def test_a_signed_contract_becomes_a_sealed_pack_and_its_pages_stay_known(here: World) -> None:
    document = signed(here)
    digest = printing.seal_contract(document.deal_id, document.version)
    after = row(here, document)

    assert after.pdf_hash == digest == hashlib.sha256(content(here, after.pdf_path)).hexdigest()
    assert is_sealed(after)
    assert original(after) == (document.pdf_hash, document.pdf_path)
    assert (after.made_from, after.body_hash, after.state) == (document.made_from, document.body_hash, "signed")
    assert verified(here, after).ok


def test_sealing_again_changes_nothing_and_printing_again_keeps_the_pack(here: World) -> None:
    document = signed(here)
    digest = printing.seal_contract(document.deal_id, document.version)
    after = row(here, document)
    printed = len(here.pdf.printed)

    assert printing.seal_contract(document.deal_id, document.version) == digest
    assert printing.print_contract(after) == printing.print_contract(document) == document.pdf_hash
    assert (row(here, document).pdf_hash, row(here, document).totals) == (digest, after.totals)
    assert len(here.pdf.printed) == printed


def test_a_lost_pack_is_sealed_to_the_same_bytes_however_late(here_sqlite: World, clock) -> None:
    document = signed(here_sqlite)
    digest = printing.seal_contract(document.deal_id, document.version)
    (here_sqlite.settings.home / row(here_sqlite, document).pdf_path).unlink()
    clock.pass_(days=400)

    assert printing.seal_contract(document.deal_id, document.version) == digest


def test_a_pack_holds_the_very_bytes_that_were_signed(here_sqlite: World) -> None:
    document = signed(here_sqlite)
    printing.seal_contract(document.deal_id, document.version)
    files = embedded(content(here_sqlite, row(here_sqlite, document).pdf_path))
    stated = evidence.read(files)

    assert set(files) == set(evidence.FILES)
    assert files[evidence.CONTRACT] == content(here_sqlite, document.pdf_path)
    assert files[evidence.SNAPSHOT] == evidence.canonical(document.body)
    assert (stated.body_hash, stated.pdf_hash) == (document.body_hash, document.pdf_hash)
    assert {one.side for one in stated.signatures} == {"client", "studio"}


def test_what_nobody_signed_is_not_sealed(here_sqlite: World) -> None:
    document = frozen(here_sqlite)
    for version in (document.version, 9):
        with pytest.raises(Missing, match="no signed contract"):
            printing.seal_contract(document.deal_id, version)


def test_pages_that_are_not_those_that_were_signed_are_never_sealed(here_sqlite: World) -> None:
    document = signed(here_sqlite)
    place = here_sqlite.settings.home / document.pdf_path
    place.write_bytes(place.read_bytes() + b" ")
    printing.seal_contract(document.deal_id, document.version)  # printed alike again
    assert verified(here_sqlite, row(here_sqlite, document)).ok

    other = signed(here_sqlite)
    (here_sqlite.settings.home / other.pdf_path).unlink()
    the_world.use(replace(here_sqlite, pdf=Different()))
    with pytest.raises(Refused, match="back from a backup"):
        printing.seal_contract(other.deal_id, other.version)
    assert not is_sealed(row(here_sqlite, other))


class Different:
    """A printer of another year."""

    def print(self, *_: object, **__: object) -> bytes:
        return b"%PDF-1.7 of another year"


def test_without_a_key_nothing_is_sealed_and_the_setting_is_named(here_sqlite: World) -> None:
    document = signed(here_sqlite)
    settings = here_sqlite.settings.model_copy(update={"seal_key": type(here_sqlite.settings.seal_key)("")})
    the_world.use(replace(here_sqlite, settings=settings))
    with pytest.raises(Exception, match="STUDIO_SEAL_KEY"):
        printing.seal_contract(document.deal_id, document.version)
    assert not is_sealed(row(here_sqlite, document))


# Invoices


@pytest.mark.parametrize("kind", KINDS)
def test_an_invoice_is_printed_once_with_its_data_inside_where_there_are_any(here: World, kind: str) -> None:
    invoice = an_invoice(here, kind)
    digest = printing.print_invoice(invoice)
    with here.db.reading() as session:
        after = session.get_one(Invoice, invoice.id)

    assert after.pdf_hash == digest == hashlib.sha256(content(here, after.pdf_path)).hexdigest()
    assert len(after.template_hash) == 64
    assert here.pdf.attached == ([] if kind == "proforma" else ["factur-x.xml"])
    printed = len(here.pdf.printed)
    assert printing.print_invoice(after) == digest
    assert len(here.pdf.printed) == printed


def test_an_invoice_in_a_currency_of_thousandths_is_printed_without_data(here_sqlite: World) -> None:
    invoice = an_invoice(here_sqlite)
    with here_sqlite.db.writing() as session:
        changed = session.get_one(Invoice, invoice.id)
        changed.body = _in("KWD", changed.body)
        session.add(changed)
    assert printing.print_invoice(changed)
    assert here_sqlite.pdf.attached == []


def _in(currency: str, value: object) -> object:
    """A snapshot in another currency."""
    if isinstance(value, dict):
        return {key: currency if key == "currency" else _in(currency, one) for key, one in value.items()}
    return [_in(currency, one) for one in value] if isinstance(value, list) else value


# What could not be printed


class Broken:
    """A machine that cannot print."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def print(self, *_: object, **__: object) -> bytes:
        raise self.error


def test_what_could_not_be_printed_is_printed_and_sealed_later(here: World) -> None:
    invoice, document = an_invoice(here), signed(here, printed=False)
    said = printing.print_missing.fn()
    after = row(here, document)

    assert is_sealed(after)
    assert verified(here, after).ok
    with here.db.reading() as session:
        assert session.get_one(Invoice, invoice.id).pdf_hash
    assert any(sentence.startswith(f"Printed invoice {invoice.number}: ") for sentence in said)
    assert any(f"sealed contract {document.version} of deal {document.deal_id}" in sentence for sentence in said)
    assert printing.print_missing.fn() == []


def test_a_contract_that_the_studio_has_not_signed_yet_is_not_sealed_behind_its_back(here_sqlite: World) -> None:
    document = frozen(here_sqlite)
    printing.print_contract(document)
    with here_sqlite.db.writing() as session:
        document = a_signature(session, session.get_one(Document, document.id))
    printing.print_missing.fn()
    assert not is_sealed(row(here_sqlite, document))


def test_a_machine_that_cannot_print_says_nothing(here_sqlite: World) -> None:
    an_invoice(here_sqlite)
    the_world.use(replace(here_sqlite, pdf=Broken(NoLibraries("no pango"))))
    assert printing.print_missing.fn() == []


def test_one_document_that_cannot_be_printed_does_not_keep_the_others_from_it(here_sqlite: World) -> None:
    invoice, document = an_invoice(here_sqlite), frozen(here_sqlite)
    plain = here_sqlite.pdf

    class Moody:
        def print(self, html: str, **values) -> bytes:
            if document.body["number"] in html:
                raise Refused("It takes too long.")
            return plain.print(html, **values)

    the_world.use(replace(here_sqlite, pdf=Moody()))
    said = printing.print_missing.fn()
    assert f"Cannot print contract {document.version} of deal {document.deal_id}: It takes too long." in said
    assert any(f"Printed invoice {invoice.number}" in sentence for sentence in said)


def test_a_vendor_that_is_away_is_tried_again(here_sqlite: World) -> None:
    an_invoice(here_sqlite)
    the_world.use(replace(here_sqlite, pdf=Broken(Unavailable("away"))))
    with pytest.raises(Unavailable):
        printing.print_missing.fn()


# On real paper


def test_a_real_invoice_is_an_archive_with_the_e_invoice_that_others_read(real: World, caplog) -> None:
    invoice = an_invoice(real)
    digest = printing.print_invoice(invoice)
    pdf = content(real, f"documents/{digest}.pdf")
    name, xml = facturx.get_facturx_xml_from_pdf(pdf, check_xsd=True)

    assert faults(pdf) == []
    assert name == "factur-x.xml"
    assert xml == cii.xml(InvoiceBody.model_validate(invoice.body))
    assert facturx.get_level(etree.fromstring(xml)) == "en16931"
    assert invoice.number in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    assert "glyph" not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_real_invoice_is_printed_to_the_same_bytes_again(real: World, kind: str) -> None:
    invoice = an_invoice(real, kind)
    digest = printing.print_invoice(invoice)
    (real.settings.home / f"documents/{digest}.pdf").unlink()

    assert printing.print_invoice(invoice) == digest
    assert embedded(content(real, f"documents/{digest}.pdf")).keys() == (set() if kind == "proforma" else {"factur-x.xml"})


def test_a_real_pack_holds_contract_and_evidence_and_verifies(real: World) -> None:
    document = signed(real)
    pages = len(PdfReader(io.BytesIO(content(real, document.pdf_path))).pages)
    printing.seal_contract(document.deal_id, document.version)
    after = row(real, document)
    pack = PdfReader(io.BytesIO(content(real, after.pdf_path)))
    added = " ".join(page.extract_text() for page in pack.pages[pages:])

    assert len(pack.pages) > pages
    assert "Evidence of signature" in added
    assert "Orla Byrne" in added
    assert seal.fingerprints(a_key())[0] in "".join(added.split())
    found = verified(real, after)
    assert (found.ok, found.problems, found.number) == (True, [], document.body["number"])

    spoilt = bytearray(content(real, after.pdf_path))
    spoilt[len(spoilt) // 3] ^= 1
    (real.settings.home / "spoilt.pdf").write_bytes(spoilt)
    assert not judge(Path(real.settings.home, "spoilt.pdf"), None).ok


PIXEL = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def a_photo() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (1240, 1754), "white").save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("scan", "media_type", "extension", "pages"),
    [
        (a_pdf(pages=2), "application/pdf", ".pdf", 2),
        (PIXEL, "image/png", ".png", 1),
        (a_photo(), "image/jpeg", ".jpg", 1),
        (b"%PDF-1.7 broken", "application/pdf", ".pdf", 0),
        (PIXEL[:40], "image/png", ".png", 0),
    ],
    ids=["pdf", "png", "jpeg", "broken pdf", "broken png"],
)
def test_paper_that_was_signed_is_in_the_pack(real: World, scan: bytes, media_type: str, extension: str, pages: int) -> None:
    document = signed_on_paper(real, scan, media_type, extension)
    before = len(PdfReader(io.BytesIO(content(real, document.pdf_path))).pages)
    printing.seal_contract(document.deal_id, document.version)
    after = row(real, document)
    pack = content(real, after.pdf_path)

    assert len(PdfReader(io.BytesIO(pack)).pages) == before + 1 + pages
    assert set(embedded(pack)) == {*evidence.FILES, f"scan{extension}"}
    assert embedded(pack)[f"scan{extension}"] == scan
    found = verified(real, after)
    assert (found.ok, found.pdf_hash) == (True, "")
    assert "on paper" in found.says[1]


def test_a_lost_scan_is_named(here_sqlite: World) -> None:
    document = signed_on_paper(here_sqlite, PIXEL, "image/png", ".png")
    next((here_sqlite.settings.home / "uploads").rglob("*.png")).unlink()
    with pytest.raises(Refused, match="scan of the signed contract is not where"):
        printing.seal_contract(document.deal_id, document.version)
