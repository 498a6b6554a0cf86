"""What the client's page of a project shows. Posted field names are in its docstring.

Longer than 200: one contract, read side by side with the templates. The manager's page (`models.work_pages`) is built from the same parts.
"""

from datetime import date, datetime
from typing import Literal

from models.money import Money
from models.proposal import Person
from models.views import Choice, Form, Page, View
from models.whose_move import What, Whose

StageState = Literal["done", "now", "next"]
State = Literal["open", "paused", "completed", "handed_over", "cancelled"]


class TurnView(View):
    """Whose move it is. `titles` are the materials or the stage it is about; `who` does it and `until` when, where it is the studio's."""

    whose: Whose
    kind: What
    titles: list[str] = []
    since: datetime | None = None
    who: str = ""
    until: date | None = None


class Reason(View):
    """A reason why the promised day moved, in working days."""

    text: str
    days: int


class PromiseView(View):
    """The promised day as it stands, and why it is not `first`, the day planned when the work began: `reasons` sum to `moved`.

    `answer_by`: an answer before it keeps `day`; None where nothing is asked, or nothing more moves. `finished` is when the work was accepted.
    """

    first: date
    day: date
    moved: int
    reasons: list[Reason] = []
    answer_by: datetime | None = None
    late: int = 0
    finished: date | None = None


class StageLine(View):
    """A stage on the line: done on a day, or planned from a day to a day as things stand now. `asks`: what it will ask of the client."""

    slug: str
    title: str
    state: StageState
    starts: date
    ends: date
    days: int
    told: str = ""
    asks: str = ""
    is_deemed: bool = False


class StageView(View):
    """The current stage as it was shown: what one looks at, where, and what may be said about it."""

    slug: str
    title: str
    place: Literal["shown", "changes", "beyond"]
    version: int
    shown_at: datetime
    told: list[str]
    url: str = ""
    note: str = ""
    comments: str = ""
    rounds: int = 0
    rounds_left: int = 0
    closes_on: date | None = None
    silence: Literal["", "accepts", "pauses"] = ""


class ChangeView(View):
    """A change with its price, to be taken or not; `day` is the promised day if it is taken today."""

    stage: str
    title: str
    offer: int
    text: str
    hours: str = ""
    net: Money
    vat: Money
    gross: Money
    days: int
    day: date
    asked: str = ""
    closes_on: date | None = None


class SentFile(View):
    """A file that came; `link` is where staff can read it, `id` goes back in the remove button."""

    id: str
    name: str
    size: int
    link: str = ""


class MaterialView(View):
    """One item of the checklist. `before` is the stage it is needed for, `needed_on` its first day; `urgent`: the work waits for it."""

    slug: str
    title: str
    hint: str = ""
    state: Literal["missing", "sent", "accepted", "waived"]
    before: str = ""
    needed_on: date | None = None
    urgent: bool = False
    reason: str = ""
    files: list[SentFile] = []
    link: str = ""
    text: str = ""
    changed_at: datetime | None = None
    fact: int = 0


class TrainingView(View):
    """The training: slots as choices while nothing was answered, then what was."""

    title: str
    minutes: int
    place: str
    slots: list[Choice] = []
    booked: str = ""


class CourseView(View):
    """The letters on what comes after the launch: how many, and whether the client wants them ("" while they have said nothing).

    `gap` are the working days between two; `soft`: they go out unless the client says no.
    """

    letters: int
    gap: int
    answer: Literal["", "yes", "no"] = ""
    soft: bool = False


class Paper(View):
    """A document: what it is, its page, its PDF; signed or accepted `on` a day, as `word` says."""

    title: str
    number: str = ""
    word: Literal["", "signed", "accepted"] = ""
    on: date | None = None
    link: str
    pdf: str = ""


class Bill(View):
    """An invoice as its money stands: open, overdue, paid or credited."""

    number: str
    title: str
    gross: Money
    open: Money
    state: str
    due_on: date | None = None
    link: str = ""


class Contact(View):
    """Somebody the client may turn to, and what for."""

    person: Person
    what: str


class Happened(View):
    """Something that happened, in a sentence."""

    at: datetime
    text: str


class ProjectPage(Page):
    """`pages/project.html`, the client's.

    POST /j/{token}/stage: stage, version, decision (approve, comment), text, name. POST /j/{token}/change: stage, offer, total (gross,
    minor units), decision (accept, decline), name. POST /j/{token}/materials/{slug} (multipart): files, link, text, action (send,
    remove:<file id>). POST /j/{token}/training: slot or decision=decline, name. POST /j/{token}/course: decision (yes, no).
    `about` names the form that came back with problems: one of those, or material-<slug>. `changed`: what was answered had changed (409);
    `lost` is what was typed then. `refused` is a sentence on what is no longer possible. `read_only`: a staff link.
    """

    token: str
    title: str
    service_name: str
    client_name: str
    client_company: str = ""
    state: State
    on_hold: bool = False
    paused_for: str = ""
    turn: TurnView
    promise: PromiseView
    stages: list[StageLine]
    stage: StageView | None = None
    change: ChangeView | None = None
    act_link: str = ""
    materials: list[MaterialView] = []
    training: TrainingView | None = None
    course: CourseView | None = None
    documents: list[Paper] = []
    invoices: list[Bill] = []
    review_link: str = ""
    people: list[Contact] = []
    history: list[Happened] = []
    notice: str = ""
    changed: bool = False
    refused: str = ""
    lost: str = ""
    file_mb: int = 25
    files_max: int = 20
    file_kinds: str = ""
    about: str = ""
    form: Form = Form()
    read_only: bool = False
