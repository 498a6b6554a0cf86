"""Sample pages of a project: the site of a maker of oak furniture, at every turn, as its client and as its manager see it."""

from datetime import UTC, date, datetime
from typing import Any

from models.pages import Choice, Form, View
from models.project_pages import (
    Bill,
    ChangeView,
    Contact,
    CourseView,
    Happened,
    MaterialView,
    Paper,
    ProjectPage,
    PromiseView,
    Reason,
    SentFile,
    StageLine,
    StageView,
    TrainingView,
    TurnView,
)
from models.proposal import Person
from models.work_pages import AccessLine, StageHours, WorkPage
from tests.templates.samples import CHROME, ORLA, euros

NOON = datetime(2026, 5, 4, 11, 20, tzinfo=UTC)
CLOSE = datetime(2026, 5, 4, 16, 30, tzinfo=UTC)
TOMASZ = Person(name="Tomasz Zielinski", role="Project manager", email="tomasz@northlight.example", phone="+353 1 555 0144")
MAIREAD = Person(name="Mairéad Nolan", role="Support", email="support@northlight.example", phone="+353 1 555 0150")
PLAN = [
    ("specification", "Specification", "2026-04-10", "An hour of reading, by somebody who knows your business, and one list of corrections."),
    ("prototype", "Prototype", "2026-04-22", "Half an hour of clicking through, best together with somebody who has never seen it."),
    ("design", "Design", "2026-05-12", "One decision of everybody who has a say, collected into one list of changes."),
    ("html", "Pages", "2026-05-20", ""),
    ("programming", "Programming", "2026-06-02", "Nothing, unless a system of yours has to be connected."),
    ("content", "Content", "2026-06-12", "The texts and pictures that are still missing, and one careful reading of every page."),
    ("testing", "Testing", "2026-06-18", "An hour of trying what your customers do, and the word that it may go live."),
    ("launch", "Launch", "2026-06-22", ""),
]
TOLD = [
    "This is how it will look. The texts may still be stand-ins; type, colours, pictures and spacing are meant as you see them.",
    "Please judge it as your customers would, on a phone as well as on a large screen. Collect what you want changed into one list: a list is a round.",
]
LIST = "The oak photographs are too dark on a phone.\nThe telephone number belongs at the top of every page.\nIrish version: Seán wants to see the headline first."


def line(done: int, *, is_over: bool = False) -> list[StageLine]:
    """The stages, so many of them done."""
    return [
        StageLine(
            slug=slug, title=title, state="done" if at < done else "now" if at == done and not is_over else "next", starts=date.fromisoformat(ends),
            ends=date.fromisoformat(ends), days=6, told=TOLD[0], asks=asks,
        )
        for at, (slug, title, ends, asks) in enumerate(PLAN)
    ]  # fmt: skip


def promise(**over: Any) -> PromiseView:
    """Three days later than planned, for two reasons."""
    given: dict[str, Any] = {"first": date(2026, 6, 17), "day": date(2026, 6, 22), "moved": 3, "reasons": [
        Reason(text="We waited for an answer to “Specification”", days=2), Reason(text="We need longer: the designer was ill.", days=1)]}  # fmt: skip
    return PromiseView.model_validate({**given, **over})


def materials(**places: str) -> list[MaterialView]:
    """The checklist; items that are not named are here."""
    items = {
        "logo": ("Your logo as a drawing, and the brand guide if there is one", "As a drawing (.svg, .pdf, .eps in a .zip), not as a picture from a letter.", "Design"),
        "photos": ("Photographs of the workshop and of at least twelve pieces", "The largest files you have, not the ones from your old site. Put many into one .zip, or send a link to a folder.", "Content"),
        "person": ("The name of one person who approves and decides", "Their name, e-mail and telephone.", ""),
        "terms": ("Terms of sale and privacy notice as your lawyer has checked them", "As your lawyer has checked it.", "Content"),
    }  # fmt: skip
    found = []
    for slug, (title, hint, before) in items.items():
        state, _, more = places.get(slug, "accepted").partition("/")
        files = [SentFile(id="7", name="hallam-oak-logo.zip", size=2_400_000, link="/w/tok/files/7")] if more in {"files", "back"} else []
        reason = "This is a picture of 300 pixels; it blurs on a large screen. Please ask whoever made the logo for the drawing." if more == "back" else ""
        found.append(MaterialView(
            slug=slug, title=title, hint=hint, state=state, before=before, needed_on=date(2026, 6, 3) if before else None, urgent=more in {"now", "back"},
            reason=reason, files=files, changed_at=NOON, fact=12,
        ))  # fmt: skip
    return sorted(found, key=lambda item: (item.state in {"accepted", "waived"}, not item.urgent))


