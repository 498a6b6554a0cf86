"""Paper as bytes: a template printed with its assets, a PDF kept under its hash and found again."""

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import templates
from models.errors import Unavailable
from tasks.gateways.pdf import Attachment
from tasks.world import World


@dataclass(frozen=True)
class Sheet:
    """What is printed: the document's folder below `templates/documents`, what its template is given, in which language, as of when."""

    name: str
    context: Mapping[str, Any]
    locale: str
    when: datetime
    title: str = ""

    @property
    def template(self) -> str:
        """The template's name."""
        return f"documents/{self.name}/print.html"


class Kept(NamedTuple):
    """A PDF on disk: SHA-256 of its bytes, and where it lies below home."""

    digest: str
    path: str


def printed(here: World, sheet: Sheet, *, attachments: Sequence[Attachment] = (), facturx: str = "") -> bytes:
    """The sheet as a PDF. Raises what a Printer raises."""
    html = templates.render(sheet.template, sheet.context, company=here.settings.company, locale=sheet.locale)
    own, ours = here.settings.company, templates.HERE
    folders = [own / "templates" / "documents" / sheet.name, own, ours / "documents" / sheet.name, ours]
    assets = [folder for folder in folders if folder.is_dir()]
    return here.pdf.print(html, assets=assets, when=sheet.when, title=sheet.title, attachments=attachments, facturx=facturx)


def words(here: World, sheet: Sheet) -> str:
    """SHA-256 of the template and all that it takes in."""
    return templates.source_hash(sheet.template, here.settings.company)


def keep(here: World, content: bytes) -> Kept:
    """Keep a PDF whole below home, once, however many keep it at the same moment. Raises Unavailable when the disk is full (retried)."""
    digest = hashlib.sha256(content).hexdigest()
    try:
        path = here.settings.path("documents", f"{digest}.pdf")
        if not path.exists():
            _write(path, content)
    except OSError as error:
        raise Unavailable(f"A document cannot be kept below {here.settings.home}: {error.strerror or error}.") from error
    return Kept(digest, str(path.relative_to(here.settings.home)))


def _write(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".tmp", delete=False) as scratch:
        try:
            scratch.write(content)
            scratch.flush()
        except OSError:  # the disk is full: nothing half written stays on it
            Path(scratch.name).unlink()
            raise
    Path(scratch.name).replace(path)


def found(here: World, digest: str, path: str) -> bytes | None:
    """The PDF that was kept, if it lies there as it was."""
    place = Path(here.settings.home, path)
    content = place.read_bytes() if path and place.is_file() else b""
    return content if hashlib.sha256(content).hexdigest() == digest else None
