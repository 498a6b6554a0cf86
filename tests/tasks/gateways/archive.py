"""What PDF/A-3b (ISO 19005-3) asks for, as far as it can be seen in a file: no validator of it is packaged for Debian."""

import io
import re
from collections.abc import Iterator

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

FORBIDDEN_ACTIONS = {"/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData", "/JavaScript", "/Hide", "/SetOCGState", "/Rendition", "/Trans", "/GoTo3DView"}
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def reader(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def faults(content: bytes) -> list[str]:
    """Everything found in a PDF that an archive may not have, in sentences."""
    pdf = reader(content)
    return [*_file(content, pdf), *_catalogue(pdf), *_metadata(pdf), *_files(pdf), *_fonts(pdf), *_pages(pdf), *_objects(pdf)]


def objects(pdf: PdfReader) -> Iterator[DictionaryObject]:
    """Every dictionary and stream that can be reached."""
    seen: set[int] = set()

    def walk(one: object) -> Iterator[DictionaryObject]:
        if isinstance(one, IndirectObject):
            if one.idnum in seen:
                return
            seen.add(one.idnum)
            one = one.get_object()
        if isinstance(one, DictionaryObject):
            yield one
            for value in one.values():
                yield from walk(value)
        elif isinstance(one, ArrayObject):
            for value in one:
                yield from walk(value)

    yield from walk(pdf.trailer)


def glyphs(content: bytes) -> set[str]:
    """Every sign that can be read out of the pages."""
    return {sign for page in reader(content).pages for sign in page.extract_text()}


def _file(content: bytes, pdf: PdfReader) -> Iterator[str]:
    header = content[:16]
    if not header.startswith(b"%PDF-1.7\n%") or len([byte for byte in header[10:14] if byte > 127]) < 4:
        yield "The header is not that of a binary PDF 1.7."
    if not content.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield "Something stands behind the end."
    if "/Encrypt" in pdf.trailer:
        yield "It is encrypted."
    if len(pdf.trailer.get("/ID", [])) != 2:
        yield "It has no identifier."


def _catalogue(pdf: PdfReader) -> Iterator[str]:
    root = pdf.trailer["/Root"]
    intents = root.get("/OutputIntents", [])
    if len(intents) != 1 or intents[0]["/S"] != "/GTS_PDFA1":
        yield "There is not one output intent of PDF/A."
    elif b"acsp" not in intents[0]["/DestOutputProfile"].get_object().get_data()[:40] or intents[0]["/DestOutputProfile"].get_object()["/N"] != 3:
        yield "The output intent has no RGB profile."
    if not root.get("/MarkInfo", {}).get("/Marked"):
        yield "It is not tagged."
    for key in ("/AA", "/OCProperties", "/NeedAppearances", "/Requirements", "/OpenAction"):
        if key in root:
            yield f"The catalogue has {key}."
    for key in ("/JavaScript", "/AlternatePresentations"):
        if key in root.get("/Names", {}):
            yield f"It has {key}."


def _metadata(pdf: PdfReader) -> Iterator[str]:
    from xml.etree import ElementTree as ET

    stream = pdf.trailer["/Root"]["/Metadata"].get_object()
    if "/Filter" in stream and stream["/Filter"] != "/FlateDecode":
        yield "The metadata are filtered oddly."
    text = stream.get_data()
    if text.count(b"<rdf:RDF") != 1:
        yield f"There are {text.count(b'<rdf:RDF')} RDFs in the metadata."
    if not re.match(rb'<\?xpacket begin="[^"]*" id="W5M0MpCehiHzreSzNTczkc9d"\?>', text) or not text.rstrip().endswith(b'<?xpacket end="r"?>'):
        yield "The metadata are not wrapped as a packet."
    rdf = ET.fromstring(text[text.index(b"<x:") : text.rindex(b"<?xpacket")]).find(f"{RDF}RDF")
    said = {key.rpartition("}")[2]: value for one in rdf for key, value in one.attrib.items()}
    if (said.get("part"), said.get("conformance")) != ("3", "B"):
        yield "The metadata do not claim PDF/A-3b."
    for key, name in {"/CreationDate": "CreateDate", "/ModDate": "ModifyDate"}.items():
        told = next((one.text for one in rdf.iter() if one.tag.endswith(f"}}{name}")), "")
        if re.sub(r"\D", "", told or "") != re.sub(r"\D", "", str(pdf.metadata.get(key))):
            yield f"{key} differs from the metadata."
    if pdf.metadata.title not in [one.text for one in rdf.iter(f"{RDF}li")]:
        yield "The title differs from the metadata."


def _files(pdf: PdfReader) -> Iterator[str]:
    root = pdf.trailer["/Root"]
    named = root.get("/Names", {}).get("/EmbeddedFiles", DictionaryObject()).get_object().get("/Names", [])
    associated = [one.idnum for one in root.get("/AF", [])]
    if sorted(associated) != sorted(one.idnum for one in named[1::2]) or len(set(associated)) != len(associated):
        yield "Embedded files and associated files are not the same, each once."
    if list(named[::2]) != sorted(named[::2]):
        yield "The names of the embedded files are not in order."
    for one in (item for item in objects(pdf) if item.get("/Type") == "/Filespec"):
        missing = {"/F", "/UF", "/EF", "/AFRelationship"} - set(one)
        stream = one["/EF"]["/F"]
        if missing or not {"/Type", "/Subtype", "/Params"} <= set(stream) or not {"/ModDate", "/Size"} <= set(stream["/Params"]):
            yield f"{one.get('/UF')} is described incompletely."
        if stream["/Params"]["/Size"] != len(stream.get_data()):
            yield f"{one.get('/UF')} has another size."


def _fonts(pdf: PdfReader) -> Iterator[str]:
    for font in (one for one in objects(pdf) if one.get("/Type") == "/Font" and one.get("/Subtype") != "/Type3"):
        for descendant in font.get("/DescendantFonts", [] if font.get("/Subtype", "").startswith("/CIDFont") else [font]):
            described = descendant.get_object().get("/FontDescriptor", {})
            if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(described):
                yield f"{font.get('/BaseFont')} is not embedded."
        if font.get("/Subtype") == "/Type0" and "/ToUnicode" not in font:
            yield f"{font.get('/BaseFont')} does not tell its characters."


def _pages(pdf: PdfReader) -> Iterator[str]:
    for number, page in enumerate(pdf.pages, start=1):
        deep = most = 0
        for word in re.findall(rb"(?<![^\s])[qQ](?![^\s])", page.get_contents().get_data()):
            deep += 1 if word == b"q" else -1
            most = max(most, deep)
        if most > 28:
            yield f"On page {number} graphics states are nested {most} deep; 28 are allowed."
        for note in page.get("/Annots", []):
            if not int(note.get_object().get("/F", 0)) & 4:
                yield f"On page {number} an annotation is not printed."


def _objects(pdf: PdfReader) -> Iterator[str]:
    for one in objects(pdf):
        if one.get("/S") in FORBIDDEN_ACTIONS:
            yield f"It has an action {one['/S']}."
        if str(one.get("/Interpolate", "")).lower() == "true":
            yield "An image is to be smoothed by the reader."
        if isinstance(one, StreamObject) and one.get("/Filter") in {"/LZWDecode", "/Crypt"}:
            yield "A stream is packed by LZW or encrypted."
        if "/DeviceCMYK" in (one.get("/ColorSpace"), one.get("/CS")):
            yield "A colour is CMYK."
        if one.get("/Type") == "/ExtGState" and {"/TR", "/HTP"} & set(one):
            yield "A transfer function is set."
