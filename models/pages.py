"""What each page and document shows: typed records, filled by the api and the publishing step.

A template gets `record.context()` and nothing else. Posted field names are in the docstrings. Longer than 200 lines: it is
one contract, read side by side with the templates. What they share is in `models.views`; letters
are in `models.letter_views`, pages for the studio's own people in `models.staff_pages`; all can be had from here.
"""

from datetime import datetime
from typing import Literal

from models.letter_views import LETTER_NEEDS, LetterView, Needs
from models.money import Money
from models.proposal import Person, Snapshot, Totals
from models.staff_pages import ApprovePage, ContractWordPage, EstimateLine, OutboxLetterPage, OutboxPage, SentLetter
from models.views import Choice, Chrome, Form, Page, View

__all__ = [
    "LETTER_NEEDS",
    "ApprovePage",
    "Choice",
    "Chrome",
    "ContractWordPage",
    "EstimateLine",
    "Form",
    "LetterView",
    "Needs",
    "OutboxLetterPage",
    "OutboxPage",
    "Page",
    "SentLetter",
    "View",
]


class BrandStyle(View):
    """`pages/brand.css`: the studio's two colours (`#rrggbb`); the template keeps text on them readable."""

    primary: str
    accent: str


# Intake


class Source(View):
    """Where a lead comes from, kept as hidden fields."""

    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    referrer: str = ""


class ApplyPage(Page):
    """`pages/apply.html`. POST /apply: service, name, email, phone, company, budget, message, website (trap), started, referral, Source's.

    `referral` is the token of a client who passed us on, "" without one.
    """

    services: list[Choice]
    started: str
    currency: str
    minimum: Money | None = None
    source: Source = Source()
    referral: str = ""
    form: Form = Form()


class ThanksPage(Page):
    """`pages/thanks.html`: the same for people and robots."""

    email: str = ""


class QualifyPage(Page):
    """`pages/qualify.html`. POST /q/{token}/answer: decision (out, talk)."""

    token: str
    client_name: str
    service_name: str
    minimum: Money
    advice: list[str] = []
    state: Literal["open", "out", "talk", "closed"] = "open"


# Brief


class ShownIf(View):
    """When a question is asked: `question` has one of `any`, none of `none`, a number within the bounds, is answered at all."""

    question: str
    any: list[str] = []
    none: list[str] = []
    at_least: int | None = None
    at_most: int | None = None
    answered: bool | None = None


class FileView(View):
    """An uploaded file; `id` goes back in the remove button."""

    id: str
    name: str
    size: int


class QuestionView(View):
    """A question and its answer so far. Its field is `q_<slug>`; `value` is a list for kind "choices"."""

    slug: str
    kind: Literal["text", "longtext", "choice", "choices", "number", "date", "file", "link"]
    label: str
    hint: str = ""
    required: bool = False
    options: list[Choice] = []
    unit: str = ""
    shown_if: ShownIf | None = None
    value: str | list[str] = ""
    files: list[FileView] = []


class SectionView(View):
    """A part of the questionnaire. `answered` of `asked` counts the questions that apply at present."""

    slug: str
    title: str
    intro: str = ""
    questions: list[QuestionView]
    asked: int
    answered: int


class BriefPage(Page):
    """`pages/brief.html`. POST /b/{token} (multipart): q_<slug>…, who (staff), action (save, send, remove:<file id>).

    The draft is posted to /b/{token}/draft with the same fields, files left out; any 2xx counts as saved.
    `people` not empty: staff fill it in for the client and say who they are. `read_only`: they read it, and there is no form.
    """

    token: str
    client_name: str
    service_name: str
    sections: list[SectionView]
    saved_at: datetime | None = None
    sent_at: datetime | None = None
    proposal_exists: bool = False
    people: list[str] = []
    file_mb: int = 25
    file_kinds: str = ".pdf,.png,.jpg,.jpeg,.webp,.svg,.docx,.xlsx,.pptx,.odt,.txt,.csv,.zip"
    read_only: bool = False
    form: Form = Form()


class BriefDonePage(Page):
    """`pages/brief_done.html`: received; may still be edited at /b/{token}."""

    token: str
    client_name: str
    salesperson: Person
    saved_only: bool = False
    proposal_exists: bool = False


# Proposal


class Accepted(View):
    """The client's yes, as frozen."""

    name: str
    at: datetime
    digest: str = ""


class Difference(View):
    """One thing that changed since the previous version; "" says it was not there, or is gone."""

    title: str
    before: str
    after: str


class ProposalDocument(View):
    """`documents/proposal/print.html`: the proposal on paper, and the middle of the live page.

    `selected` holds the ticked options with those they need; `totals` is what they cost; `plain_totals` the cost without options.
    `logo` is a data: URI or ""; `link` the live address, whole.
    """

    snapshot: Snapshot
    totals: Totals
    plain_totals: Totals
    selected: list[str] = []
    zone: str = "UTC"
    logo: str = ""
    link: str = ""
    accepted: Accepted | None = None


class ProposalPage(Page):
    """`documents/proposal/page.html`.

    GET /p/{token}?option=<slug>… recounts. POST /p/{token}/accept: version, total (gross, minor units), option…, name.
    POST /p/{token}/change: version, text. POST /p/{token}/decline: version, reason, comment. POST /p/{token}/forward: email, note.
    POST /p/{token}/views: version (sent by script after dwell). `about` tells which of the forms `form` belongs to.
    `changed`: the version shown before is no longer current (409). `stale`: the brief was edited after this version.
    `read_only`: a staff link; there is nothing to answer on it.
    """

    token: str
    document: ProposalDocument
    state: Literal["open", "change_asked", "accepted", "declined", "expired", "on_hold"] = "open"
    changed: bool = False
    stale: bool = False
    read_only: bool = False
    notice: str = ""
    differences: list[Difference] = []
    decline_reasons: list[Choice] = []
    about: Literal["", "accept", "change", "decline", "forward"] = ""
    form: Form = Form()


class ComebackPage(Page):
    """`pages/comeback.html`. POST /r/{token}: nothing but the press."""

    token: str
    client_name: str
    service_name: str
    state: Literal["open", "done", "closed"] = "open"


# Around


class LinkUnknownPage(Page):
    """`pages/link_unknown.html`. POST /links: email."""

    form: Form = Form()


class LinkSentPage(Page):
    """`pages/link_sent.html`: says the same whether the address is known or not."""

    email: str


class SentencePage(Page):
    """`pages/refused.html` and `pages/error.html`: what went wrong, in a sentence, and where to go."""

    sentence: str
    back: str = ""
    back_label: str = ""


class UnsubscribePage(Page):
    """`pages/unsubscribe.html`. POST `action`."""

    action: str
    email: str
    done: bool = False


class CourseOffPage(UnsubscribePage):
    """`pages/course_off.html`. POST `action` stops the letters, POST `action`/again takes that back."""
