"""Every page in every state, with ordinary words in it.

`python -m tests.templates.sample_pages FOLDER` writes pages, letters and paper as files, to look at.
"""

import json
import sys
from pathlib import Path
from typing import Any

from models.pages import (
    LETTER_NEEDS,
    Accepted,
    ApplyPage,
    ApprovePage,
    BriefDonePage,
    BriefPage,
    Choice,
    ComebackPage,
    CourseOffPage,
    Difference,
    EstimateLine,
    Form,
    LinkSentPage,
    LinkUnknownPage,
    OutboxLetterPage,
    OutboxPage,
    ProposalPage,
    QualifyPage,
    SectionView,
    SentencePage,
    SentLetter,
    Source,
    ThanksPage,
    UnsubscribePage,
    View,
)
from models.reference_page import Call, CallGroup, Parameter, RecordField, RecordView, ReferencePage, Reply
from templates import STATIC, letter, render
from tests.templates.act_samples import act_document, act_evidence, act_pages, hostile_act
from tests.templates.contract_samples import contract_document, contract_pages, evidence, hostile_body, hostile_evidence
from tests.templates.invoice_samples import hostile_invoice, invoice_document, invoice_pages, long_invoice
from tests.templates.project_samples import project_pages
from tests.templates.report_samples import report_pages
from tests.templates.review_samples import review_pages
from tests.templates.samples import (
    AT,
    CHROME,
    HERE,
    ORLA,
    SERVICES,
    brand,
    document,
    euros,
    hostile_snapshot,
    letter_view,
    snapshot,
)

MARGARET = "margaret@hallamoak.example"
PEOPLE = ["Orla Brennan", "Tomás Kelly"]
LINES = [EstimateLine.model_validate(line) for line in json.loads((HERE / "estimate.json").read_text("utf-8"))]
DIFFERENCES = [
    Difference(title="Irish version", before="included, €2,850.00", after="an option"),
    Difference(title="Rounds of changes in design", before="1", after="2"),
    Difference(title="Blog import", before="86 articles", after=""),
]
REASONS = [
    Choice(value="price", label="The price"),
    Choice(value="other", label="We chose another studio"),
    Choice(value="time", label="The time it takes"),
    Choice(value="plans", label="Our plans changed"),
]


def sections() -> list[SectionView]:
    """A questionnaire with every kind of question (brief.json)."""
    return [SectionView.model_validate(section) for section in json.loads((HERE / "brief.json").read_text("utf-8"))]


def proposal_page(**over: Any) -> ProposalPage:
    """The live proposal, open."""
    given = {"chrome": CHROME, "token": "tok", "document": document(), "decline_reasons": REASONS}
    return ProposalPage.model_validate({**given, **over})


def pages() -> dict[str, tuple[str, View]]:
    """Every page in every state: sample name → (template, record)."""
    groups = {"pages": {**_intake(), **_briefs(), **_staff(), **contract_pages(), **act_pages(), **_around()}, "documents/proposal": _proposals()}
    found = {name: (f"{folder}/{template}.html", record) for folder, group in groups.items() for name, (template, record) in group.items()}
    return found | invoice_pages() | project_pages() | report_pages() | review_pages()


Group = dict[str, tuple[str, View]]


def _intake() -> Group:
    given: dict[str, Any] = {"chrome": CHROME, "services": SERVICES, "started": "1773320700.sig", "currency": "EUR", "minimum": euros(8000)}
    wrong = Form(
        given={"name": "Margaret Hallam", "email": "margaret@hallam", "budget": "plenty", "service": "corporate-site"},
        problems={
            "email": "The e-mail address seems to be incomplete: margaret@hallam.",
            "budget": "Please give the budget as a number, such as 20000.",
        },
    )
    source = Source(utm_source="newsletter", referrer="https://x.example/?a=1&b=2")
    advice = ["For a page or two under that sum, Small Harbour in Galway do honest work: smallharbour.example."]
    asked: dict[str, Any] = {"chrome": CHROME, "token": "tok", "client_name": "Margaret", "service_name": "Corporate site"}
    asked |= {"minimum": euros(8000), "advice": advice}
    return {
        "apply": ("apply", ApplyPage(**given)),
        "apply-problems": ("apply", ApplyPage(**given, form=wrong, source=source)),
        "apply-referred": ("apply", ApplyPage(**given, referral="tok")),
        "thanks": ("thanks", ThanksPage(chrome=CHROME, email=MARGARET)),
        "qualify": ("qualify", QualifyPage(**asked)),
        "qualify-out": ("qualify", QualifyPage(**asked, state="out")),
        "qualify-talk": ("qualify", QualifyPage(**asked, state="talk")),
        "qualify-closed": ("qualify", QualifyPage(**asked, state="closed")),
    }


