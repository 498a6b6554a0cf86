"""WeasyPrint itself, denied by default; only the child process imports it."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import pydyf
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse, path2url

from tasks.gateways import pdf_archive
from tasks.gateways.pdf_archive import Embedded
from tasks.gateways.pdf_child import DPI, KINDS, place_of

# An archive's images may not be smoothed by the reader; a user's important rule wins over whatever a document says.
_ARCHIVE_STYLE = "* { image-rendering: crisp-edges !important }"


class Press:
    """Prints one document after another with the same fonts."""

    def __init__(self) -> None:
        self._fonts = FontConfiguration()
        self._archive_style = CSS(string=_ARCHIVE_STYLE)
        HTML(string="<p>Warm <b>bold").write_pdf(font_config=self._fonts)

    def print(self, html: str, files: list[Embedded], job: dict[str, Any]) -> tuple[bytes, list[str], list[str]]:
        """The PDF, the addresses that were asked for and denied, and what is wrong with it. The dates in it are the job's `when`.

        With `files` it is a PDF/A-3b; the job's `facturx` names the level of the first of them.
        """
        folders = [Path(folder) for folder in job["assets"]]
        shelf = Shelf(folders)
        base = path2url(f"{folders[0]}/") if folders else None
        options: dict[str, Any] = {"dpi": DPI}
        if files:
            options |= {"pdf_variant": pdf_archive.VARIANT, "pdf_tags": True, "stylesheets": [self._archive_style]}
        try:
            document = HTML(string=html, base_url=base, url_fetcher=shelf).render(font_config=self._fonts, **options)
            _describe(document, files, job)
            flaws: list[str] = []

            def finish(document: Document, pdf: pydyf.PDF) -> None:
                """Put the files in and look for flaws, before the PDF is written."""
                if files:
                    pdf_archive.embed(pdf, files, datetime.fromisoformat(job["when"]))
                    flaws.extend(pdf_archive.flaws(pdf, document.fonts))

            return document.write_pdf(finisher=finish, pdf_identifier=_identifier(html, files, job), **options), shelf.denied, flaws
        finally:
            if self._fonts._folder is not None:  # noqa: SLF001  fonts that a document brought must not reach the next one
                self._fonts = FontConfiguration()


def _describe(document: Document, files: list[Embedded], job: dict[str, Any]) -> None:
    metadata = document.metadata
    metadata.created = metadata.modified = job["when"]
    metadata.title = job["title"] or metadata.title
    # A document that embeds files would carry the time of day, and whatever it got hold of.
    metadata.attachments = []
    document.url_fetcher = EmptyShelf([])
    if job["facturx"]:
        plain = metadata.generate_rdf_metadata
        metadata.generate_rdf_metadata = lambda *given: pdf_archive.with_facturx(plain(*given), job["facturx"], files[0].name)


def _identifier(html: str, files: list[Embedded], job: dict[str, Any]) -> bytes:
    digest = hashlib.sha256(html.encode() + job["when"].encode())
    for file in files:
        digest.update(file.content)
    return digest.digest()[:16]


class Shelf(URLFetcher):
    """Gives `data:` addresses and files below the asset folders, and nothing else."""

    def __init__(self, folders: list[Path]) -> None:
        super().__init__(allowed_protocols=("data",), allow_redirects=False)
        self.folders = folders
        self.denied: list[str] = []

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The content at `url`; raises ValueError, which WeasyPrint takes as "not there"."""
        if url[:5].lower() == "data:":
            return super().fetch(url, headers)
        try:
            place = place_of(url, self.folders)
        except ValueError:
            self.denied.append(url[:200])
            raise
        return URLFetcherResponse(path2url(place), place.read_bytes(), {"Content-Type": KINDS[place.suffix.lower()]})


class EmptyShelf(Shelf):
    """Gives nothing at all."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:  # noqa: ARG002
        """Raises ValueError, always."""
        raise ValueError("nothing is read any more")
