"""WeasyPrint itself, denied by default; only the child process imports it."""

import hashlib
from pathlib import Path

from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse, path2url

from tasks.gateways.pdf_child import DPI, KINDS, place_of


class Press:
    """Prints one document after another with the same fonts."""

    def __init__(self) -> None:
        self._fonts = FontConfiguration()
        HTML(string="<p>Warm").write_pdf(font_config=self._fonts)

    def print(self, html: str, job: dict) -> tuple[bytes, list[str]]:
        """The PDF, and the addresses that were asked for and denied. The dates in it are the job's `when`."""
        folders = [Path(folder) for folder in job["assets"]]
        shelf = Shelf(folders)
        base = path2url(f"{folders[0]}/") if folders else None
        try:
            document = HTML(string=html, base_url=base, url_fetcher=shelf).render(font_config=self._fonts, dpi=DPI)
            document.metadata.created = document.metadata.modified = job["when"]
            document.metadata.title = job["title"] or document.metadata.title
            # A document that embeds files would carry the time of day, and whatever it got hold of.
            document.metadata.attachments = []
            document.url_fetcher = EmptyShelf([])
            identifier = hashlib.sha256(html.encode() + job["when"].encode()).digest()[:16]
            return document.write_pdf(dpi=DPI, pdf_identifier=identifier), shelf.denied
        finally:
            if self._fonts._folder is not None:  # noqa: SLF001  fonts that a document brought must not reach the next one
                self._fonts = FontConfiguration()


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
