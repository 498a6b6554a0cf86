"""PDFs joined into one, with files inside, by pypdf; only the child process imports it, since a scan may be anything."""

import io
from typing import Any, NamedTuple

from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject, TextStringObject

from tasks.gateways.pdf_archive import Embedded

_PAGES = 200
# What a page of somebody else's may bring besides what is seen on it.
_BEHAVIOUR = ("/AA", "/Annots", "/B", "/Metadata", "/PieceInfo", "/StructParents")


class Part(NamedTuple):
    """A PDF whose pages are wanted: one of ours whole, links included; of another's (`foreign`) only what is seen."""

    content: bytes
    foreign: bool


def joined(parts: list[Part], files: list[Embedded], job: dict[str, Any]) -> bytes:
    """One PDF of all pages, with `files` in it, titled and dated as the job says; the same parts give the same bytes.

    Raises ValueError where a part has no pages that can be read.
    """
    writer = PdfWriter()
    writer.pdf_header = "%PDF-1.7"
    for part in parts:
        source = PdfReader(io.BytesIO(part.content))
        if source.is_encrypted and not source.decrypt(""):
            raise ValueError("it is locked with a password")
        if not 0 < len(source.pages) <= _PAGES:
            raise ValueError(f"it has {len(source.pages)} pages")
        if part.foreign:
            _add_what_is_seen(writer, source)
        else:
            writer.append(source)
    date = "D:" + "".join(mark for mark in job["when"] if mark.isdecimal()) + "Z"
    writer.add_metadata({"/Title": job["title"], "/Producer": "Studioflow", "/CreationDate": date, "/ModDate": date})
    _embed(writer, files, date)
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def _add_what_is_seen(writer: PdfWriter, source: PdfReader) -> None:
    for page in source.pages:
        for key in _BEHAVIOUR:
            page.pop(NameObject(key), None)
        writer.add_page(page)


def _embed(writer: PdfWriter, files: list[Embedded], date: str) -> None:
    names, associated = ArrayObject(), ArrayObject()
    for file in sorted(files):
        plain = StreamObject()
        plain.set_data(file.content)
        stream = plain.flate_encode()
        stream[NameObject("/Type")] = NameObject("/EmbeddedFile")
        stream[NameObject("/Subtype")] = NameObject(f"/{file.media_type}")
        stream[NameObject("/Params")] = _dictionary(
            {"Size": NumberObject(len(file.content)), "CreationDate": TextStringObject(date), "ModDate": TextStringObject(date)}
        )
        held = writer._add_object(stream)  # noqa: SLF001  pypdf's own way embeds a file without its type and date
        name = TextStringObject(file.name)
        said = {"Type": NameObject("/Filespec"), "F": name, "UF": name, "EF": _dictionary({"F": held, "UF": held})}
        said |= {"Desc": TextStringObject(file.description), "AFRelationship": NameObject(f"/{file.relationship}")}
        specification = writer._add_object(_dictionary(said))  # noqa: SLF001
        names.extend([name, specification])
        associated.append(specification)
    root = writer.root_object
    root.setdefault(NameObject("/Names"), DictionaryObject()).get_object()[NameObject("/EmbeddedFiles")] = _dictionary({"Names": names})
    root[NameObject("/AF")] = associated


def _dictionary(entries: dict[str, Any]) -> DictionaryObject:
    return DictionaryObject({NameObject(f"/{name}"): value for name, value in entries.items()})


def embedded(pdf: bytes) -> dict[str, bytes]:
    """The files in a PDF by name. Raises ValueError when it cannot be read, or holds two of one name."""
    try:
        found = [(one.name, one.content) for one in PdfReader(io.BytesIO(pdf)).attachment_list]
    except Exception as error:
        raise ValueError(f"its files cannot be read ({type(error).__name__})") from error
    if len({name for name, _ in found}) != len(found):
        raise ValueError("it holds two files of the same name")
    return dict(found)
