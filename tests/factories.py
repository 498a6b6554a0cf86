"""Rows and letters as tests need them: keyword defaults, whatever does not matter is filled in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session

from models import cash, contract_signature, contracts, documents, inbox, invoices, payments, pricing, proposals, signing, waiting, wanted
from models.answers import Answer, ProposalAnswer
from models.cash_answers import CodeAsked, ContractDetails, Countersigned
from models.cash_tables import Invoice, Payment
from models.facts import News, keep, subject
from models.money import Money
from models.payments import Incoming
from models.proposal import Snapshot
from models.setup import Answers
from models.signature import Signer
from models.stages import RunState, Stage
from models.tables import Brief, Client, Deal, Document, Fact, StageRun, Wait
from models.totals import totals
from models.tracks import Sales
from tests.fakes import MONDAY
from tests.remembered import remembered
from tests.studio import answers_for, the_company

_numbers = count(1)


def a_client(session: Session, *, name: str = "Orla Byrne", email: str | None = None, **values: Any) -> Client:
    """Somebody who wrote to us; each has an address of their own unless one is given."""
    email = f"orla{next(_numbers)}@acme.example" if email is None else email
    client = Client(**{"name": name, "email": email, "phone": "", "company": "Acme", "locale": "en_IE", "opened_at": MONDAY} | values)
    session.add(client)
    session.flush()
    return client


def a_deal(session: Session, *, client: Client | None = None, sales: Sales = Sales.RECEIVED, **values: Any) -> Deal:
    """A deal at any place of the sale."""
    client = client or a_client(session)
    defaults = {
        "client_id": client.id, "service": "landing-page", "sales": sales.value, "salesperson": "conor@northlight.example", "currency": "EUR",
        "locale": "en_IE", "message": "A new page, please.", "budget": 900_000, "opened_at": MONDAY, "source": {"utm_source": "newsletter"},
    }  # fmt: skip
    deal = Deal(**defaults | values)
    session.add(deal)
    session.flush()
    return deal


def a_fact(session: Session, deal: Deal | None, kind: str = "deal.noted", *, noun: str = "deal", at: datetime = MONDAY, **values: Any) -> Fact:
    """A fact about a deal, from a source of its own."""
    defaults: dict[str, Any] = {"kind": kind, "source": "test", "external_id": f"{next(_numbers)}", "actor": "client", "payload": {}}
    if deal:
        defaults |= {"deal_id": deal.id, "subject": subject(deal.id or 0, deal.round, noun)}
    return keep(session, News(**defaults | values), now=at)[0]


def an_application(session: Session, *, at: datetime = MONDAY, key: str = "", **payload: Any) -> Fact:
    """A raw application, kept, its intake wanted."""
    body = {"service": "landing-page", "name": "Orla Byrne", "email": "orla@acme.example", "company": "Acme", "message": "A page."} | payload
    return inbox.apply(session, body, source="form", external_id=key or f"application-{next(_numbers)}", actor="client", now=at)[0]


def a_brief(session: Session, deal: Deal, answers: Answers | None = None, *, at: datetime = MONDAY, sent: bool = True) -> Brief:
    """A filled brief; sent ones have a version."""
    filled = dict(answers_for(deal.service) if answers is None else answers)
    brief = session.get(Brief, deal.id) or Brief(deal_id=deal.id or 0, saved_at=at)
    brief.answers, brief.revision = filled, brief.revision + 1
    session.add(brief)
    if sent:
        documents.add_version(session, deal, "brief", {"answers": filled}, made_by="client", now=at)
        brief.sent_at = at
    session.flush()
    return brief


def an_estimate(session: Session, deal: Deal, *, at: datetime = MONDAY, why: str = "brief v1, round 1") -> Document:
    """The estimate of a deal's brief as it is."""
    company, brief = the_company(), session.get(Brief, deal.id) or a_brief(session, deal, at=at)
    counted = pricing.estimate(company.rates, deal.service, brief.answers, company.briefs[deal.service])
    sent = documents.latest(session, deal.id or 0, "brief")
    made_from = {"brief": sent.version if sent else 0}
    return documents.add_version(
        session, deal, "estimate", counted.model_dump(mode="json"), made_by="system", why=why, now=at, made_from=made_from
    )


