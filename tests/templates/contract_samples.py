"""Sample words for contract and evidence: an Irish studio, a German client with reverse charge, and an attack; every page in every state."""

import json
from datetime import UTC, date, datetime
from typing import Any

from models.cash_pages import ContractDetailsPage, ContractDocument, ContractPage, CountersignPage, DetailsForm, EvidenceDocument
from models.contract import ContractBody, Evidence, Instalment, Party, Signature, VatRule
from models.pages import Choice, ContractWordPage, Form, View
from models.proposal import Option, ScopeItem
from tests.templates.samples import CHROME, HERE, HOSTILE, STUDIO, euros

SIGNED_AT = datetime(2026, 3, 24, 14, 5, 12, tzinfo=UTC)
ANNA = "Anna Vogt"
MAIL = "anna.vogt@eichenhof.example"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH"
RIGHT_TO_LEFT = "مصنع الأثاث (2) \u202eABC\u202c"
TYPED: dict[str, str | list[str]] = {"name": "Anna Vogt", "role": "Managing director", "email": MAIL}
COUNTRIES = [
    Choice(value="AT", label="Austria"), Choice(value="DE", label="Germany"), Choice(value="IE", label="Ireland"),
    Choice(value="GB", label="United Kingdom"), Choice(value="US", label="United States"),
]  # fmt: skip
HASHES = [
    "4be1f7092cd53a68e7b0914fa2d6c8350e9b7d14f6a3c20815e7d94b6f3a02c8",
    "9d03a5e81b7c42f60e58d19c73ab46f20d6e8b59c1f7a3e40b25d86c97f1e34a",
    "07c6e2b94df1835a6b0e97d2c48f51a36e9d0b72f84c15ea3976d0b8e2f4c51d",
]
FINGERPRINT = ":".join(HASHES[1][at : at + 2].upper() for at in range(0, 64, 2))
STEPS = [
    ("2026-03-23T09:12:40+00:00", "Version 2 was made by orla@northlight.example and frozen."),
    ("2026-03-23T09:12:55+00:00", "The link to it was mailed to anna.vogt@eichenhof.example."),
    ("2026-03-24T13:58:02+00:00", "Anna Vogt asked for code 1 to be mailed to anna.vogt@eichenhof.example."),
    ("2026-03-24T13:58:09+00:00", "Code 1 was handed over to anna.vogt@eichenhof.example's mail server."),
    ("2026-03-24T14:02:31+00:00", "Anna Vogt asked for code 2 to be mailed to anna.vogt@eichenhof.example."),
    ("2026-03-24T14:02:38+00:00", "Code 2 was handed over to anna.vogt@eichenhof.example's mail server."),
    ("2026-03-24T14:05:12+00:00", "Code 2: 1 wrong try in all."),
    ("2026-03-24T14:05:12+00:00", "Anna Vogt (Geschäftsführerin) gave code 2 and signed, from 91.64.18.203."),
    ("2026-03-24T15:40:55+00:00", "Aoife Brennan signed for the studio."),
]


def contract_body(**over: Any) -> ContractBody:
    """The contract of a German joinery with an Irish studio (contract.json)."""
    given = json.loads((HERE / "contract.json").read_text("utf-8"))
    return ContractBody.model_validate({**given, "studio": STUDIO.model_dump(mode="json"), **over})


def taxed_body(**over: Any) -> ContractBody:
    """The same for an Irish client, with VAT, without discount and options."""
    parts = [(1, "Deposit", 40, 9372), (2, "Design approved", 30, 7029), (3, "Ready to launch", 30, 7029)]
    schedule = [
        Instalment(part=part, title=title, when="when it is there", percent=percent, net=euros(net), vat=euros(net * 0.23), gross=euros(net * 1.23))
        for part, title, percent, net in parts
    ]
    given: dict[str, Any] = {
        "vat": euros(5388.9), "gross": euros(28818.9), "schedule": schedule, "discount": euros(0), "options": [], "version": 1, "changes": [],
        "vat_rule": VatRule(category="S", percent="23", note="Irish VAT is added at the standard rate."),
        "buyer": Party(name="Hallam Oak Ltd", country="IE", address=["Unit 4, Baldonnel Park", "Dublin", "Ireland"]),
    }  # fmt: skip
    return contract_body(**{**given, **over})


def hostile_body() -> ContractBody:
    """A contract in which every word from outside is an attack, an endless word, or written from right to left."""
    lists = ("intro", "exclusions", "assumptions", "materials", "changes", "bank")
    buyer = Party(
        name=LONG * 2, contact=HOSTILE, country="DE", address=[HOSTILE, RIGHT_TO_LEFT, "A" * 150], registration="R" * 90, vat_id=HOSTILE,
        email="a" * 200 + "@x.example",
    )  # fmt: skip
    body = contract_body(title=HOSTILE + LONG, buyer=buyer, consent=HOSTILE, **{name: [HOSTILE, RIGHT_TO_LEFT] for name in lists})
    scope = [ScopeItem(title=LONG, description=HOSTILE, quantity=10**9, unit=HOSTILE)] * 3
    options = [Option(slug="x", title=HOSTILE, description="A" * 200, price=euros(1), days=1)]
    clauses = [body.clauses[0].model_copy(update={"title": LONG, "paragraphs": [HOSTILE, "A" * 300, RIGHT_TO_LEFT]}), *body.clauses[1:]]
    schedule = [part.model_copy(update={"title": LONG, "when": HOSTILE}) for part in body.schedule]
    studio = STUDIO.model_copy(update={"primary": "red;} body{display:none", "accent": HOSTILE})
    changed = {"scope": scope, "options": options, "clauses": clauses, "schedule": schedule, "studio": studio}
    return body.model_copy(update=changed)