def _briefs() -> Group:
    given: dict[str, Any] = {"chrome": CHROME, "token": "tok", "client_name": "Margaret", "service_name": "Corporate site"}
    given |= {"sections": sections()}
    wrong = Form(
        problems={
            "who": "Please say who you are.",
            "q_texts": "Please choose who writes the texts.",
            "q_brand": "One file is larger than 25 MB.",
        },
    )
    done: dict[str, Any] = {"chrome": CHROME, "token": "tok", "client_name": "Margaret", "salesperson": ORLA}
    back: dict[str, Any] = {"chrome": CHROME, "token": "tok", "client_name": "Margaret", "service_name": "Corporate site"}
    return {
        "brief": ("brief", BriefPage(**given, saved_at=AT)),
        "brief-staff": ("brief", BriefPage(**given, people=PEOPLE, form=wrong)),
        "brief-late": ("brief", BriefPage(**given, sent_at=AT, proposal_exists=True)),
        "brief-read": ("brief", BriefPage(**given, sent_at=AT, read_only=True)),
        "brief-done": ("brief_done", BriefDonePage(**done)),
        "brief-done-late": ("brief_done", BriefDonePage(**done, proposal_exists=True)),
        "brief-saved": ("brief_done", BriefDonePage(**done, saved_only=True)),
        "comeback": ("comeback", ComebackPage(**back)),
        "comeback-done": ("comeback", ComebackPage(**back, state="done")),
        "comeback-closed": ("comeback", ComebackPage(**back, state="closed")),
    }


def _proposals() -> Group:
    accepted = document(accepted=Accepted(name="Margaret Hallam", at=AT))
    bare = document(snapshot=snapshot(version=1, **{name: [] for name in ("options", "quotes", "structure", "materials", "proof", "team")}))
    nameless = Form(given={"name": ""}, problems={"name": "Please type your full name."})
    records = {
        "proposal": proposal_page(),
        "proposal-changed": proposal_page(changed=True, stale=True, differences=DIFFERENCES),
        "proposal-change-asked": proposal_page(state="change_asked", notice="We sent the proposal to sean@hallamoak.example."),
        "proposal-problem": proposal_page(about="accept", form=nameless),
        "proposal-accepted": proposal_page(state="accepted", document=accepted),
        "proposal-declined": proposal_page(state="declined"),
        "proposal-expired": proposal_page(state="expired"),
        "proposal-on-hold": proposal_page(state="on_hold"),
        "proposal-hostile": proposal_page(document=document(snapshot=hostile_snapshot()), differences=DIFFERENCES),
        "proposal-bare": proposal_page(document=bare.model_copy(update={"selected": []})),
    }
    return {name: ("page", record) for name, record in records.items()}


def _staff() -> Group:
    given: dict[str, Any] = {"chrome": CHROME, "token": "tok", "deal_id": 42, "client_name": "Margaret Hallam", "people": PEOPLE}
    given |= {"client_company": "Hallam Oak Ltd", "service_name": "Corporate site"}
    counted: dict[str, Any] = {
        "low": euros(18000),
        "likely": euros(24762.5),
        "high": euros(33400),
        "days": 44,
        "lines": LINES,
        "brief_link": "/b/staff",
    }
    counted |= {"reasons": ["Larger than 250 hours", "The client answered “yes” to connecting an order system"]}
    wrong = Form(
        given={"hours_library": "many"},
        problems={"hours_library": "Hours are a number, such as 24.5.", "reason": "Please give a reason for the change of hours."},
    )
    return {
        "approve": ("approve", ApprovePage(**given, **counted)),
        "approve-problem": ("approve", ApprovePage(**given, **counted, form=wrong)),
        "approve-read": ("approve", ApprovePage(**given, **counted, state="read")),
        "approve-done": ("approve", ApprovePage(**given, **counted, state="approved", decided_by="Tomás Kelly")),
    }


def reference() -> ReferencePage:
    """The page about the HTTP interface, with a call and a record."""
    parameter = Parameter(name="deal_id", where="path", type="integer", required=True, text="Number of the deal.")
    call = Call(
        method="GET", path="/api/deals/{deal_id}", title="Read a deal", text="Whole.", parameters=[parameter], takes=["DealCard"],
        replies=[Reply(status="200", text="Here it is", schema_name="DealCard"), Reply(status="404", text="There is none")],
    )  # fmt: skip
    record = RecordView(name="DealCard", text="A deal.", example='{"id": 1}', fields=[
        RecordField(name="id", type="integer", required=True, text="Its number."), RecordField(name="cards", type="list of", required=False, of=["DealCard"]),
    ])  # fmt: skip
    return ReferencePage(
        chrome=CHROME, title="The HTTP interface", about=["Keys are sent as a header."], records=[record],
        groups=[CallGroup(title="Deals", text="Read them.", calls=[call])],
    )  # fmt: skip


