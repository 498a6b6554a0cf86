"""A document on paper, as it was printed: streamed to whoever may read its page."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import FileResponse, Response
from sqlmodel import Session

from api.door import Door
from api.links import Opened
from models import documents
from models.errors import Missing, Unavailable
from models.tables import Document

Version = Annotated[int | None, Query(ge=1, le=1_000_000)]
"""Which version of a document; none: the newest."""


def older(session: Session, link: Opened, kind: str, version: int) -> Document:
    """One version of a document, for the studio's own eyes: clients have the newest only. Raises Missing."""
    document = documents.version(session, link.deal_id, kind, version) if link.is_staff else None
    if document is None:
        raise Missing(f"There is no version {version} of this document here.")
    return document


def printed(here: Door, place: str, name: str) -> Response:
    """The PDF at `place` below home, shown under a file name. Raises Unavailable while it is being printed."""
    file = here.settings.home / place
    if not place or not file.is_file():
        raise Unavailable("The PDF is being printed. Please reload this page in a moment.")
    return FileResponse(file, media_type="application/pdf", filename=name, content_disposition_type="inline")
