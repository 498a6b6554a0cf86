"""Sample words for the act of acceptance: what the German joinery got from the Irish studio, and an attack; its page in every state."""

from datetime import UTC, date, datetime
from typing import Any

from models.act import ActBody, ChangeDelivered, FaultMended, OpenPayment, StageDelivered, WorkingTime
from models.act_pages import ActDocument, ActPage
from models.cash_pages import EvidenceDocument
from models.contract import Evidence, Signature
from models.pages import Form, View
from models.proposal import Person
from tests.templates.contract_samples import ANNA, FINGERPRINT, HASHES, LONG, MAIL, RIGHT_TO_LEFT, TYPED, contract_body, hostile_body
from tests.templates.samples import CHROME, HOSTILE, euros

SIGNED_AT = datetime(2026, 6, 11, 9, 41, 7, tzinfo=UTC)
SOPHIE = Person(name="Sophie Keane", role="Project manager", email="sophie@northlight.example", phone="+353 1 555 0145")
FAULTS = "The contact form does not send from an iPhone.\nOn “Tische” two photographs are the wrong way round."
STAGES = [
    StageDelivered(title="Specification", on=date(2026, 4, 3), how="approved", by=ANNA),
    StageDelivered(title="Prototype", on=date(2026, 4, 14), how="approved", by="Jonas Vogt"),
    StageDelivered(title="Design", on=date(2026, 4, 29), how="silence"),
    StageDelivered(title="Pages", on=date(2026, 5, 8), how="done"),
    StageDelivered(title="Programming", on=date(2026, 5, 20), how="done"),
    StageDelivered(title="Content", on=date(2026, 6, 1), how="approved", by=ANNA),
    StageDelivered(title="Launch", on=date(2026, 6, 5), how="done"),
]
STEPS = [
    ("2026-06-05T09:12:40+00:00", "Version 1 was made by the system and frozen."),
    ("2026-06-05T09:12:55+00:00", "The link to it was mailed to anna.vogt@eichenhof.example."),
    ("2026-06-11T09:36:02+00:00", "Anna Vogt asked for code 1 to be mailed to anna.vogt@eichenhof.example."),
    ("2026-06-11T09:36:09+00:00", "Code 1 was handed over to anna.vogt@eichenhof.example's mail server."),
    ("2026-06-11T09:41:07+00:00", "Anna Vogt (Geschäftsführerin) gave code 1 and signed, from 91.64.18.203."),
]


def act_body(**over: Any) -> ActBody:
    """The act of a joinery's new site: one change, one stage accepted by silence, the last payment open."""
    contract = contract_body()
    named = FaultMended(
        version=1, text=FAULTS, by=ANNA, named_on=date(2026, 6, 8), mended_on=date(2026, 6, 10), note="The form was blocked by the consent banner."
    )
    done = (
        f"{contract.seller.name} has done the work agreed in contract {contract.number} of 23 March 2026 and hands it over to "
        f"{contract.buyer.name}. This act says what was delivered and when. By signing it {contract.buyer.name} accepts the work."
    )
    given: dict[str, Any] = {
        "number": "A-2026-042-2", "version": 2, "deal_id": 42, "locale": "en_GB", "currency": "EUR", "made_on": date(2026, 6, 10),
        "title": contract.title, "service_name": "Corporate site", "studio": contract.studio, "seller": contract.seller, "buyer": contract.buyer,
        "manager": SOPHIE, "contract": contract.number, "contract_on": contract.made_on, "contract_hash": HASHES[1],
        "intro": [done],
        "stages": STAGES, "options": ["Two days of photography"],
        "changes": [ChangeDelivered(text="A calculator for the price of a table, with the woods of the catalogue.", net=euros(1280), days=3)],
        "url": "https://eichenhof.example", "note": "Both languages are live. The old addresses lead to the new ones.", "faults": [named],
        "time": WorkingTime(
            agreed=50, worked=47, waited=6, planned_on=date(2026, 6, 3), promised_on=date(2026, 6, 12), done_on=date(2026, 6, 10)
        ),
        "gross": euros(24710), "payments": [OpenPayment(part=3, title="Ready to launch", number="NL-2026-0117", open=euros(7029)),
                                            OpenPayment(part=4, title="Change: A calculator", number="", open=euros(1280))],
        "warranty": [
            "The warranty of clause 9 of the contract begins on the day on which this act is signed, or on which the work counts as accepted.",
            "For six months from acceptance the studio puts right, free of charge, what does not work as Appendix 1 describes.",
        ],
        "silence": f"Should {contract.buyer.name} neither sign this act nor name faults, the studio reminds them twice. The work then counts as "
        "accepted, as the contract says.",
        "consent": f"I have checked the work that act A-2026-042-2 names, I accept it for {contract.buyer.name} under contract {contract.number}, "
        "and I am entitled to do so. I sign electronically and want it to bind like a signature on paper.",
    }  # fmt: skip
    return ActBody.model_validate({**given, **over})


def plain_act(**over: Any) -> ActBody:
    """The same as it mostly is: signed at once, all paid, nothing named, no warranty clause."""
    given: dict[str, Any] = {
        "version": 1, "faults": [], "changes": [], "options": [], "payments": [], "warranty": [], "silence": "", "url": "", "note": "",
        "time": WorkingTime(agreed=46, worked=44, waited=0, planned_on=date(2026, 6, 3), promised_on=date(2026, 6, 3), done_on=date(2026, 6, 1)),
    }  # fmt: skip
    return act_body(**{**given, **over})


