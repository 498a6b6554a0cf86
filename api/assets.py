"""What pages are dressed in: styles, scripts, fonts, the studio's colours and logo."""

import mimetypes
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles

import templates
from api.door import Here
from models.errors import Missing
from models.pages import BrandStyle

pages = APIRouter(include_in_schema=False)
# Also for the studio's own site, where the form is shown by embed.js.
KEPT = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}


class Static(StaticFiles):
    """The files of `templates/static`, kept by browsers for five minutes."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """The file, with how long it may be kept."""
        answer = super().file_response(*args, **kwargs)  # ty: ignore[invalid-argument-type]
        answer.headers.update(KEPT)
        return answer


@pages.get("/static/brand.css")
def brand(here: Here) -> Response:
    """The studio's colours."""
    look = here.company.studio.brand
    css = templates.render("pages/brand.css", BrandStyle(primary=look.primary, accent=look.accent).context(), company=here.settings.company)
    return Response(css, media_type="text/css", headers=KEPT)


@pages.get("/static/logo")
def logo(here: Here) -> Response:
    """The studio's logo. Missing without one."""
    name, folder = here.company.studio.brand.logo, Path(here.company.folder).resolve()
    path = (folder / name).resolve()
    if not name or not path.is_relative_to(folder) or not path.is_file():
        raise Missing("There is no logo.")
    return FileResponse(path, media_type=mimetypes.guess_type(path.name)[0] or "image/png", headers=KEPT)


def mount(app: FastAPI) -> None:
    """Serve the files below /static that have no route of their own."""
    app.mount("/static", Static(directory=templates.STATIC), name="static")