def a_proposal(session: Session, deal: Deal, *, at: datetime = MONDAY) -> Document:
    """A live proposal of a deal, with brief and estimate behind it."""
    if documents.latest(session, deal.id or 0, "estimate") is None:
        an_estimate(session, deal, at=at)
    return proposals.publish(session, the_company(), deal, now=at, made_by="system")


def an_acceptance(document: Document, *, selection: list[str] | None = None, **values: Any) -> ProposalAnswer:
    """The client's yes to a version as it was shown."""
    total = totals(Snapshot.model_validate(document.body), selection or []).gross.amount
    defaults = {"decision": "accept", "version": document.version, "selection": selection or [], "total": total, "name": "Orla Byrne"}
    return ProposalAnswer(**defaults | values)


@remembered
def an_agreed_deal(session: Session, *, selection: list[str] | None = None, details: bool = True, at: datetime = MONDAY, **values: Any) -> Deal:
    """A deal whose proposal was accepted, in contracting; without `details` nobody has said yet who the contracting party is."""
    deal = a_deal(session, **{"sales": Sales.PROPOSED} | values)
    told(session, deal, an_acceptance(a_proposal(session, deal, at=at), selection=selection), at=at)
    deal.sales = Sales.CONTRACTING.value
    if details:
        session.get_one(Client, deal.client_id).details = the_details().model_dump()
    session.flush()
    return deal


def the_details(**values: Any) -> ContractDetails:
    """Who the contracting party is, as a client types it."""
    defaults = {
        "legal_name": "Acme Instruments Limited", "registration": "CRO 512345", "street": "5 Quay Street", "postcode": "H91 X0Y1", "city": "Galway",
        "country": "IE", "vat_id": "IE6388047V", "invoice_email": "books@acme.example",
    }  # fmt: skip
    return ContractDetails(**defaults | values)


def a_contract(session: Session, deal: Deal | None = None, *, at: datetime = MONDAY, **values: Any) -> Document:
    """A contract that is out. `values` are what `contracts.publish` takes besides."""
    deal = deal or an_agreed_deal(session, at=at)
    return contracts.publish(session, the_company(), deal, now=at, **{"made_by": "system"} | values)


def a_code(session: Session, document: Document, *, email: str = "", secret: str = "a test's secret", at: datetime = MONDAY) -> str:
    """The digits of a code that was asked for, for the client unless another address is named."""
    deal = session.get_one(Deal, document.deal_id)
    asked = CodeAsked(version=document.version, email=email or session.get_one(Client, deal.client_id).email, name="Orla Byrne")
    told(session, deal, asked, at=at)
    code = signing.newest(session, document.deal_id, document.version)
    assert code is not None
    return signing.digits(secret, code.deal_id, code.version, code.number)


def a_signature(session: Session, document: Document, *, email: str = "", secret: str = "a test's secret", at: datetime = MONDAY, **who: Any) -> Document:
    """A contract that the client has signed by code."""
    code = a_code(session, document, email=email, secret=secret, at=at)
    client = session.get_one(Client, session.get_one(Deal, document.deal_id).client_id)
    signer = Signer(**{"version": document.version, "name": "Orla Byrne", "role": "Owner", "email": email or client.email, "address": "198.51.100.7"} | who)
    said = contract_signature.sign(session, secret, document.deal_id, signer, code, now=at)
    assert not said, said
    return document