def contract_document(**over: Any) -> ContractDocument:
    """The contract as its page and its paper show it."""
    link = "https://northlight.example/c/qm9szke2v4hhbgxhbxnpz25lzaxwq3lt"
    given = {"body": contract_body(), "zone": "Europe/Dublin", "link": link, "digest": HASHES[0]}
    return ContractDocument.model_validate({**given, **over})


def signatures() -> list[Signature]:
    """Both signatures of the sample contract."""
    agent = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3 Safari/605.1.15"
    return [
        Signature(
            side="client", name=ANNA, role="Geschäftsführerin", email=MAIL, at=STEPS[7][0], how="mailed code", address="91.64.18.203",
            agent=agent, consent=contract_body().consent,
        ),
        Signature(
            side="studio", name="Aoife Brennan", role="Director", email="aoife@northlight.example", at=STEPS[8][0], how="director's link",
            address="87.192.41.7", agent="Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0",
        ),
    ]  # fmt: skip


def evidence(**over: Any) -> EvidenceDocument:
    """The page of evidence of the signed sample."""
    body = contract_body()
    stated = Evidence(
        number=body.number, version=body.version, title=body.title, body_hash=HASHES[0], template_hash=HASHES[1], pdf_hash=HASHES[2],
        proposal_hash=body.proposal_hash, signatures=signatures(), steps=STEPS, made_at=STEPS[-1][0],
    )  # fmt: skip
    given = {"evidence": stated, "contract": body, "zone": "Europe/Dublin", "fingerprint": FINGERPRINT}
    return EvidenceDocument.model_validate({**given, **over})


def hostile_evidence() -> EvidenceDocument:
    """The page of evidence with attacks for words."""
    plain = evidence()
    texts = dict.fromkeys(("name", "role", "email", "how", "address", "agent", "consent"), HOSTILE)
    signed = [signature.model_copy(update={**texts, "side": side}) for signature, side in zip(signatures(), ("client", LONG), strict=True)]
    steps = [(at, f"{HOSTILE} {LONG}") for at, _ in STEPS[:3]]
    stated = plain.evidence.model_copy(update={"title": HOSTILE, "signatures": signed, "steps": steps})
    return plain.model_copy(update={"evidence": stated, "contract": hostile_body()})


def contract_page(**over: Any) -> ContractPage:
    """The contract's page, open."""
    given = {"chrome": CHROME, "token": "tok", "document": contract_document(), "state": "open", "signer_name": ANNA, "signer_email": MAIL}
    return ContractPage.model_validate({**given, **over})


Group = dict[str, tuple[str, View]]


def contract_pages() -> Group:
    """Every page about contracts in every state: sample name → (template, record)."""
    return {**_details(), **_contracts(), **_countersigning(), **_words()}


def _details() -> Group:
    given: dict[str, Any] = {"chrome": CHROME, "token": "tok", "client_name": ANNA, "service_name": "Corporate site", "total": euros(28818.9)}
    known: dict[str, str | list[str]] = {"legal_name": "Eichenhof Möbelwerkstatt GmbH", "country": "DE", "city": "Freiburg"}
    wrong = Form(
        given={**known, "vat_id": "DE12"},
        problems={
            "street": "Please give street and number.",
            "vat_id": "A German VAT number has the letters DE and nine digits.",
            "invoice_email": "This does not look like an e-mail address.",
        },
    )
    filled, bad = DetailsForm(countries=COUNTRIES, form=Form(given=known)), DetailsForm(countries=COUNTRIES, form=wrong)
    return {
        "contract-details": ("contract_details", ContractDetailsPage(**given, state="open", details=filled)),
        "contract-details-problems": ("contract_details", ContractDetailsPage(**given, state="open", details=bad)),
        "contract-details-staff": ("contract_details", ContractDetailsPage(**given, state="open", details=filled, read_only=True)),
        "contract-details-making": ("contract_details", ContractDetailsPage(**given, state="making", details=filled)),
        "contract-details-closed": ("contract_details", ContractDetailsPage(**given, state="closed", details=filled)),
    }


