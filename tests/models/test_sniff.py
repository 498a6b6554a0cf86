"""Uploaded files: content decides, names are made safe."""

import string
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.errors import Invalid
from models.sniff import sniff

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
DOCX = b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0" + b"\0" * 14 + b"[Content_Types].xml"
ODT = b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/vnd.oasis.opendocument.text"
HEADS = {
    "pdf": b"%PDF-1.7\n",
    "png": PNG,
    "jpg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "gif": b"GIF89a\1\0\1\0",
    "webp": b"RIFF\x10\0\0\0WEBPVP8 ",
    "docx": DOCX,
    "xlsx": DOCX,
    "pptx": DOCX,
    "odt": ODT,
    "zip": b"PK\x03\x04\x14\0\0\0",
    "txt": "Grüße, 世界 👋\n".encode(),
    "csv": b"a;b\r\n1;2\r\n",
    "md": b"# Title\n",
    "ai": b"%PDF-1.5\n",
    "psd": b"8BPS\0\1",
    "fig": b"fig-kiwi\x0f\0",
    "sketch": b"PK\x03\x04\x14\0\0\0",
    "mp4": b"\0\0\0\x20ftypisom",
}
EXE = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0"


def kind(name, head=PNG, size=1000, limit=10_000):
    return sniff(name, head, size, limit=limit)


@pytest.mark.parametrize("extension", HEADS)
def test_a_file_whose_content_and_name_agree_is_taken(extension):
    found = kind(f"My file.{extension.upper()}", HEADS[extension])

    assert found.extension == f".{extension}"
    assert found.safe_name == f"My file.{extension}"


@pytest.mark.parametrize("extension", HEADS)
@pytest.mark.parametrize("head", [EXE, b"\x7fELF\2\1\1\0", b"\xca\xfe\xba\xbe\0\0\0\x34"], ids=["windows", "linux", "java"])
def test_a_program_is_refused_whatever_it_is_called(extension, head):
    with pytest.raises(Invalid, match=f"program.{extension}"):
        kind(f"program.{extension}", head)


def test_the_refusal_of_a_program_called_pdf_says_what_it_is():
    with pytest.raises(Invalid, match=r"“invoice\.pdf” is not a PDF"):
        kind("invoice.pdf", EXE)


@pytest.mark.parametrize("name", ["logo.svg", "page.html", "setup.exe", "macro.docm", "run.sh", "a.js", "x.php", "noextension"])
@pytest.mark.parametrize("head", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", EXE])
def test_a_kind_that_is_not_on_the_list_is_refused_with_what_may_be_sent(name, head):
    with pytest.raises(Invalid, match=r"Send one of \.pdf, \.png"):
        kind(name, head)


def test_a_picture_under_another_pictures_extension_gets_the_right_one():
    assert kind("photo.png", HEADS["jpg"]).safe_name == "photo.jpg"
    assert kind("photo.jpeg", HEADS["webp"]).media_type == "image/webp"


def test_a_known_content_without_extension_gets_one():
    assert kind("Our logo", PNG).safe_name == "Our logo.png"


def test_an_archive_is_not_taken_for_a_word_document():
    with pytest.raises(Invalid, match="not a Word document"):
        kind("offer.docx", b"PK\x03\x04\x14\0\0\0\x08\0classes.dex")


def test_a_page_called_picture_is_refused():
    with pytest.raises(Invalid, match="not a PNG"):
        kind("logo.png", b"<!doctype html><script>alert(1)</script>")


@pytest.mark.parametrize("head", ["Preis: 5 €".encode("cp1252"), "é".encode()[:1], "да".encode("utf-16")])
def test_text_of_other_encodings_and_text_cut_within_a_letter_is_text(head):
    assert kind("a.txt", head).media_type == "text/plain"


def test_an_empty_file_is_refused():
    with pytest.raises(Invalid, match="is empty"):
        kind("a.png", b"", size=0)


def test_a_file_is_taken_up_to_the_limit_and_not_one_byte_more():
    assert kind("a.png", size=10 << 20, limit=10 << 20)
    with pytest.raises(Invalid, match="at most 10 MB"):
        kind("a.png", size=(10 << 20) + 1, limit=10 << 20)


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("C:\\Users\\me\\logo.png", "logo.png"),
        ("inv\u202egnp.exe\u202c.png", "invgnp.exe.png"),
        ("a\r\nSet-Cookie: x.png", "a Set-Cookie_ x.png"),
        ("nul.png", "_nul.png"),
        (".png", "png.png"),
        ("...png", "png.png"),
        ("x" * 500 + ".png", "x" * 80 + ".png"),
        ("логотип 🎨.png", "логотип 🎨.png"),
        ("e\u0301.png", "é.png"),
    ],
)
def test_a_name_is_made_safe_and_stays_readable(given_name, kept):
    assert kind(given_name).safe_name == kept


@given(stem=st.text(max_size=400))
@example("\ud800")
@example("/" * 300)
@example(".")
def test_any_name_becomes_one_that_every_file_system_takes(stem):
    name = kind(stem + ".png").safe_name

    assert name.endswith(".png")
    assert len(name.encode()) <= 200
    assert not set(name) & set('/\\<>:"|?*%')
    assert not any(unicodedata.category(sign)[0] == "C" for sign in name)
    assert not name.startswith((".", " "))
    assert name == name.strip()
    assert kind(name).safe_name == name


@given(name=st.text(max_size=60), head=st.binary(max_size=300), size=st.integers(-5, 5000))
def test_any_file_is_taken_or_refused_with_a_sentence(name, head, size):
    try:
        found = sniff(name, head, size, limit=3000)
    except Invalid as refusal:
        assert str(refusal).endswith(".")  # noqa: PT017  a refusal is as good as a kind here
    else:
        assert 0 < size <= 3000
        assert found.extension.strip(".") in HEADS
        assert set(found.media_type) <= set(string.ascii_letters + string.digits + "/.-+")