@remembered
def a_signed_deal(session: Session, *, at: datetime = MONDAY, **values: Any) -> Deal:
    """A deal whose contract both have signed: its first invoice comes next."""
    document = a_signature(session, a_contract(session, an_agreed_deal(session, at=at, **values), at=at), at=at)
    deal = session.get_one(Deal, document.deal_id)
    told(session, deal, Countersigned(version=1, decision="sign", name="Aoife Brennan"), at=at, actor="system")
    deal.sales = Sales.SIGNED.value
    session.flush()
    return deal


def an_invoice(session: Session, deal: Deal | None = None, *, part: int = 1, at: datetime = MONDAY) -> Invoice:
    """An issued invoice of a payment of the plan, the money track where it then stands."""
    deal = deal or a_signed_deal(session, at=at)
    invoice = invoices.issue(session, the_company(), deal, part, now=at)
    cash.settle(session, deal, why=f"invoice {invoice.number} is out", fact=None, now=at)
    session.flush()
    return invoice


def a_payment(session: Session, invoice: Invoice, amount: int | None = None, *, at: datetime = MONDAY, **values: Any) -> Payment:
    """Money that came for an invoice: all of it, or an amount in cents; from the bank unless another source is named."""
    came = Money(amount=invoice.gross if amount is None else amount, currency=invoice.currency)
    defaults = {
        "source": "bank", "external_id": f"came-{next(_numbers)}", "direction": "in", "happened_on": at.date(), "reference": invoice.number or "",
    }  # fmt: skip
    return payments.receive(session, the_company(), Incoming(**defaults | {"amount": came} | values), now=at)


def a_refusal(document: Document, **values: Any) -> ProposalAnswer:
    """The client's no."""
    return ProposalAnswer(**{"decision": "decline", "version": document.version, "reason": "price", "text": "Too dear."} | values)


def a_wish(document: Document, **values: Any) -> ProposalAnswer:
    """A change that the client asks for."""
    return ProposalAnswer(**{"decision": "change", "version": document.version, "text": "Fewer pages, please."} | values)


def told(session: Session, deal: Deal, answer: Answer, *, at: datetime = MONDAY, key: str = "", actor: str = "client") -> Fact:
    """A typed fact, told through the inbox."""
    return inbox.tell(session, deal.id or 0, answer, source="test", external_id=key or f"told-{next(_numbers)}", actor=actor, now=at)[0]


def a_run(
    session: Session, stage: Stage, deal: Deal, *, state: RunState = RunState.WANTED, flow_run_id: str = "", owner: str = "", part: int = 0
) -> StageRun:
    """A wanted run in any state that it can reach."""
    row = wanted.want(session, stage, deal=deal, now=MONDAY, part=part)
    if state != RunState.WANTED:
        wanted.created(session, row.id or 0, flow_run_id or f"run-{next(_numbers)}", now=MONDAY)
    if state not in {RunState.WANTED, RunState.CREATED}:
        wanted.begin(session, row.key, row.flow_run_id or "", owner, now=MONDAY)
        wanted.mark(session, row, state, now=MONDAY)
    session.flush()
    return row


def a_wait(session: Session, deal: Deal, answer: type[Answer], *, stage: Stage, run: str = "run", at: datetime = MONDAY, **values: Any) -> Wait:
    """An open wait of a suspended stage. `values` are the question's: rungs, deadline, whose …"""
    part = values.pop("part", 0)
    spot = waiting.Spot(deal.id or 0, stage.value, deal.round, values.pop("key", "answer#1"), run, part)
    about = inbox.subject_of(deal, answer, part)
    question = waiting.Question(**{"kinds": [answer.kind], "subject": about, "whose": "client", "what": "an answer"} | values)
    waiting.reach(session, spot, question, now=at)
    session.flush()
    row = waiting.find(session, spot)
    assert row is not None
    return row


def rungs(*letters: str, start: datetime = MONDAY, every: timedelta = timedelta(days=2), **more: Any) -> list[Mapping[str, Any]]:
    """A ladder laid out: one letter every so often."""
    return [{"at": (start + every * (place + 1)).isoformat(), "letter": letter, **more} for place, letter in enumerate(letters)]
