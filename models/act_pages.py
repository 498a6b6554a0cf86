"""What the page and the document of the act of acceptance show. Posted field names are in the docstrings."""

from datetime import date, datetime
from typing import Literal

from models.act import ActBody
from models.money import Money
from models.views import Form, Page, View


class ActDocument(View):
    """`documents/act/print.html`, and the part of the page that is the act. `logo` is a data: address or ""."""

    body: ActBody
    zone: str
    logo: str = ""
    link: str = ""
    digest: str = ""


class ActPage(Page):
    """`pages/act.html`: the act, its PDF at /t/{token}.pdf, and the signing below it.

    POST /t/{token}/code: name, role, email, version. POST /t/{token}/sign: name, role, email, consent, code, version.
    POST /t/{token}/faults: text, name, version. `state` faults: the client named some, and may still sign; mending: they are put right, and
    the next version is being made (the page reloads itself). `closes_on` is the day after which silence accepts, where it does.
    `code_sent_to` is an address, shown masked, while a code is valid; `tries_left` counts the tries of that code. `open` is what is to be
    paid now, `invoice_link` the page of the invoice that asks for it. `about` names the form that came back; `refused` says why what it
    answered is gone.
    """

    token: str
    document: ActDocument
    state: Literal["open", "faults", "mending", "signed", "deemed", "closed", "on_hold"]
    signer_name: str = ""
    signer_role: str = ""
    signer_email: str = ""
    signed_by: str = ""
    signed_on: date | None = None
    signed_at: datetime | None = None
    deemed_on: date | None = None
    closes_on: date | None = None
    named: list[str] = []
    code_sent_to: str = ""
    code_until: datetime | None = None
    tries_left: int = 0
    may_resend: bool = True
    about: Literal["", "code", "sign", "faults"] = ""
    form: Form = Form()
    refused: str = ""
    read_only: bool = False
    open: Money
    invoice_link: str = ""
    project_link: str = ""
