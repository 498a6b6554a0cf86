"""The deal card: everything known about a deal in one record, for other systems and for `./studio deal ID`.

No secrets, and of links only those for staff: a client's own link answers for the client.
"""

from collections import Counter
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlmodel import Session, col, select

from models import addresses, documents, facts, links, projects, waiting
from models.company import Company
from models.deal_money import InvoiceView, invoices_of
from models.errors import Missing
from models.estimates import Estimate
from models.money import Money
from models.proposal import Snapshot
from models.settings import Settings
from models.stages import LIVE, RunState
from models.tables import Client, Deal, Document, Effect, Fact, Move, StageRun, Wait
from models.totals import totals
from models.whose_move import UNDER_WAY, move_of

STAFF_LINKS = {"brief": "brief-read"} | {kind: f"{kind}-staff" for kind in ("estimate", "proposal", "contract", "act")}
"""The page of each kind of document on which staff reads it and nobody can act: cards are shown to many, and to machines."""


class ClientView(BaseModel):
    """Who the deal is with. `bounced_at`: since when letters to the address come back."""

    id: int
    name: str
    email: str
    phone: str
    company: str
    locale: str
    reminders_off_at: datetime | None
    bounced_at: datetime | None = None


class Tracks(BaseModel):
    """Where the deal stands on its three tracks."""

    sales: str
    work: str
    money: str


class Amounts(BaseModel):
    """What it is about. `estimate` is net without options; `proposal` gross without options; `accepted` gross as accepted."""

    budget: Money | None = None
    estimate: Money | None = None
    proposal: Money | None = None
    accepted: Money | None = None


class WaitView(BaseModel):
    """An open question: to whom, what for, until when."""

    stage: str
    round: int
    whose: str
    what: str
    kinds: list[str]
    opened_at: datetime
    due_at: datetime | None
    deadline: datetime | None


class FactView(BaseModel):
    """Something that came to be known."""

    id: int
    kind: str
    source: str
    external_id: str
    subject: str
    actor: str
    payload: dict[str, Any]
    happened_at: datetime
    known_at: datetime


class MoveView(BaseModel):
    """A step on a track, and the fact behind it."""

    track: str
    was: str
    to: str
    at: datetime
    why: str
    fact_id: int | None


class EffectView(BaseModel):
    """An act on the world, as the ledger has it. `at` is when it was settled, or planned."""

    key: str
    kind: str
    what: str
    state: str
    said: str
    at: datetime


class RunView(BaseModel):
    """A run of a stage; `url` is its page in the Prefect UI, "" before the run is made."""

    key: str
    stage: str
    round: int
    generation: int
    state: str
    why: str
    flow_run_id: str | None
    url: str
    wanted_at: datetime
    ended_at: datetime | None


class DocumentView(BaseModel):
    """A version of a document with its hashes (SHA-256); `link` shows it to staff: the newest as a page, an older one as printed, or ""."""

    kind: str
    version: int
    round: int
    state: str
    made_at: datetime
    made_by: str
    why: str
    body_hash: str
    template_hash: str
    pdf_hash: str
    stale_since: datetime | None
    frozen_at: datetime | None
    selection: list[str]
    link: str


class Touches(BaseModel):
    """How often staff had to act: facts by kind whose actor is one of them."""

    count: int
    kinds: dict[str, int]


class DealCard(BaseModel):
    """A deal, whole. `whose_move`: client, studio, system, or "" when nothing is to be done."""

    id: int
    url: str
    service: str
    client: ClientView
    tracks: Tracks
    round: int
    salesperson: str
    source: dict[str, str]
    message: str
    opened_at: datetime
    held_since: datetime | None
    held_until: datetime | None
    amounts: Amounts
    whose_move: str
    waits: list[WaitView]
    documents: list[DocumentView]
    invoices: list[InvoiceView]
    facts: list[FactView]
    moves: list[MoveView]
    effects: list[EffectView]
    runs: list[RunView]
    touches: Touches