def project_page(**over: Any) -> ProjectPage:
    """The page in the middle of production: the studio is at work."""
    given: dict[str, Any] = {
        "chrome": CHROME, "token": "tok", "title": "Corporate site for Hallam Oak", "service_name": "Corporate site", "client_name": "Margaret Hallam",
        "client_company": "Hallam Oak Ltd", "state": "open", "stages": line(2), "promise": promise(), "materials": materials(photos="missing", terms="missing"),
        "turn": TurnView(whose="studio", kind="working", titles=["Design"], since=NOON, who="Tomasz Zielinski", until=date(2026, 5, 12)),
        "course": CourseView(letters=5, gap=2), "file_kinds": ".pdf,.png,.zip",
        "documents": [
            Paper(title="Contract", number="NL-C-2026-0042", word="signed", on=date(2026, 3, 24), link="/c/tok", pdf="/c/tok.pdf"),
            Paper(title="Proposal", number="P-42-2", word="accepted", on=date(2026, 3, 20), link="/p/tok", pdf="/p/tok.pdf"),
        ],
        "invoices": [
            Bill(number="NL-2026-0007", title="Corporate site: deposit", gross=euros(11527.56), open=euros(0), state="paid", link="/i/tok"),
            Bill(number="NL-2026-0012", title="Corporate site: design approved", gross=euros(8645.67), open=euros(8645.67), state="overdue", due_on=date(2026, 5, 1), link="/i/tok2"),
        ],
        "people": [Contact(person=TOMASZ, what="Your project: the work, the dates, the materials"),
                   Contact(person=ORLA, what="Contract and money; and whatever you would rather not tell the manager")],
        "history": [
            Happened(at=NOON, text="You approved “Prototype”."), Happened(at=datetime(2026, 4, 20, 9, 5, tzinfo=UTC), text="We showed “Prototype”."),
            Happened(at=datetime(2026, 4, 12, 14, 40, tzinfo=UTC), text="You sent “Your logo as a drawing, and the brand guide if there is one”."),
        ],
    }  # fmt: skip
    return ProjectPage.model_validate({**given, **over})


def shown(**over: Any) -> StageView:
    """The design, as it was shown."""
    given: dict[str, Any] = {
        "slug": "design", "title": "Design", "place": "shown", "version": 2, "shown_at": NOON, "told": TOLD, "url": "https://test.northlight.example/hallam-oak/design",
        "note": "Margaret, the second list is all in. The Irish headline is on page three, for Seán.", "rounds": 2, "rounds_left": 1,
        "closes_on": date(2026, 6, 1), "silence": "accepts",
    }  # fmt: skip
    return StageView.model_validate({**given, **over})


def change() -> ChangeView:
    """A further list, with its price."""
    return ChangeView(
        stage="design", title="Design", offer=31, text="The three changes of your list of 4 May, with a new layout of the range for small screens.", hours="6",
        net=euros(480), vat=euros(110.4), gross=euros(590.4), days=2, day=date(2026, 6, 24), asked=LIST, closes_on=date(2026, 5, 18),
    )  # fmt: skip


SLOTS = [
    Choice(value=f"2026-06-{day}T09:00:00+00:00", label=f"{name}, {day} June 2026, {hour}:00 (Dublin time)")
    for day, name in ((25, "Thursday"), (26, "Friday")) for hour in (10, 14)
]  # fmt: skip
ASKED = TurnView(whose="client", kind="stage", titles=["Design"], since=NOON)
MISSING = TurnView(whose="client", kind="materials", titles=["Your logo", "Texts"], since=NOON)
TODAY = promise(answer_by=CLOSE)