def hostile_act() -> ActBody:
    """An act in which every word from outside is an attack, an endless word, or written from right to left."""
    bad = hostile_body()
    return act_body(
        title=HOSTILE + LONG, buyer=bad.buyer, studio=bad.studio, consent=HOSTILE, silence=HOSTILE, note=HOSTILE + RIGHT_TO_LEFT,
        intro=[HOSTILE, RIGHT_TO_LEFT], warranty=[HOSTILE, "A" * 300], options=[HOSTILE, "A" * 150], url="https://x.example/" + "a" * 300,
        stages=[StageDelivered(title=LONG * 2, on=date(2026, 4, 3), how="approved", by=HOSTILE)] * 2,
        changes=[ChangeDelivered(text=HOSTILE + "A" * 200, net=euros(10**7), days=1000)],
        faults=[FaultMended(version=1, text=HOSTILE + "A" * 300, by=HOSTILE, named_on=date(2026, 6, 8), mended_on=date(2026, 6, 9), note=HOSTILE)],
        payments=[OpenPayment(part=1, title=HOSTILE + LONG, number="N" * 60, open=euros(10**7))],
    )  # fmt: skip


def act_document(**over: Any) -> ActDocument:
    """The act as its page and its paper show it."""
    link = "https://northlight.example/t/qm9szke2v4hhbgxhbxnpz25lzaxwq3lt"
    return ActDocument.model_validate({"body": act_body(), "zone": "Europe/Dublin", "link": link, "digest": HASHES[0], **over})


def act_evidence(*, deemed: bool = False, **over: Any) -> EvidenceDocument:
    """The page of evidence of the signed act, or of the one that silence accepted."""
    body, agent = act_body(), "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15"
    signature = Signature(
        side="client", name=ANNA, role="Geschäftsführerin", email=MAIL, at=STEPS[4][0], how="mailed code", address="91.64.18.203", agent=agent,
        consent=body.consent,
    )  # fmt: skip
    warned = [(f"2026-06-{day}T09:00:04+00:00", "anna.vogt@eichenhof.example was warned that silence accepts.") for day in (19, 26)]
    silent = [*STEPS[:2], *warned, ("2026-07-03T09:00:02+00:00", "Nobody had answered: the work counts as accepted, as the contract says.")]
    steps = silent if deemed else STEPS
    stated = Evidence(
        kind="act", number=body.number, version=body.version, title=body.title, body_hash=HASHES[0], template_hash="" if deemed else HASHES[1],
        pdf_hash=HASHES[2], proposal_hash="", contract_hash=body.contract_hash, signatures=[] if deemed else [signature],
        deemed_at=steps[-1][0] if deemed else "", steps=steps, made_at=steps[-1][0],
    )  # fmt: skip
    given = {"evidence": stated, "contract": body, "zone": "Europe/Dublin", "fingerprint": FINGERPRINT}
    return EvidenceDocument.model_validate({**given, **over})


def act_page(**over: Any) -> ActPage:
    """The act's page, open."""
    given = {
        "chrome": CHROME, "token": "tok", "document": act_document(), "state": "open", "signer_name": ANNA, "signer_email": MAIL,
        "open": euros(8309), "closes_on": date(2026, 7, 3), "project_link": "/j/tok",
    }  # fmt: skip
    return ActPage.model_validate({**given, **over})


def act_pages() -> dict[str, tuple[str, View]]:
    """The act's page in every state: sample name → (template, record)."""
    code: dict[str, Any] = {"code_sent_to": MAIL, "code_until": datetime(2026, 6, 11, 9, 51, tzinfo=UTC), "tries_left": 5}
    wrong = Form(given=TYPED, problems={"code": "This is not the code we sent. You have 3 tries left.", "consent": "Please tick this to sign."})
    vague = Form(given={"text": "", "name": ANNA}, problems={"text": "Please say what is not as agreed."})
    late = "What you named is put right. The new version of the act comes in a moment."
    plain = act_document(body=plain_act())
    records = {
        "act": act_page(),
        "act-plain": act_page(document=plain, open=euros(0), closes_on=None, project_link=""),
        "act-code": act_page(**code, form=Form(given=TYPED)),
        "act-code-wrong": act_page(**{**code, "tries_left": 3}, may_resend=False, about="sign", form=wrong),
        "act-faults": act_page(state="faults", named=[FAULTS]),
        "act-faults-problem": act_page(about="faults", form=vague),
        "act-mending": act_page(state="mending"),
        "act-late": act_page(state="mending", refused=late, about="faults", form=Form(given={"text": "And the footer.", "name": ANNA})),
        "act-signed": act_page(state="signed", signed_by=ANNA, signed_at=SIGNED_AT, invoice_link="/i/tok"),
        "act-signed-paper": act_page(state="signed", document=plain, signed_by=ANNA, signed_on=date(2026, 6, 9), open=euros(0)),
        "act-deemed": act_page(state="deemed", deemed_on=date(2026, 7, 3)),
        "act-closed": act_page(state="closed"),
        "act-on-hold": act_page(state="on_hold"),
        "act-staff": act_page(read_only=True, state="faults", named=[FAULTS]),
        "act-hostile": act_page(document=act_document(body=hostile_act()), state="faults", named=[HOSTILE, "A" * 300], **code),
    }
    return {name: ("act", record) for name, record in records.items()}
