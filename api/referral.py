"""A client passes us on: the intake form that knows it. Who sent its reader is told to the studio, never to the reader."""

from fastapi import APIRouter
from fastapi.responses import Response

from api.door import Here
from api.intake import form_page
from api.posted import Posted
from models.reading import clean

pages = APIRouter(include_in_schema=False)


@pages.get("/f/{token}")
def show_form(token: str, here: Here) -> Response:
    """The intake form with the referral in it. A link that is none of ours, or was revoked, is simply no referral."""
    return here.page("pages/apply.html", form_page(here, Posted({"referral": [clean(token)]})))