def _client() -> dict[str, ProjectPage]:
    wait = materials(logo="missing/now", person="missing/now", photos="missing", terms="missing")
    begin = {"turn": MISSING, "stages": line(0), "materials": wait, "promise": promise(moved=0, reasons=[], day=date(2026, 6, 17), answer_by=CLOSE), "course": None, "history": []}
    done = {"stages": line(8), "promise": promise(finished=date(2026, 6, 19)), "materials": materials()}
    training = TrainingView(title="How to run your site yourself", minutes=90, place="By video; the link is in the calendar entry, and we record it for whoever cannot come.")
    act = Paper(title="Act of acceptance", number="NL-A-2026-0042", link="/t/tok", pdf="/t/tok.pdf")
    launch = {"stages": line(7), "materials": materials()}
    nameless = Form(given={"decision": "approve", "name": "", "stage": "design", "version": "2"}, problems={"name": "Please type your name."})
    wrong = Form(given={"link": "hallam oak", "text": "It is in the .zip."}, problems={
        "files": "“logo.pdf” is not a PDF: it looks like a program. 1 file is kept below and not sent yet.",
        "link": "Please give a web address that starts with https:// or http://.",
    })  # fmt: skip
    silent = Form(given={"decision": "comment", "text": "", "name": "Margaret Hallam"}, problems={"text": "Please say what should change."})
    taken = Form(given={"slot": SLOTS[0].value}, problems={"slot": "This time is no longer free. Please choose another."})
    return {
        "materials": project_page(**begin),
        "rejected": project_page(**{**begin, "stages": line(2), "materials": materials(logo="missing/back", photos="sent/files", terms="missing"), "promise": TODAY}),
        "material-problem": project_page(**{**begin, "materials": materials(logo="missing/files", person="missing/now"), "about": "material-logo", "form": wrong}),
        "check": project_page(turn=TurnView(whose="studio", kind="check", titles=["Your logo"], who="Tomasz Zielinski", since=NOON), materials=materials(logo="sent/files")),
        "working": project_page(),
        "late": project_page(promise=promise(late=2), on_hold=True),
        "shown": project_page(turn=ASKED, stage=shown(), promise=TODAY),
        "shown-last": project_page(turn=ASKED, stage=shown(rounds_left=0, silence="pauses", url="", note=""), promise=TODAY, course=CourseView(letters=5, gap=2, answer="yes")),
        "shown-problem": project_page(turn=ASKED, stage=shown(), promise=TODAY, about="stage", form=nameless),
        "shown-silent": project_page(turn=ASKED, stage=shown(), promise=TODAY, about="stage", form=silent),
        "shown-changed": project_page(turn=ASKED, stage=shown(version=3), promise=TODAY, changed=True, lost=LIST),
        "changes": project_page(turn=TurnView(whose="studio", kind="changes", titles=["Design"], who="Tomasz Zielinski", since=NOON), stage=shown(place="changes", comments=LIST),
                                notice="You asked for changes of “Design”."),
        "beyond": project_page(turn=TurnView(whose="studio", kind="price", titles=["Design"], who="Tomasz Zielinski", since=NOON), stage=shown(place="beyond", comments=LIST, rounds_left=0)),
        "change": project_page(turn=TurnView(whose="client", kind="change", titles=["Design"], since=NOON), change=change(), promise=TODAY),
        "change-problem": project_page(turn=TurnView(whose="client", kind="change", titles=["Design"], since=NOON), change=change(), promise=TODAY, about="change",
                                       form=Form(given={"name": ""}, problems={"name": "Please type your name: the change is ordered with it."})),
        "paused": project_page(turn=ASKED.model_copy(update={"since": NOON}), stage=shown(closes_on=None), promise=TODAY, state="paused", paused_for="your word on “Design”"),
        "launch": project_page(turn=TurnView(whose="studio", kind="launch", titles=["Launch"], who="Tomasz Zielinski", until=date(2026, 6, 22)), **launch),
        "act": project_page(turn=TurnView(whose="client", kind="act", titles=["Launch"], since=NOON), **launch, act_link="/t/tok", documents=[act], promise=TODAY),
        "act-made": project_page(turn=TurnView(whose="client", kind="act", titles=["Launch"], since=NOON), **launch, promise=TODAY),
        "faults": project_page(turn=TurnView(whose="studio", kind="faults", titles=["Launch"], who="Tomasz Zielinski"), **launch, documents=[act]),
        "training": project_page(turn=TurnView(whose="client", kind="training", since=NOON), state="completed", **done, training=training.model_copy(update={"slots": SLOTS})),
        "training-problem": project_page(turn=TurnView(whose="client", kind="training", since=NOON), state="completed", **done, about="training", form=taken,
                                         training=training.model_copy(update={"slots": SLOTS})),
        "handover": project_page(turn=TurnView(whose="studio", kind="handover", who="Tomasz Zielinski"), state="completed", **done,
                                 training=training.model_copy(update={"booked": SLOTS[1].label}), course=CourseView(letters=5, gap=2, answer="no")),
        "archive": project_page(turn=TurnView(whose="nobody", kind="support"), state="handed_over", **done, course=None, review_link="/v/tok",
                                people=[Contact(person=MAIREAD, what="Everything from now on")]),
        "archive-refused": project_page(turn=TurnView(whose="nobody", kind="support"), state="handed_over", **done, course=None,
                                        people=[Contact(person=MAIREAD, what="Everything from now on")],
                                        refused="This client was handed over to support for good. Please write to support; the project is not opened again."),
        "cancelled": project_page(turn=TurnView(whose="nobody", kind="cancelled"), state="cancelled", course=None, materials=[]),
        "plan": project_page(turn=TurnView(whose="studio", kind="plan", who="Tomasz Zielinski"), stages=line(0), course=None, history=[], promise=promise(moved=0, reasons=[])),
        "staff": project_page(turn=ASKED, stage=shown(), read_only=True, materials=materials(logo="sent/files", photos="missing")),
    }  # fmt: skip