def _contracts() -> Group:
    changes = contract_body().changes
    code: dict[str, Any] = {"code_sent_to": MAIL, "code_until": datetime(2026, 3, 24, 14, 17, tzinfo=UTC), "tries_left": 5}
    signed: dict[str, Any] = {"signed_by": ANNA, "signed_at": SIGNED_AT}
    nameless = Form(given={"name": "", "role": "", "email": "anna@"}, problems={"role": "Please say in which role you sign.", "email": "Incomplete."})
    guessed = {"code": "That code is not right. You have 3 tries left.", "consent": "Please tick that you agree."}
    late = Form(given=TYPED, problems={"code": "That code has expired. Please ask for a new one."})
    last = Form(given=TYPED, problems={"code": "This is not the code we sent, and it was the last try. Please ask for a new code."})
    early = Form(given=TYPED, problems={"wait": "That was very often from one address. Please wait an hour, or call us."})
    vague = Form(given={"text": "", "name": ANNA}, problems={"text": "Please say what should be different."})
    records = {
        "contract": contract_page(changes=changes),
        "contract-first": contract_page(document=contract_document(body=taxed_body(), digest="")),
        "contract-problems": contract_page(about="code", form=nameless),
        "contract-code": contract_page(**code, form=Form(given=TYPED), notice="The code is on its way."),
        "contract-code-wrong": contract_page(**{**code, "tries_left": 3}, may_resend=False, about="sign", form=Form(given=TYPED, problems=guessed)),
        "contract-code-spent": contract_page(**{**code, "tries_left": 0}, form=Form(given=TYPED)),
        "contract-code-spent-wait": contract_page(**{**code, "tries_left": 0}, may_resend=False),
        "contract-code-late": contract_page(about="sign", form=late),
        "contract-change-problem": contract_page(about="change", form=vague),
        "contract-changed": contract_page(changed=True, changes=changes),
        "contract-code-last": contract_page(**{**code, "tries_left": 0}, about="sign", form=last),
        "contract-code-early": contract_page(**code, about="sign", form=early),
        "contract-change-asked": contract_page(state="change_asked"),
        "contract-countersigning": contract_page(state="countersigning", **signed),
        "contract-signed": contract_page(state="signed", **signed, invoice_link="/i/tok"),
        "contract-signed-paper": contract_page(state="signed"),
        "contract-void": contract_page(state="void"),
        "contract-closed": contract_page(state="closed"),
        "contract-on-hold": contract_page(state="on_hold"),
        "contract-staff": contract_page(read_only=True, changes=changes),
        "contract-hostile": contract_page(document=contract_document(body=hostile_body()), changes=[HOSTILE], **code),
    }
    return {name: ("contract", record) for name, record in records.items()}


def _countersigning() -> Group:
    given: dict[str, Any] = {"chrome": CHROME, "token": "tok", "body": contract_body(), "pdf": "/c/tok.pdf", "signed_by": ANNA}
    given |= {"signed_role": "Geschäftsführerin", "signed_at": SIGNED_AT}
    people = ["Aoife Brennan", "Orla Brennan"]
    irish: dict[str, Any] = {**given, "body": taxed_body()}
    attack: dict[str, Any] = {**given, "body": hostile_body(), "signed_by": HOSTILE}
    unsure = Form(given={"name": "Aoife Brennan"}, problems={"decision": "Please press one of the buttons."})
    silent = Form(given={"name": "Aoife Brennan"}, problems={"reason": "Please give a reason: Orla Brennan has to explain it."})
    return {
        "countersign": ("countersign", CountersignPage(**given, state="open", people=people)),
        "countersign-problem": ("countersign", CountersignPage(**given, state="open", people=people, form=silent)),
        "countersign-nobody": ("countersign", CountersignPage(**irish, state="open")),
        "countersign-signed": ("countersign", CountersignPage(**given, state="signed", decided_by="Aoife Brennan")),
        "countersign-refused": ("countersign", CountersignPage(**given, state="refused", decided_by="Aoife Brennan")),
        "countersign-closed": ("countersign", CountersignPage(**given, state="closed")),
        "countersign-hostile": ("countersign", CountersignPage(**attack, state="open", people=[LONG])),
        "countersign-unsure": ("countersign", CountersignPage(**given, state="open", people=people, form=unsure)),
    }


def _words() -> Group:
    lost = [Choice(value="price", label="Price"), Choice(value="silent", label="They went silent")]
    given: dict[str, Any] = {"chrome": CHROME, "token": "tok", "deal_id": 42, "client_name": ANNA, "client_company": "Eichenhof Möbelwerkstatt GmbH"}
    given |= {"service_name": "Corporate site", "total": euros(23430), "lost_reasons": lost, "today": date(2026, 3, 24)}
    given |= {"people": ["Orla Brennan", "Tomás Kelly"]}
    typed: dict[str, str | list[str]] = {"decision": "signed", "name": ANNA, "role": "", "signed_on": "2026-03-24"}
    wrong = Form(given=typed, problems={"role": "Please say in which role they signed.", "scan": "This file is neither a PDF nor a picture."})
    return {
        "contract-word": ("contract_word", ContractWordPage(**given)),
        "contract-word-problems": ("contract_word", ContractWordPage(**given, form=wrong)),
        "contract-word-done": ("contract_word", ContractWordPage(**given, state="signed")),
        "contract-word-lost": ("contract_word", ContractWordPage(**given, state="lost")),
    }
