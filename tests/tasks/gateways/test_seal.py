"""The seal: whole or broken, with nothing in between; other programs say the same of it."""

import base64
import io
import random
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import load_pem_x509_certificates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

from models.errors import BadSetup, Invalid, Refused
from models.settings import ROOT
from tasks.gateways import seal
from tasks.gateways.seal_check import check
from tests.fakes import MONDAY
from tests.sealing import a_key, a_pack, a_pdf

WORDS = {"reason": "Contract C-0042-1, version 1, signed by Zoë (owner)", "at": MONDAY, "name": "Nörthlight) /Evil"}
PACK = a_pack()
START, END = next((found.start(), found.end()) for found in re.finditer(rb"<3082[0-9A-F]+>", PACK))


def flipped(pdf: bytes, place: int, mask: int) -> bytes:
    return pdf[:place] + bytes([pdf[place] ^ mask]) + pdf[place + 1 :]


def streams(pdf: bytes) -> list[range]:
    return [range(*found.span(1)) for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)]


def test_a_sealed_pdf_is_whole_and_names_its_key():
    found = check(PACK)

    assert found.fingerprint == seal.fingerprints(a_key())[0]
    assert (found.subject, found.at) == ("Seal of the tests (ours)", MONDAY)


def test_the_same_pdf_is_sealed_to_the_same_bytes_and_another_is_not():
    first = seal.seal(a_pdf(), key=a_key(), **WORDS)

    assert seal.seal(a_pdf(), key=a_key(), **WORDS | {"at": MONDAY.astimezone(timezone(timedelta(hours=5)))}) == first
    assert seal.seal(a_pdf(pages=2), key=a_key(), **WORDS) != first
    assert seal.seal(a_pdf(), key=a_key(), **WORDS | {"at": MONDAY + timedelta(seconds=1)}) != first


def test_what_was_sealed_is_kept_byte_by_byte_in_front():
    assert seal.seal(a_pdf(), key=a_key(), **WORDS).startswith(a_pdf())


def test_readers_show_the_words_beside_the_seal():
    field = PdfReader(io.BytesIO(seal.seal(a_pdf(), key=a_key(), **WORDS))).trailer["/Root"]["/AcroForm"]["/Fields"][0].get_object()
    mark = field["/V"]

    assert (mark["/Reason"], mark["/Name"], mark["/SubFilter"]) == (WORDS["reason"], WORDS["name"], "/ETSI.CAdES.detached")
    assert mark["/M"] == "D:20260302100000Z"


def test_another_program_finds_it_whole_trusted_and_covering_the_whole_file():
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.fields import MDPPerm
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    (mark,) = PdfFileReader(io.BytesIO(PACK)).embedded_signatures
    status = validate_pdf_signature(mark, ValidationContext(trust_roots=[mark.signer_cert], allow_fetching=False))

    assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert mark.docmdp_level == MDPPerm.NO_CHANGES
    assert seal.fingerprint(mark.signer_cert.dump()) == check(PACK).fingerprint


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80, 0xFF])
def test_no_byte_of_the_container_may_differ(mask):
    """The one place that is not hashed: each of its digits, and its padding here and there."""
    digits = PACK[START:END].rstrip(b">").rstrip(b"0")
    places = [*range(START, START + len(digits) + 40), *range(START + len(digits) + 40, END, 97), END - 2, END - 1]
    for place in places:
        with pytest.raises(Invalid):
            check(flipped(PACK, place, mask))