def project_pages() -> dict[str, tuple[str, View]]:
    """Both pages in every state: sample name → (template, record)."""
    clients = {f"project-{name}": ("pages/project.html", record) for name, record in _client().items()}
    return clients | {f"work-{name}": ("pages/work.html", record) for name, record in _manager().items()}


def work_page(**over: Any) -> WorkPage:
    """The manager's page, while the design is being worked on."""
    given: dict[str, Any] = {
        "chrome": CHROME, "token": "tok", "deal_id": 42, "title": "Corporate site for Hallam Oak", "service_name": "Corporate site",
        "client_name": "Margaret Hallam", "client_company": "Hallam Oak Ltd", "client_email": "margaret@hallamoak.example", "client_phone": "+353 56 555 0101",
        "manager": "Tomasz Zielinski", "people": ["Orla Brennan", "Tomasz Zielinski"], "state": "open", "stages": line(2), "promise": promise(),
        "turn": TurnView(whose="studio", kind="working", titles=["Design"], since=NOON, who="Tomasz Zielinski", until=date(2026, 5, 12)),
        "materials": materials(photos="missing", terms="missing"), "may_waive": ["photos", "terms"], "stage": line(2)[2], "may_show": True, "may_move": True,
        "client_link": "/j/staff", "tracker_link": "https://tracker.northlight.example/projects/hallam-oak",
        "history": [Happened(at=NOON, text="Margaret Hallam approved “Prototype”."), Happened(at=NOON, text="We showed “Prototype”.")],
        "hours": [StageHours(title="Specification", worked="14.5", planned="16"), StageHours(title="Prototype", worked="31", planned="24"), StageHours(title="Besides", worked="3", planned="")],
        "worked": "48.5", "planned": "210",
    }  # fmt: skip
    return WorkPage.model_validate({**given, **over})


ACCESS = [
    AccessLine(what="Domain and name servers", where="Blacknight, account HALLAM-OAK", held_by="Margaret Hallam"),
    AccessLine(what="Hosting and backups", where="Our rack in Dublin", held_by="Support"), AccessLine(what=""),
]  # fmt: skip
CHECKLIST = ["It runs under its own address, with a valid certificate", "Forms and orders reach the right people; a test of each was answered", "A backup was made and brought back once"]


