"""A client of the studio and its staff, over HTTP, as tests play them."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import httpx
from sqlmodel import Session, col, select

from deployments.demo import ANSWERS
from deployments.demo_cash import PARTY, SIGNER
from deployments.forms import Page
from models import links, signing, wanted
from models.cash_tables import Invoice
from models.stages import Stage
from models.tables import Client, Deal, Effect, Fact, Link, Move, StageRun, Wait
from models.tracks import Sales
from tests.e2e.system import System, eventually
from tests.factories import a_client, a_deal, a_signed_deal, an_agreed_deal, an_estimate

COMPLEX: dict[str, Any] = {
    "integration": "custom", "crm-name": "Our own, in Access", "pages": "300", "templates": "30",
    "functions": ["calculator", "booking", "login", "search"], "calculator-what": "The price of a garden by size and soil.",
}  # fmt: skip
"""Answers that need a project manager's word."""


@dataclass
class Someone:
    """Somebody who wants a site."""

    system: System
    email: str = field(default_factory=lambda: f"ada.{secrets.token_hex(4)}@acme.example")
    deal: int = 0

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.system.base, follow_redirects=True, timeout=30)

    def applies(self, **over: str) -> None:
        with self.http as http:
            form = Page(http.get("/apply").text).form("/apply")
            typed = {"service": "corporate-site", "name": "Ada Byron", "email": self.email, "company": "Acme", "budget": "24000", "message": "A site, please."}
            answer = http.post("/apply", data=form.answer(typed | over))
        assert answer.status_code == 200, answer.text

    def gets(self, ending: str, state: str = "done", seconds: float = 40) -> Effect:
        """Wait until the letter with this key is in this state."""
        self.deal = self.deal or self._my_deal(seconds)
        return self.sees(f"deal/{self.deal}/{ending}", state, seconds)

    def sees(self, key: str, state: str = "done", seconds: float = 40) -> Effect:
        """Wait until the effect with this whole key is in this state."""

        def look() -> Effect | None:
            with self.system.db.reading() as session:
                effect = session.get(Effect, key)
            return effect if effect and effect.state == state else None

        return eventually(look, lambda: f"{key} is not {state}:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def sends_brief(self, **over: Any) -> None:
        path = self.link("brief")
        with self.http as http:
            form = Page(http.get(path).text).form(path)
            typed = {f"q_{slug}": value for slug, value in (ANSWERS | over).items()}
            answer = http.post(path, data=form.answer(typed) | {"action": ["send"]})
        assert answer.status_code == 200, re.sub(r"<[^>]+>", " ", answer.text)[:2000]

    def accepts(self) -> httpx.Response:
        path = self.link("proposal")
        with self.http as http:
            form = Page(http.get(path).text).form("/accept")
            return http.post(f"{path}/accept", data=form.answer({"name": "Ada Byron"}))

    def gives_details(self) -> None:
        path = self.link("contract")
        with self.http as http:
            answer = http.post(f"{path}/details", data=Page(http.get(path).text).form("/details").answer({**PARTY}))
        assert answer.status_code == 200, answer.text

    def asks_code(self, version: int = 1, number: int = 1) -> str:
        """Ask for a code; return its six digits, which are in the letter only."""
        path = self.link("contract")
        with self.http as http:
            form = Page(http.get(path).text).form("/code").answer({**SIGNER, "email": self.email})
            assert http.post(f"{path}/code", data=form).status_code == 200
        self.gets(f"contract/v{version}/code/{number}")
        return signing.digits("for tests only", self.deal, version, number)

    def signs(self, code: str, version: int = 1) -> httpx.Response:
        path = self.link("contract")
        with self.http as http:
            return http.post(f"{path}/sign", data={**SIGNER, "email": self.email, "code": code, "version": str(version)})

    def is_billed(self, part: int = 1) -> Invoice:
        """Wait until the invoice of this payment has been mailed."""

        def look() -> Invoice | None:
            with self.system.db.reading() as session:
                return session.exec(select(Invoice).where(Invoice.deal_id == self.deal, Invoice.part == part, Invoice.kind == "invoice").order_by(col(Invoice.id).desc())).first()

        invoice = eventually(look, lambda: f"no invoice {part}:\n{self.told()}\n{self.system.log('worker')}")
        self.sees(f"invoice/{invoice.id}/mail")
        return invoice

    def newest_invoice(self) -> Invoice:
        with self.system.db.reading() as session:
            return session.exec(select(Invoice).where(Invoice.deal_id == self.deal).order_by(col(Invoice.id).desc())).first()

    def has_proposal(self) -> None:
        """Begin where the estimate is approved, by the rules alone; the engine makes the proposal."""

        def estimated(session: Session, *, at: datetime, **values: Any) -> Deal:
            deal = a_deal(session, sales=Sales.ESTIMATING, opened_at=at, **values)
            an_estimate(session, deal, at=at)
            return deal

        self._stands_before(Stage.PROPOSAL, estimated)
        self.gets("proposal/v1/mail")

    def has_accepted(self) -> None:
        """Begin where the proposal is accepted, by the rules alone; the engine asks who the contracting party is."""
        self._stands_before(Stage.CONTRACT, partial(an_agreed_deal, details=False))
        self.gets("r1/contract/details")

    def has_signed(self) -> Invoice:
        """Begin where both have signed, by the rules alone; return the first invoice, which the engine makes."""
        self._stands_before(Stage.INVOICE, a_signed_deal, part=1)
        return self.is_billed()

    def buys(self) -> Invoice:
        """Go the whole way to the first invoice, without a wish."""
        self.applies()
        self.gets("r1/brief/mail")
        self.sends_brief()
        self.gets("proposal/v1/mail")
        assert self.accepts().status_code == 200
        self.gets("r1/contract/details")
        return self.signs_and_is_billed()

    def signs_and_is_billed(self) -> Invoice:
        """Go from the question who the contracting party is to the first invoice."""
        self.gives_details()
        self.gets("contract/v1/mail")
        assert self.signs(self.asks_code()).status_code == 200
        self.gets("contract/v1/signed")
        return self.is_billed()

    def pays_online(self, invoice: Invoice, choice: str = "pay") -> None:
        """Pay an invoice on the provider's page that its own page names."""
        with self.http as http:
            page = Page(http.get(self.link(f"invoice:{invoice.id}")).text)
            address = next(one for one in page.links if "/pay/" in one)
            answer = http.post(address, data={"choice": choice})
        assert answer.status_code == 200, answer.text[:500]

    def gets_receipts(self, count: int) -> None:
        """Wait until so many payments of the deal have their receipt."""

        def there() -> bool:
            with self.system.db.reading() as session:
                mine = select(Effect.key).where(Effect.deal_id == self.deal, Effect.state == "done", col(Effect.key).like("invoice/%/payment/%/receipt"))
                return len(session.exec(mine).all()) == count

        eventually(there, lambda: f"not {count} receipts:\n{self.told()}\n{self.system.log('worker')}")

    def money(self, stands: str, seconds: float = 40) -> Deal:
        """Wait until the deal stands there on its money track."""

        def look() -> Deal | None:
            with self.system.db.reading() as session:
                deal = session.get_one(Deal, self.deal)
            return deal if deal.money == stands else None

        return eventually(look, lambda: f"deal {self.deal}'s money is not {stands}:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def link(self, kind: str) -> str:
        """The path of a link that a letter has handed out."""
        with self.system.db.reading() as session:
            link = session.exec(select(Link).where(Link.kind == kind, Link.deal_id == self.deal)).one()
        return f"/{links.PATHS[links.base(kind)]}/{links.token(self.system.settings.secret.get_secret_value(), kind, self.deal, link.generation)}"

    def stands(self, sales: str, seconds: float = 40) -> Deal:
        """Wait until the deal stands there on its sales track."""
        self.deal = self.deal or self._my_deal(seconds)

        def look() -> Deal | None:
            with self.system.db.reading() as session:
                deal = session.get_one(Deal, self.deal)
            return deal if deal.sales == sales else None

        return eventually(look, lambda: f"deal {self.deal} is not {sales}:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def is_asked(self, stage: str, seconds: float = 40) -> Wait:
        """Wait until a stage's run is suspended on its question."""

        def look() -> Wait | None:
            with self.system.db.reading() as session:
                wait = session.exec(select(Wait).where(Wait.deal_id == self.deal, Wait.stage == stage, col(Wait.closed_at).is_(None))).first()
                row = session.exec(select(StageRun).where(StageRun.flow_run_id == wait.flow_run_id)).first() if wait else None
            return wait if row and row.state == "waiting" else None

        return eventually(look, lambda: f"{stage} does not wait:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def told(self) -> str:
        """What the database says of the deal, for a failed test's message."""
        with self.system.db.reading() as session:
            rows = [
                *(f"{row.key} {row.state} {row.why}" for row in session.exec(select(StageRun).where(StageRun.deal_id == self.deal))),
                *(f"{effect.key} {effect.state} {effect.said}" for effect in session.exec(select(Effect).where(Effect.deal_id == self.deal))),
                *(f"wait {wait.key} {wait.stage} {wait.outcome} due {wait.due_at}" for wait in session.exec(select(Wait).where(Wait.deal_id == self.deal))),
                *(f"{move.track}: {move.was} → {move.to}: {move.why}" for move in session.exec(select(Move).where(Move.deal_id == self.deal))),
                *(f"{fact.kind} {fact.subject} by {fact.actor}" for fact in session.exec(select(Fact).where(Fact.deal_id == self.deal))),
            ]
        return "\n".join(rows)

    def letters(self) -> dict[str, str]:
        """The deal's effects and their states."""
        with self.system.db.reading() as session:
            return {effect.key: effect.state for effect in session.exec(select(Effect).where(Effect.deal_id == self.deal))}

    def _stands_before(self, stage: Stage, make: Callable[..., Deal], *, part: int = 0) -> None:
        now = self.system.now()
        with self.system.db.writing() as session:
            client = a_client(session, email=self.email, company="Acme", name="Ada Byron")
            deal = make(session, at=now, client=client, service="corporate-site", salesperson="conor@northlight.example")
            wanted.want(session, stage, deal=deal, part=part, now=now)
            self.deal = deal.id or 0
        self.system.nudge()

    def _my_deal(self, seconds: float) -> int:
        def look() -> int | None:
            with self.system.db.reading() as session:
                query = select(Deal.id).join(Client, col(Client.id) == Deal.client_id).where(Client.email == self.email)
                return session.exec(query.order_by(col(Deal.id).desc())).first()

        return eventually(look, lambda: f"no deal of {self.email}:\n{self.system.log('worker')}", seconds=seconds)
