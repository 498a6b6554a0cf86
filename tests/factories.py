"""Rows and letters as tests need them: keyword defaults, whatever does not matter is filled in."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlmodel import Session

from models import documents, inbox, pricing, proposals, waiting, wanted
from models.answers import Answer, ProposalAnswer
from models.facts import News, keep, subject
from models.proposal import Snapshot
from models.setup import Answers
from models.stages import RunState, Stage
from models.tables import Brief, Client, Deal, Document, Fact, StageRun, Wait
from models.totals import totals
from models.tracks import Sales
from tests.fakes import MONDAY
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


def a_refusal(document: Document, **values: Any) -> ProposalAnswer:
    """The client's no."""
    return ProposalAnswer(**{"decision": "decline", "version": document.version, "reason": "price", "text": "Too dear."} | values)


def a_wish(document: Document, **values: Any) -> ProposalAnswer:
    """A change that the client asks for."""
    return ProposalAnswer(**{"decision": "change", "version": document.version, "text": "Fewer pages, please."} | values)


def told(session: Session, deal: Deal, answer: Answer, *, at: datetime = MONDAY, key: str = "", actor: str = "client") -> Fact:
    """A typed fact, told through the inbox."""
    return inbox.tell(session, deal.id or 0, answer, source="test", external_id=key or f"told-{next(_numbers)}", actor=actor, now=at)[0]


def a_run(session: Session, stage: Stage, deal: Deal, *, state: RunState = RunState.WANTED, flow_run_id: str = "", owner: str = "") -> StageRun:
    """A wanted run in any state that it can reach."""
    row = wanted.want(session, stage, deal=deal, now=MONDAY)
    if state != RunState.WANTED:
        wanted.created(session, row.id or 0, flow_run_id or f"run-{next(_numbers)}", now=MONDAY)
    if state not in {RunState.WANTED, RunState.CREATED}:
        wanted.begin(session, row.key, row.flow_run_id or "", owner, now=MONDAY)
        wanted.mark(session, row, state, now=MONDAY)
    session.flush()
    return row


def a_wait(session: Session, deal: Deal, answer: type[Answer], *, stage: Stage, run: str = "run", at: datetime = MONDAY, **values: Any) -> Wait:
    """An open wait of a suspended stage. `values` are the question's: rungs, deadline, whose …"""
    spot = waiting.Spot(deal.id or 0, stage.value, deal.round, values.pop("key", "answer#1"), run)
    about = subject(deal.id or 0, deal.round, inbox.NOUNS[answer])
    question = waiting.Question(**{"kinds": [answer.kind], "subject": about, "whose": "client", "what": "an answer"} | values)
    waiting.reach(session, spot, question, now=at)
    session.flush()
    row = waiting.find(session, spot)
    assert row is not None
    return row


def rungs(*letters: str, start: datetime = MONDAY, every: timedelta = timedelta(days=2), **more: Any) -> list[Mapping[str, Any]]:
    """A ladder laid out: one letter every so often."""
    return [{"at": (start + every * (place + 1)).isoformat(), "letter": letter, **more} for place, letter in enumerate(letters)]
