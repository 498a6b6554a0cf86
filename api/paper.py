"""A document on paper, as it was printed: streamed to whoever may read its page."""

from fastapi.responses import FileResponse, Response

from api.door import Door
from models.errors import Unavailable


def printed(here: Door, place: str, name: str) -> Response:
    """The PDF at `place` below home, shown under a file name. Raises Unavailable while it is being printed."""
    file = here.settings.home / place
    if not place or not file.is_file():
        raise Unavailable("The PDF is being printed. Please reload this page in a moment.")
    return FileResponse(file, media_type="application/pdf", filename=name, content_disposition_type="inline")