def _manager() -> dict[str, WorkPage]:
    closed: dict[str, Any] = {"stage": None, "may_show": False, "materials": materials(), "may_waive": []}
    came = {"materials": materials(logo="sent/files", photos="missing"), "may_check": ["logo"], "may_waive": ["logo", "photos"]}
    changes = TurnView(whose="studio", kind="changes", titles=["Design"], since=NOON)
    beyond = TurnView(whose="studio", kind="price", titles=["Design"], since=NOON)
    seen = {"versions": 2, "url": "https://test.northlight.example/hallam-oak/design"}
    done = {"stages": line(8), "promise": promise(finished=date(2026, 6, 19)), "state": "completed", "may_move": False, **closed}
    return {
        "working": work_page(),
        "check": work_page(turn=TurnView(whose="studio", kind="check", titles=["Your logo"], since=NOON), may_show=False, **came),
        "check-problem": work_page(turn=TurnView(whose="studio", kind="check", titles=["Your logo"], since=NOON), may_show=False, **came, about="material-logo",
                                   form=Form(given={"decision": "reject", "who": ""}, problems={"reason": "Please say what is wrong with it: the client reads it.", "who": "Please say who you are."})),
        "materials": work_page(turn=MISSING, stages=line(0), may_show=False, stage=None, materials=materials(logo="missing/now", person="missing/back"), may_waive=["logo", "person"]),
        "shown": work_page(turn=ASKED, shown=shown(), **seen),
        "changes": work_page(turn=changes, shown=shown(place="changes", comments=LIST), may_price=True, **seen),
        "beyond": work_page(turn=beyond, shown=shown(place="beyond", comments=LIST), may_price=True, **seen),
        "price-problem": work_page(turn=beyond, shown=shown(place="beyond", comments=LIST), may_price=True, **seen, about="change", changed=True,
                                   form=Form(given={"price": "a lot"}, problems={"text": "Please say what will be changed: the client reads it.", "price": "Please give the net price as a number, such as 480.00."})),
        "priced": work_page(turn=TurnView(whose="client", kind="change", titles=["Design"], since=NOON), change=change(), may_show=False, **seen),
        "paused": work_page(turn=ASKED, shown=shown(), state="paused", paused_for="your word on “Design”", **seen),
        "launch": work_page(turn=TurnView(whose="studio", kind="launch", titles=["Launch"], since=NOON), stages=line(7), **closed, may_launch=True, checklist=CHECKLIST),
        "launch-problem": work_page(turn=TurnView(whose="studio", kind="launch", titles=["Launch"], since=NOON), stages=line(7), **closed, may_launch=True, checklist=CHECKLIST, about="launch",
                                    form=Form(given={"item": CHECKLIST[0], "who": "Orla Brennan"}, problems={"item": f"Not ticked yet: {CHECKLIST[1]}.", "url": "Please give a web address that starts with https:// or http://."})),
        "faults": work_page(turn=TurnView(whose="studio", kind="faults", titles=["Launch"], since=NOON), stages=line(7), **closed, faults=LIST, faults_number=1),
        "completed": work_page(turn=TurnView(whose="studio", kind="handover", since=NOON), **done, may_list=True, access=ACCESS),
        "access-problem": work_page(turn=TurnView(whose="client", kind="training", since=NOON), **done, may_list=True, access=ACCESS, is_listed=True, about="access",
                                    form=Form(given={"where_0": "Blacknight, password: x"}, problems={"where_0": "This looks like a password.", "held_by_1": "Please say who holds it."})),
        "date-problem": work_page(about="date", form=Form(given={"days": "soon"}, problems={"days": "Please give the working days as a whole number, 1 or more."}),
                                  refused="This changed while you were reading.", changed=True, lost="The designer is ill.", on_hold=True),
        "handed-over": work_page(turn=TurnView(whose="nobody", kind="support"), **{**done, "state": "handed_over"}, access=ACCESS[:2], is_listed=True,
                                 refused="This client was handed over to support for good. Please write to support; the project is not opened again."),
        "cancelled": work_page(turn=TurnView(whose="nobody", kind="cancelled"), **{**done, "state": "cancelled"}, hours=[], history=[]),
    }  # fmt: skip
