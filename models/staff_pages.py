"""What the pages for the studio's own people show."""

from datetime import date, datetime
from typing import Literal

from models.money import Money
from models.views import Choice, Form, Page, View


class EstimateLine(View):
    """A line of the estimate; hours as text ("12.5"). `changed` says why it was changed before, or "".

    `was` is what the hours are as long as nobody types others: posted back, it tells a typed figure from one that merely followed.
    """

    slug: str
    title: str
    explanation: str
    role: str
    low: str
    hours: str
    high: str
    amount: Money
    changed: str = ""
    was: str = ""
    optional: bool = False


class ApprovePage(Page):
    """`pages/approve.html`. POST /a/{token}: who, hours_<slug>…, was_<slug>…, reason, action (recount, approve, refuse).

    `state` is read where nobody has decided, and whoever reads it may not.
    """

    token: str
    deal_id: int
    client_name: str
    client_company: str
    service_name: str
    lines: list[EstimateLine]
    reasons: list[str]
    low: Money
    likely: Money
    high: Money
    days: int
    brief_link: str = ""
    people: list[str] = []
    state: Literal["open", "approved", "refused", "read"] = "open"
    decided_by: str = ""
    form: Form = Form()


class ContractWordPage(Page):
    """`pages/contract_word.html`. POST /k/{token}: who, decision (signed, lost), signed_on, name, role, scan (a file), reason, text."""

    token: str
    deal_id: int
    client_name: str
    client_company: str
    service_name: str
    total: Money
    lost_reasons: list[Choice]
    people: list[str] = []
    today: date
    state: Literal["open", "signed", "lost"] = "open"
    form: Form = Form()


class SentLetter(View):
    """A letter as the outbox lists it. `id` is its part of /outbox/{id}."""

    id: str
    deal_id: int | None
    key: str
    to: str
    subject: str
    at: datetime


class OutboxPage(Page):
    """`pages/outbox.html`, newest first."""

    letters: list[SentLetter]


class OutboxLetterPage(Page):
    """`pages/outbox_letter.html`. `frame` is the address of the HTML part ("" without one)."""

    letter: SentLetter
    text: str
    frame: str = ""
    links: list[str] = []
