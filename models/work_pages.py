"""What the project manager's page shows. Posted field names are in its docstring."""

from models.project_pages import ChangeView, Happened, MaterialView, PromiseView, StageLine, StageView, State, TurnView
from models.views import Form, Page, View


class StageHours(View):
    """Hours of a stage so far against what was estimated, as text ("12.5")."""

    title: str
    worked: str
    planned: str


class AccessLine(View):
    """One line of the access inventory."""

    what: str
    where: str = ""
    held_by: str = ""


class WorkPage(Page):
    """`pages/work.html`, the project manager's. Every POST carries `who`.

    POST /w/{token}/materials/{slug}: decision (accept, reject, waive), reason, fact (number of what was looked at). POST /w/{token}/stage:
    stage, version (shown so far), url, note. POST /w/{token}/change: stage, number (offers so far), text, hours, price, days.
    POST /w/{token}/launch: item (each one ticked), url, note. POST /w/{token}/mended: number (of the faults), note. POST /w/{token}/access:
    what_0, where_0, held_by_0 … POST /w/{token}/date: number (moves so far), days, reason. `about` names the form that came back:
    one of those, or material-<slug>. What `may` be said now has its form; `stage` is the current one, `shown` as the client sees it.
    """

    token: str
    deal_id: int
    title: str
    service_name: str
    client_name: str
    client_company: str = ""
    client_email: str = ""
    client_phone: str = ""
    manager: str = ""
    state: State
    on_hold: bool = False
    paused_for: str = ""
    turn: TurnView
    promise: PromiseView
    stages: list[StageLine]
    materials: list[MaterialView] = []
    may_check: list[str] = []
    may_waive: list[str] = []
    stage: StageLine | None = None
    shown: StageView | None = None
    change: ChangeView | None = None
    versions: int = 0
    offers: int = 0
    url: str = ""
    may_show: bool = False
    may_price: bool = False
    asks_approval: bool = True
    currency: str = "EUR"
    may_launch: bool = False
    checklist: list[str] = []
    faults: str = ""
    faults_number: int = 0
    may_list: bool = False
    is_listed: bool = False
    access: list[AccessLine] = []
    may_move: bool = False
    moves: int = 0
    hours: list[StageHours] = []
    worked: str = ""
    planned: str = ""
    client_link: str = ""
    tracker_link: str = ""
    history: list[Happened] = []
    people: list[str] = []
    changed: bool = False
    refused: str = ""
    lost: str = ""
    about: str = ""
    form: Form = Form()