@given(st.integers(0, len(PACK) - 1), st.integers(1, 255))
@settings(max_examples=600, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_no_byte_anywhere_may_differ(place, mask):
    with pytest.raises(Invalid):
        check(flipped(PACK, place, mask))


def test_neither_the_first_nor_the_last_nor_one_in_any_stream_may_differ():
    chance = random.Random(3)
    inside = [place for one in streams(PACK) for place in {one.start, one.stop - 1, *chance.sample(one, min(20, len(one)))}]
    assert len(streams(PACK)) == 3
    for place in [0, 1, 5, 8, 9, 10, len(PACK) - 1, len(PACK) - 2, *inside]:
        with pytest.raises(Invalid):
            check(flipped(PACK, place, 1))


@given(st.integers(0, len(PACK) - 1))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_it_cannot_be_cut_short_nor_its_beginning_taken_off(length):
    with pytest.raises(Invalid):
        check(PACK[:length])
    if length:
        with pytest.raises(Invalid):
            check(PACK[length:])


@given(st.integers(0, len(PACK)), st.binary(min_size=1, max_size=40))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_nothing_can_be_put_in_anywhere(place, more):
    with pytest.raises(Invalid):
        check(PACK[:place] + more + PACK[place:])


@given(st.integers(0, len(PACK) - 2), st.integers(1, 60))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_nothing_can_be_taken_out_anywhere(place, count):
    with pytest.raises(Invalid):
        check(PACK[:place] + PACK[place + count :])


@pytest.mark.parametrize("more", [b"\n", b" ", b"%", b"\n%%EOF\n", b"0", bytes(100_000)])
def test_bytes_added_at_the_end_are_counted(more):
    with pytest.raises(Invalid, match=rf"{len(more)} bytes? w(as|ere) added"):
        check(PACK + more)


def test_a_change_saved_behind_the_seal_is_seen():
    writer = PdfWriter(io.BytesIO(PACK), incremental=True)
    writer.add_metadata({"/Title": "Another price"})
    stream = io.BytesIO()
    writer.write(stream)

    assert stream.getvalue().startswith(PACK)
    with pytest.raises(Invalid, match="added at its end"):
        check(stream.getvalue())


def test_a_second_seal_on_top_breaks_the_first():
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(PACK))
    writer.root["/Lang"] = writer.root["/Type"]
    writer.update_root()
    stream = io.BytesIO()
    writer.write(stream)
    with pytest.raises(Invalid, match="added at its end"):
        check(stream.getvalue())


def test_a_range_written_elsewhere_in_the_file_fools_nobody():
    """An attacker's own file around our container: the bytes that it leaves out are the container's, the rest is another hash."""
    evil = b"%PDF-1.7\n/ByteRange [0 %d %d %d]\n" + b"the price is one euro\n"
    for _ in range(3):
        start = len(evil)
        whole = evil + PACK[START:END] + b"\n%%EOF\n"
        evil = re.sub(rb"\[0 .*\]", b"[0 %d %d %d]" % (start, start + END - START, len(whole) - start - (END - START)), whole[:start])
    with pytest.raises(Invalid, match="changed since"):
        check(evil + PACK[START:END] + b"\n%%EOF\n")


def test_the_seal_of_another_document_does_not_fit():
    other = a_pack({"note.txt": b"another one"})
    place = re.search(rb"<3082[0-9A-F]+>", other)
    with pytest.raises(Invalid, match="changed since"):
        check(PACK[:START] + place[0] + PACK[END:])


def test_another_certificate_put_into_the_container_is_noticed():
    """Same name, another key: the certificate is bound into what was signed."""
    own, other = (load_pem_x509_certificates(base64.b64decode(a_key(name)))[0].public_bytes(Encoding.DER).hex().upper().encode() for name in ("ours", "0urs"))
    if len(own) != len(other):
        pytest.skip("the two certificates happen to differ in length")
    with pytest.raises(Invalid, match="damaged"):
        check(PACK.replace(own, other))


