"""What makes a PDF of WeasyPrint's an archive (PDF/A-3b) with files inside; only the child process imports it.

WeasyPrint's own way lists each embedded file twice in the catalogue, guesses its type from its name and puts the words about an
invoice's XML into an RDF of their own, which readers do not look at. So files and metadata are written here.
"""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import pydyf

VARIANT = "pdf/a-3b"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_AIIM = "http://www.aiim.org/pdfa/ns/"
NAMES = {"rdf": RDF, "fx": FX} | {f"pdfa{kind.title()}": f"{_AIIM}{kind}#" for kind in ("extension", "schema", "property")}
_PROPERTIES = {
    "DocumentFileName": "The name of the embedded XML document",
    "DocumentType": "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER",
    "Version": "The actual version of the standard applying to the embedded XML document",
    "ConformanceLevel": "The conformance level of the embedded XML document",
}


class Embedded(NamedTuple):
    """A file that goes into a PDF."""

    name: str
    content: bytes
    media_type: str
    relationship: str
    description: str


def embed(pdf: pydyf.PDF, files: list[Embedded], when: datetime) -> None:
    """Put `files` into the PDF, listed by name and as files associated with the whole document, dated `when`."""
    names, associated = pydyf.Array(), pydyf.Array()
    for file in sorted(files):
        specification = _specification(pdf, file, pydyf.String(when.strftime("D:%Y%m%d%H%M%SZ")))
        names.extend([pydyf.String(file.name), specification.reference])
        associated.append(specification.reference)
    tree = pydyf.Dictionary({"Names": names})
    pdf.add_object(tree)
    pdf.catalog.setdefault("Names", pydyf.Dictionary())["EmbeddedFiles"] = tree.reference
    pdf.catalog["AF"] = associated


def with_facturx(rdf: bytes, level: str, file_name: str) -> bytes:
    """The same RDF, telling too that `file_name` is an invoice of `level` ("EN 16931"), and what the words for that mean."""
    for prefix, name in NAMES.items():
        ET.register_namespace(prefix, name)
    root = ET.fromstring(rdf)  # noqa: S314  made by WeasyPrint a moment ago
    said = {"DocumentType": "INVOICE", "DocumentFileName": file_name, "Version": "1.0", "ConformanceLevel": level}
    about = _inside(root, "rdf:Description", {f"{{{RDF}}}about": ""})
    for name, value in said.items():
        _inside(about, f"fx:{name}").text = value
    schemas = _inside(_inside(root, "rdf:Description", {f"{{{RDF}}}about": ""}), "pdfaExtension:schemas")
    schema = _inside(_inside(schemas, "rdf:Bag"), "rdf:li", {f"{{{RDF}}}parseType": "Resource"})
    _inside(schema, "pdfaSchema:schema").text = "Factur-X PDFA Extension Schema"
    _inside(schema, "pdfaSchema:namespaceURI").text = FX
    _inside(schema, "pdfaSchema:prefix").text = "fx"
    properties = _inside(_inside(schema, "pdfaSchema:property"), "rdf:Seq")
    for name, meaning in _PROPERTIES.items():
        one = _inside(properties, "rdf:li", {f"{{{RDF}}}parseType": "Resource"})
        for key, value in {"name": name, "valueType": "Text", "category": "external", "description": meaning}.items():
            _inside(one, f"pdfaProperty:{key}").text = value
    return ET.tostring(root, encoding="utf-8")


def flaws(pdf: pydyf.PDF, fonts: dict[str, Any]) -> list[str]:
    """What keeps this PDF from being an archive that every reader shows alike, in sentences."""
    missing = sorted({chr(code) for font in fonts.values() for code in font.missing})
    found = [f"There is no glyph for {' '.join(missing[:20])}: a font is missing on this machine."] if missing else []
    if any(getattr(one, "extra", {}).get("ColorSpace") == "/DeviceCMYK" for one in pdf.objects):
        found.append("An image has colours for print (CMYK): save it as RGB.")
    return found


def _specification(pdf: pydyf.PDF, file: Embedded, date: pydyf.String) -> pydyf.Dictionary:
    digest = hashlib.md5(file.content, usedforsecurity=False).hexdigest()
    sizes = pydyf.Dictionary({"CheckSum": f"<{digest}>", "Size": len(file.content), "CreationDate": date, "ModDate": date})
    kind = file.media_type.replace("/", "#2f").replace("+", "#2b")
    stream = pydyf.Stream([file.content], pydyf.Dictionary({"Type": "/EmbeddedFile", "Subtype": f"/{kind}", "Params": sizes}), compress=True)
    pdf.add_object(stream)
    specification = pydyf.Dictionary(
        {
            "Type": "/Filespec",
            "F": pydyf.String(file.name),
            "UF": pydyf.String(file.name),
            "EF": pydyf.Dictionary({"F": stream.reference, "UF": stream.reference}),
            "Desc": pydyf.String(file.description),
            "AFRelationship": f"/{file.relationship}",
        }
    )
    pdf.add_object(specification)
    return specification


def _inside(parent: ET.Element, name: str, attributes: dict[str, str] | None = None) -> ET.Element:
    prefix, _, local = name.partition(":")
    return ET.SubElement(parent, f"{{{NAMES[prefix]}}}{local}", attributes or {})
