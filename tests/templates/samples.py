"""Sample contexts for every page, letter and document: an ordinary one, a long one, a hostile one.

`python -m tests.templates.samples FOLDER` writes them all as files, to look at.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from models.money import Money, split
from models.pages import (
    LETTER_NEEDS,
    Accepted,
    ApplyPage,
    ApprovePage,
    BrandStyle,
    BriefDonePage,
    BriefPage,
    Choice,
    Chrome,
    ComebackPage,
    ContractWordPage,
    Difference,
    EstimateLine,
    FileView,
    Form,
    LetterView,
    LinkSentPage,
    LinkUnknownPage,
    OutboxLetterPage,
    OutboxPage,
    Page,
    ProposalDocument,
    ProposalPage,
    QualifyPage,
    QuestionView,
    SectionView,
    SentencePage,
    SentLetter,
    ShownIf,
    Source,
    ThanksPage,
    UnsubscribePage,
    View,
)
from models.proposal import (
    Node,
    Option,
    PaymentTerm,
    Person,
    Phase,
    PriceLine,
    Proof,
    Quote,
    ScopeItem,
    Snapshot,
    StudioCard,
    Totals,
)
from templates import STATIC, letter, render

AT = datetime(2026, 3, 12, 13, 5, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>{{7*7}}{% raw %}\u202eمرحبا עולם 🎉\r\nBcc: x@evil.example\u2028'\"></textarea><img src=file:///etc/passwd>"
STUDIO = StudioCard(
    name="Northlight",
    legal_name="Northlight Digital Ltd",
    address=["14 Harbour Street", "Dublin D02 X285", "Ireland"],
    tax_id="IE3628739UH",
    email="hello@northlight.example",
    phone="+353 1 555 0142",
    website="northlight.example",
    logo="",
    primary="#1f5c4d",
    accent="#e0a526",
)
CHROME = Chrome(studio=STUDIO, locale="en_GB", zone="Europe/Dublin")
ORLA = Person(name="Orla Brennan", role="Client director", email="orla@northlight.example", phone="+353 1 555 0143")
SERVICES = [
    Choice(value="landing-page", label="Landing page", hint="One page for one offer, measured from the first visitor."),
    Choice(value="corporate-site", label="Corporate site", hint="Who you are, what you do, and why people should call."),
    Choice(value="shop", label="Online shop", hint="Catalogue, basket, payment, and the tools to run it."),
    Choice(value="mobile-app", label="Mobile app", hint="iOS and Android from one code base."),
    Choice(value="marketing-site", label="Site as a marketing process", hint="Research, strategy, site, and a quarter of steering it."),
    Choice(value="support-plan", label="Support", hint="We look after a site that exists."),
]


def euros(amount: float) -> Money:
    """Euros from major units."""
    return Money.of_major(amount, "EUR")


def totals(net: float, days: int) -> Totals:
    """What `net` euros come to with 23 % VAT in three payments."""
    vat = euros(net).times("0.23")
    gross = euros(net) + vat
    return Totals(net=euros(net), vat=vat, gross=gross, days=days, payments=split(gross, [40, 40, 20]))


def snapshot(**over: Any) -> Snapshot:
    """A proposal for a maker of oak furniture who wants a site that brings enquiries."""
    given: dict[str, Any] = {
        "number": "P-2026-042", "version": 2, "deal_id": 42, "service": "corporate-site", "service_name": "Corporate site",
        "title": "A site that fills the order book of Hallam Oak", "locale": "en_GB", "currency": "EUR",
        "made_on": date(2026, 3, 12), "valid_until": date(2026, 4, 11), "studio": STUDIO,
        "client_name": "Margaret Hallam", "client_company": "Hallam Oak Ltd", "salesperson": ORLA,
        "greeting": "Dear Margaret,\nthank you for the care you took with our questions. This is what we propose, counted and priced, on the understanding that you can change any of it.",
        "task": [
            "Hallam Oak builds fitted kitchens and libraries for private houses. Nine enquiries in ten come by word of mouth; the present site is from 2016 and brings two a month.",
            "By the autumn fair the site should bring ten qualified enquiries a month from Leinster, and spare the workshop the calls that lead nowhere.",
        ],
        "quotes": [
            Quote(question="What should be different once the site is live?", answer="People should know our prices start at 18,000 before they ring. I lose a day a week to calls that end there."),
            Quote(question="Who decides to buy, and what do they fear?", answer="Couples over forty renovating a period house. They fear dust, delay and a joiner who vanishes."),
            Quote(question="Which sites do you like, and why?", answer="plainenglish.example, because you see the work first and nobody shouts."),
        ],
        "result": [
            "A site of 23 pages that shows finished rooms first and says what they cost.",
            "An enquiry form that asks for room, budget and date, so that only serious calls reach the workshop.",
            "A project library you fill yourself: photograph, three sentences, done.",
            "Figures every month: visitors, enquiries, and where they came from.",
        ],
        "scope": [
            ScopeItem(title="Page templates", description="Home, room type, project, process, prices, about, journal, contact, legal", quantity=9, unit="templates"),
            ScopeItem(title="Pages filled", description="Text from your notes, edited; pictures from your archive, retouched", quantity=23, unit="pages"),
            ScopeItem(title="Project library", description="Filter by room, timber and price band", quantity=1, unit="module"),
            ScopeItem(title="Enquiry form", description="Seven questions, spam protection, answer by mail within a minute", quantity=1, unit="form"),
            ScopeItem(title="Languages", description="English", quantity=1, unit="language"),
            ScopeItem(title="Rounds of changes in design", description="Each collected in one document", quantity=2, unit="rounds"),
            ScopeItem(title="Redirects from the old site", description="So that no bookmark and no search result is lost", quantity=64, unit="addresses"),
            ScopeItem(title="Training", description="For two people, recorded", quantity=2, unit="hours"),
        ],
        "structure": [
            Node(title="Home", note="Finished rooms, entry price, the way to an enquiry"),
            Node(title="Rooms", children=[Node(title="Kitchens"), Node(title="Libraries"), Node(title="Boot rooms"), Node(title="Staircases", note="from the brief: “we want more of these”")]),
            Node(title="Projects", children=[Node(title="Project library", note="filter by room, timber, price"), Node(title="Project page", note="12 at launch")]),
            Node(title="How we work", children=[Node(title="Visit and measure"), Node(title="Design"), Node(title="Workshop"), Node(title="Fitting", children=[Node(title="What about dust?")])]),
            Node(title="Prices"),
            Node(title="About", children=[Node(title="The workshop"), Node(title="People")]),
            Node(title="Journal"),
            Node(title="Enquiry", note="seven questions"),
        ],
        "materials": ["Logo as a vector file", "Photographs of twelve finished projects, at least 3,000 pixels wide", "Access to the present domain and hosting", "Two customers who agree to be quoted"],
        "lines": [
            PriceLine(title="Discovery and structure", net=euros(1960)), PriceLine(title="Design, nine templates", net=euros(5280)),
            PriceLine(title="Front end and content system", net=euros(6840)), PriceLine(title="Project library", net=euros(1720)),
            PriceLine(title="Filling 23 pages", net=euros(2300)), PriceLine(title="Testing, launch, redirects", net=euros(1480)),
            PriceLine(title="Project management", net=euros(1950)),
        ],
        "options": [
            Option(slug="photography", title="Two days of photography", description="Four finished rooms, with the people who live in them.", price=euros(2400), days=2),
            Option(slug="irish", title="Irish version", description="All 23 pages, translated and proofread.", price=euros(2850), days=6),
            Option(slug="adverts", title="First quarter of advertising", description="Search campaigns for Leinster, steered weekly. Media budget is yours.", price=euros(3600), days=0, needs=["measuring"]),
            Option(slug="measuring", title="Call and enquiry tracking", description="Which page and which advert an enquiry came from.", price=euros(780), days=1),
        ],
        "discount": euros(500), "discount_reason": "start before 1 April",
        "exclusions": ["Hosting and domain fees", "Texts in languages other than those listed", "Stock photographs", "Integration with the workshop's order software"],
        "assumptions": ["One person at Hallam Oak decides and answers within two working days", "Photographs exist in print quality", "The present site stays online until launch"],
        "timeline": [
            Phase(title="Discovery and structure", start=0, days=6), Phase(title="Prototype", start=6, days=5), Phase(title="Design", start=9, days=12),
            Phase(title="Front end", start=20, days=10), Phase(title="Content system, project library", start=24, days=12),
            Phase(title="Filling", start=32, days=9), Phase(title="Testing", start=38, days=5), Phase(title="Launch", start=42, days=2),
        ],
        "days": 44,
        "team": [
            ORLA.model_copy(update={"about": "Your contact before, during and after. Keeps the money and the promises."}),
            Person(name="Tomás Kelly", role="Project manager", about="Runs the plan and reports every Friday. Eleven corporate sites behind him."),
            Person(name="Anna Weiss", role="Designer", about="Came from furniture photography; knows what oak looks like at seven in the evening."),
            Person(name="Dele Okafor", role="Developer", about="Builds sites that load in under a second on a phone in the country."),
        ],
        "payments": [PaymentTerm(title="Deposit", percent=40, when="when the contract is signed"), PaymentTerm(title="Design", percent=40, when="when the design is approved"), PaymentTerm(title="Launch", percent=20, when="when the site is on your hosting")],
        "vat_percent": "23", "vat_note": "", "price_model": "fixed",
        "price_note": "The price is fixed for the scope above. Whatever comes on top is estimated first and done only when you say so.",
        "proof": [
            Proof(title="Carrick Stoneworks", text="From three enquiries a month to fourteen within two quarters; calls without a budget fell by two thirds.", source="Corporate site, 2024"),
            Proof(title="In a client's words", text="They asked better questions than our own board. The site went live on the day they had named in January.", source="Niamh Daly, managing director, Daly Windows"),
        ],
        "next_step": [
            "Accept on the page, and the contract is with you within a working day. Work can start on 7 April.",
            "If something is not as you meant it, ask for a change on the same page: you get a new version at the same address.",
        ],
    }
    return Snapshot.model_validate({**given, **over})


def document(**over: Any) -> ProposalDocument:
    """The proposal with one option ticked."""
    given = {"snapshot": snapshot(), "totals": totals(23430, 46), "plain_totals": totals(21030, 44), "selected": ["photography"],
             "zone": "Europe/Dublin", "link": "https://northlight.example/p/Qm9sZE9ha0hhbGxhbQ"}
    return ProposalDocument.model_validate({**given, **over})


def hostile_snapshot() -> Snapshot:
    """A proposal in which every word from outside is an attack."""
    return snapshot(
        title=HOSTILE, client_name=HOSTILE, client_company=HOSTILE, greeting=HOSTILE, task=[HOSTILE], result=[HOSTILE], materials=[HOSTILE],
        quotes=[Quote(question="What is it?", answer=HOSTILE)], scope=[ScopeItem(title=HOSTILE, description=HOSTILE, quantity=1, unit="piece")],
        structure=[Node(title=HOSTILE, note=HOSTILE, children=[Node(title="שלום"), Node(title="🎉 مرحبا")])], exclusions=[HOSTILE],
        assumptions=[HOSTILE], discount_reason=HOSTILE, studio=STUDIO.model_copy(update={"primary": "red;} body{display:none", "accent": HOSTILE}),
    )


def proposal_page(**over: Any) -> ProposalPage:
    """The live proposal, open, second version."""
    given = {
        "chrome": CHROME, "token": "tok", "document": document(),
        "differences": [
            Difference(title="Irish version", before="included, € 2,850.00", after="an option"),
            Difference(title="Rounds of changes in design", before="1", after="2"), Difference(title="Blog import", before="86 articles", after=""),
        ],
        "decline_reasons": [Choice(value="price", label="The price"), Choice(value="other", label="We chose another studio"), Choice(value="time", label="The time it takes"), Choice(value="plans", label="Our plans changed")],
    }
    return ProposalPage.model_validate({**given, **over})


def sections() -> list[SectionView]:
    """A questionnaire with every kind of question."""
    yes_no = [Choice(value="yes", label="Yes"), Choice(value="no", label="No")]
    return [
        SectionView(slug="business", title="Your business", intro="So that we propose what pays, not what looks busy.", asked=4, answered=4, questions=[
            QuestionView(slug="goal", kind="longtext", label="What should be different once the site is live?", hint="One thing you could count is worth ten adjectives.", required=True, value="Ten qualified enquiries a month."),
            QuestionView(slug="buyers", kind="text", label="Who buys from you?", required=True, value="Couples over forty renovating a period house"),
            QuestionView(slug="site", kind="link", label="Your present site", value="https://hallamoak.example"),
            QuestionView(slug="deadline", kind="date", label="Is there a day it must be live?", hint="A fair, a campaign, a law.", value="2026-09-01"),
        ]),
        SectionView(slug="scope", title="Size and functions", asked=6, answered=2, questions=[
            QuestionView(slug="pages", kind="number", label="Roughly how many pages?", unit="pages", required=True, value="23"),
            QuestionView(slug="languages", kind="choices", label="Which languages?", required=True, value=["en"], options=[Choice(value="en", label="English"), Choice(value="ga", label="Irish"), Choice(value="de", label="German", hint="Translated and proofread by us.")]),
            QuestionView(slug="texts", kind="choice", label="Who writes the texts?", required=True, options=[Choice(value="you", label="We write them"), Choice(value="studio", label="The studio writes them", hint="From a conversation of an hour per chapter."), Choice(value="old", label="They are taken from the old site")]),
            QuestionView(slug="shop", kind="choice", label="Will anything be sold on the site?", options=yes_no),
            QuestionView(slug="provider", kind="text", label="Which payment provider do you use?", shown_if=ShownIf(question="shop", any=["yes"])),
            QuestionView(slug="access", kind="choice", label="Must it meet an accessibility standard?", options=yes_no),
        ]),
        SectionView(slug="materials", title="Materials", asked=2, answered=1, questions=[
            QuestionView(slug="brand", kind="file", label="Logo and brand manual", hint="Vector files are best.", required=True, files=[FileView(id="f1", name="hallam-oak-logo-final-final-2.svg", size=48200), FileView(id="f2", name="brand manual.pdf", size=7340000)]),
            QuestionView(slug="more", kind="longtext", label="Anything else we should know?"),
        ]),
    ]


WRONG = Form(
    given={"name": "Margaret Hallam", "email": "margaret@hallam", "budget": "plenty", "service": "corporate-site"},
    problems={"email": "The e-mail address seems to be incomplete: margaret@hallam.", "budget": "Please give the budget as a number, such as 20000."},
)
LINES = [
    EstimateLine(slug="templates", title="Page templates", explanation="9 templates × 12 h design and 14 h front end.", role="Designer", low="180", hours="234", high="300", amount=euros(19890)),
    EstimateLine(slug="library", title="Project library", explanation="Flagged: “filter by price” is not in the rate card.", role="Developer", low="16", hours="24.5", high="48", amount=euros(2082.5), changed="client needs import, Tomás Kelly."),
    EstimateLine(slug="manage", title="Project management", explanation="12 % of all hours.", role="Manager", low="20", hours="31", high="40", amount=euros(2790)),
]
SENT = [
    SentLetter(id="3", deal_id=42, key="deal/42/proposal/v2/mail", to="margaret@hallamoak.example", subject="A new version of your proposal: Corporate site", at=AT),
    SentLetter(id="2", deal_id=42, key="deal/42/brief/r1/invitation", to="margaret@hallamoak.example", subject="A few questions about your project", at=AT),
    SentLetter(id="1", deal_id=None, key="link/renew/77", to="someone.with.a.very.long.address@subsidiary.hallamoak.example", subject="Your new link", at=AT),
]


def pages() -> dict[str, tuple[str, View]]:
    """Every page in every state: sample name → (template, record)."""
    staff = {"deal_id": 42, "client_name": "Margaret Hallam", "client_company": "Hallam Oak Ltd", "service_name": "Corporate site", "people": ["Orla Brennan", "Tomás Kelly"]}
    client = {"chrome": CHROME, "client_name": "Margaret", "service_name": "Corporate site"}
    apply = {"chrome": CHROME, "services": SERVICES, "started": "1773320700.sig", "currency": "EUR", "minimum": euros(8000)}
    lost = [Choice(value="price", label="Price"), Choice(value="silent", label="They went silent")]
    approve = {"chrome": CHROME, "token": "tok", "lines": LINES, "reasons": ["Larger than 250 hours", "The client answered “yes” to connecting an order system"], "low": euros(18000), "likely": euros(24762.5), "high": euros(33400), "days": 44, "brief_link": "/b/staff", **staff}
    contract = {"chrome": CHROME, "token": "tok", "total": euros(28818.9), "lost_reasons": lost, "today": date(2026, 3, 12), **staff}
    brief = {"token": "tok", "sections": sections(), **client}
    sentence = "This proposal was accepted on 12 March 2026. An accepted proposal cannot be declined."
    return {
        "apply": ("pages/apply.html", ApplyPage(**apply)),
        "apply-problems": ("pages/apply.html", ApplyPage(**apply, form=WRONG, source=Source(utm_source="newsletter", referrer="https://x.example/?a=1&b=2"))),
        "thanks": ("pages/thanks.html", ThanksPage(chrome=CHROME, email="margaret@hallamoak.example")),
        "qualify": ("pages/qualify.html", QualifyPage(token="tok", minimum=euros(8000), advice=["For a page or two under that sum, Small Harbour in Galway do honest work: smallharbour.example."], **client)),
        "qualify-out": ("pages/qualify.html", QualifyPage(token="tok", minimum=euros(8000), state="out", **client)),
        "qualify-talk": ("pages/qualify.html", QualifyPage(token="tok", minimum=euros(8000), state="talk", **client)),
        "qualify-closed": ("pages/qualify.html", QualifyPage(token="tok", minimum=euros(8000), state="closed", **client)),
        "brief": ("pages/brief.html", BriefPage(**brief, saved_at=AT)),
        "brief-staff": ("pages/brief.html", BriefPage(**brief, people=["Orla Brennan", "Tomás Kelly"], form=Form(problems={"who": "Please say who you are.", "q_texts": "Please choose who writes the texts.", "q_brand": "One file is larger than 25 MB."}))),
        "brief-late": ("pages/brief.html", BriefPage(**brief, sent_at=AT, proposal_exists=True)),
        "brief-done": ("pages/brief_done.html", BriefDonePage(chrome=CHROME, token="tok", client_name="Margaret", salesperson=ORLA)),
        "brief-saved": ("pages/brief_done.html", BriefDonePage(chrome=CHROME, token="tok", client_name="Margaret", salesperson=ORLA, saved_only=True)),
        "proposal": ("documents/proposal/page.html", proposal_page(differences=[])),
        "proposal-changed": ("documents/proposal/page.html", proposal_page(changed=True, stale=True)),
        "proposal-change-asked": ("documents/proposal/page.html", proposal_page(state="change_asked", notice="We sent the proposal to sean@hallamoak.example.")),
        "proposal-problem": ("documents/proposal/page.html", proposal_page(about="accept", form=Form(given={"name": ""}, problems={"name": "Please type your full name."}))),
        "proposal-accepted": ("documents/proposal/page.html", proposal_page(state="accepted", document=document(accepted=Accepted(name="Margaret Hallam", at=AT)), differences=[])),
        "proposal-declined": ("documents/proposal/page.html", proposal_page(state="declined", differences=[])),
        "proposal-expired": ("documents/proposal/page.html", proposal_page(state="expired", differences=[])),
        "proposal-on-hold": ("documents/proposal/page.html", proposal_page(state="on_hold", differences=[])),
        "proposal-hostile": ("documents/proposal/page.html", proposal_page(document=document(snapshot=hostile_snapshot()))),
        "proposal-bare": ("documents/proposal/page.html", proposal_page(document=document(snapshot=snapshot(options=[], quotes=[], structure=[], materials=[], proof=[], team=[], version=1), selected=[]), differences=[])),
        "comeback": ("pages/comeback.html", ComebackPage(token="tok", **client)),
        "comeback-done": ("pages/comeback.html", ComebackPage(token="tok", state="done", **client)),
        "comeback-closed": ("pages/comeback.html", ComebackPage(token="tok", state="closed", **client)),
        "approve": ("pages/approve.html", ApprovePage(**approve)),
        "approve-problem": ("pages/approve.html", ApprovePage(**approve, form=Form(given={"hours_library": "many"}, problems={"hours_library": "Hours are a number, such as 24.5.", "reason": "Please give a reason for the change of hours."}))),
        "approve-done": ("pages/approve.html", ApprovePage(**approve, state="approved", decided_by="Tomás Kelly")),
        "contract": ("pages/contract_word.html", ContractWordPage(**contract)),
        "contract-done": ("pages/contract_word.html", ContractWordPage(**contract, state="signed")),
        "link-unknown": ("pages/link_unknown.html", LinkUnknownPage(chrome=CHROME)),
        "link-sent": ("pages/link_sent.html", LinkSentPage(chrome=CHROME, email="margaret@hallamoak.example")),
        "refused": ("pages/refused.html", SentencePage(chrome=CHROME, sentence=sentence, back="/p/tok", back_label="Back to the proposal")),
        "error": ("pages/error.html", SentencePage(chrome=CHROME, sentence="We could not finish what you asked for. It has been noted, and somebody is told.")),
        "unsubscribe": ("pages/unsubscribe.html", UnsubscribePage(chrome=CHROME, action="/u/tok", email="margaret@hallamoak.example")),
        "unsubscribe-done": ("pages/unsubscribe.html", UnsubscribePage(chrome=CHROME, action="/u/tok", email="margaret@hallamoak.example", done=True)),
        "outbox": ("pages/outbox.html", OutboxPage(chrome=CHROME, letters=SENT)),
        "outbox-empty": ("pages/outbox.html", OutboxPage(chrome=CHROME, letters=[])),
        "outbox-letter": ("pages/outbox_letter.html", OutboxLetterPage(chrome=CHROME, letter=SENT[0], text="Hello Margaret,\n\nyour proposal …", frame="/outbox/3/html", links=["https://northlight.example/p/Qm9sZE9ha0hhbGxhbQ"])),
    }


FACTS = {
    "budget": "€12,000", "message": "We need a site that fills our order book.\nBy the autumn fair, if possible.", "source": "Recommendation: Daly Windows",
    "minimum": "€8,000", "advice": "For a smaller budget, Small Harbour in Galway do honest work: smallharbour.example.", "minutes": "15 minutes",
    "progress": "9 of 14 answered", "closes_on": "24 March", "changes": "Irish version: now an option\nRounds of changes in design: 2 instead of 1",
    "total": "€28,818.90", "hours": "289.5 h", "reasons": "Larger than 250 hours\nThe client wants an order system connected", "waiting": "2 days", "who": "Tomás Kelly",
    "reason": "The order system needs an hour with their supplier first.", "valid_until": "11 April 2026", "accepted_by": "Margaret Hallam",
    "accepted_on": "12 March 2026", "options": "Two days of photography", "from_name": "Margaret Hallam", "note": "Seán, have a look at the plan, please. I think it can work.",
    "document": "your proposal", "stage": "Proposal", "until": "1 June 2026",
}


def letter_view(name: str, value: str = "", **over: Any) -> LetterView:
    """What letter `name` needs and not a word more; `value` replaces every word that comes from outside."""
    needs = LETTER_NEEDS[name]
    address = "https://northlight.example/p/Qm9sZE9ha0hhbGxhbVByb3Bvc2FsVG9rZW4"
    given: dict[str, Any] = {
        "studio": STUDIO, "sender": ORLA, "recipient_name": value or ("Tomás" if needs.staff else "Margaret"), "deal_id": 42,
        "service_name": "Corporate site", "client_name": value or "Margaret Hallam", "client_company": value or "Hallam Oak Ltd",
        "link": address if needs.link else "", "links": {key: f"{address}/{key}" for key in needs.links},
        "facts": {key: value or FACTS[key] for key in needs.facts}, "unsubscribe": "https://northlight.example/u/Qm9s" if "reminder" in name and not needs.staff else "",
    }
    return LetterView.model_validate({**given, **over})


def brand() -> BrandStyle:
    """The sample studio's colours."""
    return BrandStyle(primary=STUDIO.primary, accent=STUDIO.accent)


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


if __name__ == "__main__":
    write(Path(sys.argv[1]))