def _around() -> Group:
    long = "someone.with.a.very.long.address@subsidiary.hallamoak.example"
    new = "A new version of your proposal: Corporate site"
    sent = [
        SentLetter(id="3", deal_id=42, key="deal/42/proposal/v2/mail", to=MARGARET, subject=new, at=AT),
        SentLetter(id="2", deal_id=42, key="deal/42/brief/r1/mail", to=MARGARET, subject="A few questions about your project", at=AT),
        SentLetter(id="1", deal_id=None, key="link/renew/77", to=long, subject="Your new link", at=AT),
    ]
    link = "https://northlight.example/p/Qm9sZE9ha0hhbGxhbQ"
    shown = OutboxLetterPage(chrome=CHROME, letter=sent[0], text="Hello Margaret,\n\n…", frame="/outbox/3/html", links=[link])
    settled = "This proposal was accepted on 12 March 2026. An accepted proposal cannot be declined."
    refused = SentencePage(chrome=CHROME, sentence=settled, back="/p/tok", back_label="Back to the proposal")
    broken = "We could not finish what you asked for. It has been noted, and somebody is told."
    return {
        "link-unknown": ("link_unknown", LinkUnknownPage(chrome=CHROME)),
        "link-sent": ("link_sent", LinkSentPage(chrome=CHROME, email=MARGARET)),
        "refused": ("refused", refused),
        "error": ("error", SentencePage(chrome=CHROME, sentence=broken)),
        "unsubscribe": ("unsubscribe", UnsubscribePage(chrome=CHROME, action="/u/tok", email=MARGARET)),
        "unsubscribe-done": ("unsubscribe", UnsubscribePage(chrome=CHROME, action="/u/tok", email=MARGARET, done=True)),
        "course-off": ("course_off", CourseOffPage(chrome=CHROME, action="/x/tok", email=MARGARET)),
        "course-off-done": ("course_off", CourseOffPage(chrome=CHROME, action="/x/tok", email=MARGARET, done=True)),
        "outbox": ("outbox", OutboxPage(chrome=CHROME, letters=sent)),
        "outbox-empty": ("outbox", OutboxPage(chrome=CHROME, letters=[])),
        "outbox-letter": ("outbox_letter", shown),
        "reference": ("reference", reference()),
    }


def write(folder: Path) -> None:
    """Every sample as a file below `folder`, pages with the stylesheets and scripts beside them."""
    for part in ("pages", "mail", "print"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    if not (folder / "static").exists():
        (folder / "static").symlink_to(STATIC)
    for name, (template, record) in pages().items():
        (folder / "pages" / f"{name}.html").write_text(render(template, record.context()), encoding="utf-8")
    (folder / "brand.css").write_text(render("pages/brand.css", brand().context()), encoding="utf-8")
    for name in LETTER_NEEDS:
        parts = letter(name, letter_view(name).context())
        (folder / "mail" / f"{name}.html").write_text(parts.html, encoding="utf-8")
        (folder / "mail" / f"{name}.txt").write_text(f"{parts.subject}\n\n{parts.text}", encoding="utf-8")
    for name, record in {"proposal": document(), "hostile": document(snapshot=hostile_snapshot())}.items():
        (folder / "print" / f"{name}.html").write_text(render("documents/proposal/print.html", record.context()), encoding="utf-8")
    papers: dict[str, tuple[str, View]] = {
        "contract": ("contract", contract_document()),
        "contract-hostile": ("contract", contract_document(body=hostile_body())),
        "evidence": ("evidence", evidence()),
        "evidence-hostile": ("evidence", hostile_evidence()),
        "act": ("act", act_document()),
        "act-hostile": ("act", act_document(body=hostile_act())),
        "act-evidence": ("evidence", act_evidence()),
        "act-evidence-deemed": ("evidence", act_evidence(deemed=True)),
    }
    for name, (kind, record) in papers.items():
        (folder / "print" / f"{name}.html").write_text(render(f"documents/{kind}/print.html", record.context()), encoding="utf-8")
    invoices = {"invoice": invoice_document(), "invoice-long": invoice_document(long_invoice()), "invoice-hostile": invoice_document(hostile_invoice())}
    for name, record in invoices.items():
        (folder / "print" / f"{name}.html").write_text(render("documents/invoice/print.html", record.context()), encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
