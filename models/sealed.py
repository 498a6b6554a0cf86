"""Which PDF a contract's row names: its pages, or the sealed pack with the pages noted beside it."""

from models.tables import Document

_UNSEALED = "unsealed"


def is_sealed(document: Document) -> bool:
    """Whether the document's PDF is the sealed pack."""
    return _UNSEALED in document.totals


def original(document: Document) -> tuple[str, str]:
    """Hash and path of the document's pages unsealed; both "" before they are printed."""
    if is_sealed(document):
        return document.totals[_UNSEALED]["pdf_hash"], document.totals[_UNSEALED]["pdf_path"]
    return document.pdf_hash, document.pdf_path


def mark_sealed(document: Document, *, pdf_hash: str, pdf_path: str) -> None:
    """Note the pages of which the document's PDF is the sealed pack from now on."""
    document.totals = {**document.totals, _UNSEALED: {"pdf_hash": pdf_hash, "pdf_path": pdf_path}}