def deal_card(
    session: Session, company: Company, settings: Settings, secret: str, deal_id: int, now: datetime, *, reads_only: bool = False
) -> dict[str, Any]:
    """The card of a deal as plain JSON. Raises Missing.

    Needs a writing session, since staff links are handed out with it; one that reads only has the links that were handed out before.
    """
    deal = session.get(Deal, deal_id)
    if deal is None:
        raise Missing(f"There is no deal {deal_id}.")
    client = session.get_one(Client, deal.client_id)
    known, made = facts.of_deal(session, deal_id), documents.all_of(session, deal_id)
    moves = session.exec(select(Move).where(Move.deal_id == deal_id).order_by(col(Move.id)))
    effects = session.exec(select(Effect).where(Effect.deal_id == deal_id).order_by(col(Effect.planned_at), col(Effect.key)))
    runs = list(session.exec(select(StageRun).where(StageRun.deal_id == deal_id).order_by(col(StageRun.id))))
    waits = waiting.open_waits(session, deal_id)
    address, shown = addresses.public(settings, company), {one.kind for one in made} & STAFF_LINKS.keys()

    def link(kind: str) -> str:
        """The whole address of a staff page; "" where none was handed out and none may be."""
        path = links.given(session, secret, kind, deal_id) if reads_only else links.hand_out(session, secret, kind, deal_id, now=now)
        return path and address + path

    staff_links, newest = {kind: link(STAFF_LINKS[kind]) for kind in shown}, {one.kind: one for one in made}

    def to(one: Document) -> str:
        """Where a version is read."""
        page = staff_links.get(one.kind, "")
        if newest[one.kind].version == one.version:
            return page
        return f"{page}.pdf?version={one.version}" if page and one.pdf_path and STAFF_LINKS[one.kind] in links.PRINTED else ""

    card = DealCard(
        id=deal_id, url=addresses.deal_page(settings, deal_id), service=deal.service, client=ClientView.model_validate(client.model_dump()),
        tracks=Tracks(sales=deal.sales, work=deal.work, money=deal.money), round=deal.round, salesperson=deal.salesperson,
        source={key: str(value) for key, value in deal.source.items()}, message=deal.message, opened_at=deal.opened_at,
        held_since=deal.held_since, held_until=deal.held_until, amounts=_amounts(deal, made), whose_move=whose(session, deal, waits, runs),
        waits=[WaitView.model_validate(wait.model_dump()) for wait in waits],
        documents=[DocumentView.model_validate({**one.model_dump(), "link": to(one)}) for one in made],
        invoices=invoices_of(session, deal, link),
        facts=[FactView.model_validate(fact.model_dump()) for fact in known],
        moves=[MoveView.model_validate(move.model_dump()) for move in moves],
        effects=[EffectView.model_validate({**one.model_dump(), "at": one.settled_at or one.planned_at}) for one in effects],
        runs=[_run(settings, run) for run in runs], touches=touches(known),
    )  # fmt: skip
    return card.model_dump(mode="json")


def without_link(card: DealCard) -> list[str]:
    """The kinds of staff links that a card lacks: their pages are there, and nobody has been given the link yet."""
    newest = {one.kind: one for one in card.documents if one.kind in STAFF_LINKS}
    papers = [STAFF_LINKS[one.kind] for one in newest.values() if not one.link]
    return [*dict.fromkeys(papers), *(f"invoice-staff:{one.id}" for one in card.invoices if not one.link)]


def whose(session: Session, deal: Deal, waits: list[Wait], runs: list[StageRun]) -> str:
    """While a project is under way its own rule says it, as on the project page; else the waits and runs do."""
    if deal.work in UNDER_WAY and projects.find(session, deal):
        return move_of(projects.stand(session, deal)).whose
    return whose_move(waits, runs)


def whose_move(waits: list[Wait], runs: list[StageRun]) -> str:
    """Who has to act next: whom an open question is put to, else the studio for a failed run, else the system for a live one."""
    asked = next((wait.whose for wait in waits if wait.kinds), "")
    if asked:
        return asked
    live = [run for run in runs if run.state in LIVE]
    if any(run.state == RunState.FAILED for run in live):
        return "studio"
    return "system" if live else ""


def touches(known: list[Fact]) -> Touches:
    """The facts that staff had to type or press."""
    kinds = Counter(fact.kind for fact in known if fact.actor.startswith("staff:"))
    return Touches(count=kinds.total(), kinds=dict(sorted(kinds.items())))


def _amounts(deal: Deal, made: list[Document]) -> Amounts:
    newest = {document.kind: document for document in made}
    amounts = Amounts(budget=Money(amount=deal.budget, currency=deal.currency) if deal.budget is not None else None)
    if estimate := newest.get("estimate"):
        amounts.estimate = Estimate.model_validate(estimate.body).total
    if proposal := newest.get("proposal"):
        amounts.proposal = totals(Snapshot.model_validate(proposal.body), []).gross
        amounts.accepted = Money.model_validate(proposal.totals["gross"]) if proposal.totals else None
    return amounts


def _run(settings: Settings, run: StageRun) -> RunView:
    url = addresses.run_page(settings, run.flow_run_id) if run.flow_run_id else ""
    return RunView.model_validate({**run.model_dump(), "url": url})