@pytest.mark.parametrize(
    ("pdf", "said"),
    [
        (b"", "empty"), (b"hello", "no PDF"), (b"\x00" * 5000, "no PDF"), (b"PK\x03\x04", "no PDF"), (a_pdf(), "no seal"), (b"%PDF-", "no seal"),
        (b"%PDF-1.7 /ByteRange [0 5 6 0]", "no seal|cut|changed"), (b"%PDF-1.7 /ByteRange [0 99999999 99999999 9999999999]", "cut"),
        (b"%PDF-1.7 /ByteRange [0 9 4 30]", "changed|cut"), (b"%PDF-1.7 " + b"/ByteRange [0 1 2 3] " * 10_000, "changed"),
    ],
)  # fmt: skip
def test_what_carries_no_seal_is_told_in_a_sentence(pdf, said):
    with pytest.raises(Invalid, match=said) as told:
        check(pdf)
    assert str(told.value).endswith(".")


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_whatever_stands_in_the_container_is_a_sentence(noise):
    held = b"<" + noise.hex().upper().encode() + b">"
    head = b"%PDF-1.7\n"
    tail = b"/ByteRange [0 9 %d 0000000000]" % (9 + len(held))
    tail = tail.replace(b"0000000000", b"%010d" % len(tail))
    with pytest.raises(Invalid, match="damaged"):
        check(head + held + tail)


def _with_key(private, certificate=None) -> str:
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(pem + (certificate or b"")).decode()


def test_a_key_that_cannot_be_used_is_told_without_repeating_it():
    others = base64.b64decode(a_key("other"))
    bad = [
        "", "no base64!", base64.b64encode(b"words").decode(), _with_key(ec.generate_private_key(ec.SECP256R1())),
        base64.b64encode(base64.b64decode(a_key()).split(b"-----BEGIN CERT")[0] + b"-----BEGIN CERT" + others.split(b"-----BEGIN CERT")[1]).decode(),
        _with_key(ec.generate_private_key(ec.SECP256R1()), b"-----BEGIN CERT" + others.split(b"-----BEGIN CERT")[1]), a_key()[:-400],
    ]  # fmt: skip
    for key in bad:
        with pytest.raises(BadSetup, match="STUDIO_SEAL_KEY") as told:
            seal.seal(a_pdf(), key=key, **WORDS)
        assert not key or key not in str(told.value)


def test_certificates_of_earlier_keys_are_known_beside_the_one_that_seals():
    both = base64.b64encode(base64.b64decode(a_key()) + base64.b64decode(a_key("old")).partition(b"-----BEGIN CERT")[1] + base64.b64decode(a_key("old")).partition(b"-----BEGIN CERT")[2]).decode()

    assert seal.fingerprints(both) == [*seal.fingerprints(a_key()), *seal.fingerprints(a_key("old"))]
    assert check(seal.seal(a_pdf(), key=both, **WORDS)).fingerprint == seal.fingerprints(a_key())[0]


def test_a_key_is_good_for_forty_years_and_for_signing_alone():
    (certificate,) = load_pem_x509_certificates(base64.b64decode(seal.new_key(at=datetime(2026, 3, 2, tzinfo=UTC))))

    assert certificate.not_valid_after_utc.year == 2066
    assert certificate.not_valid_before_utc < datetime(2026, 3, 2, tzinfo=UTC)
    assert certificate.subject.rfc4514_string() == "CN=Studioflow seal"


@pytest.mark.parametrize("content", [b"", b"no pdf", b"%PDF-1.7\n", a_pdf()[:100]])
def test_what_is_no_pdf_cannot_be_sealed(content):
    with pytest.raises(Refused, match="cannot be sealed"):
        seal.seal(content, key=a_key(), **WORDS)


def test_sealing_says_nothing_and_asks_nobody(capfd, caplog):
    seal.seal(a_pdf(), key=a_key(), **WORDS)

    assert (*capfd.readouterr(), caplog.messages) == ("", "", [])


@pytest.mark.parametrize("module", ["deployments.cli", "deployments.cli_verify", "tasks.gateways.seal_check", "tasks.gateways.seal"])
def test_the_heavy_library_is_imported_only_to_seal(module):
    said = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print([name for name in sys.modules if name.startswith(('pyhanko', 'weasyprint'))])"],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert said.stdout == "[]\n"


def test_one_file_alone_knows_the_heavy_library():
    know = [path for folder in ("api", "deployments", "flows", "models", "tasks") for path in (ROOT / folder).rglob("*.py") if "import pyhanko" in path.read_text() or "from pyhanko" in path.read_text()]
    assert [path.name for path in know] == ["seal_pades.py"]
