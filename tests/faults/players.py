"""Clients and managers who are used to trouble: whoever gets no answer presses once more."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
from sqlalchemy.exc import NoResultFound
from sqlmodel import col, select

from models import cash, completion, links, projects, signing
from models.cash_tables import Invoice, Statement
from models.clock import real_now
from models.effects import SETTLED, EffectState
from models.receiving import OPERATOR
from models.stages import Stage
from models.tables import Deal, Effect, Fact, Wait
from models.wanted import want
from tests.coursing import completed
from tests.e2e.delivery import SIGNER, Customer
from tests.e2e.system import eventually
from tests.factories import a_payment, a_signed_deal, an_invoice
from tests.faults.bank import is_cash
from tests.faults.operators import letter_id

ONCE_MORE = 0.3
WRONG, NEXT_CODE = 422, 10.0
"""What the page says of a code that is not, or no more, right; seconds after which another is asked for."""


class NoAnswer(httpx.TransportError):
    """The page could not be had just now."""


@dataclass
class Player(Customer):
    """A client or a manager. A letter counts as there when it is out, or may be: nobody knows more of an unknown one.

    `before` are the letters that went out before the play began, by Message-ID.
    """

    before: list[str] = field(default_factory=list)

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.system.base, follow_redirects=True, timeout=30, event_hooks={"response": [_expect_answer]})

    def begins(self, make: Callable[..., Deal], **values: Any) -> None:
        super().begins(lambda session, **more: is_cash(session, make(session, **more)), **values)
        with self.system.db.reading() as session:
            made = session.exec(select(Effect.key).where(Effect.deal_id == self.deal, Effect.state == EffectState.DONE.value)).all()
        self.before += [letter_id(self.system, key) for key in made]

    def has_signed(self) -> Invoice:
        """As somebody does; the letters of the time before are known."""
        self.begins(a_signed_deal)
        with self.system.db.writing() as session:
            want(session, Stage.INVOICE, deal=session.get_one(Deal, self.deal), part=1, now=self.system.now())
        self.system.nudge()
        return self.is_billed()

    def does(self, act: Callable[[], Any]) -> Any:
        """Do it until there is an answer. Done already, but unanswered, is done."""
        until, in_trouble = time.monotonic() + 120, False
        while True:
            try:
                return act()
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
                in_trouble = True
                time.sleep(ONCE_MORE)
            except (AssertionError, LookupError, StopIteration):
                if not in_trouble:
                    raise
                return None

    def sees(self, key: str, state: str = "done", seconds: float = 40) -> Effect:
        if state != "done":
            return super().sees(key, state, seconds)
        return self._finds(key, {"done", "unknown", "skipped"}, seconds)

    def has_letter(self, part: str, seconds: float = 40) -> str:
        def look() -> str | None:
            return next((key for key, state in self.letters().items() if part in key and state in {"done", "unknown"}), None)

        return eventually(look, lambda: f"no letter {part}:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)

    def sees_any(self, key: str, seconds: float = 40) -> Effect:
        """Wait until an effect is over, one way or another."""
        return self._finds(key, set(SETTLED), seconds)

    def code(self, version: int = 1, kind: str = "contract") -> str:
        """The digits of the newest code of a version."""
        with self.system.db.reading() as session:
            newest = eventually(lambda: signing.newest(session, self.deal, version, kind=kind), self.told)
        return signing.digits("for tests only", self.deal, version, newest.number, kind=kind)

    def link(self, kind: str) -> str:
        """As somebody's; whose letter was lost before its link was made asks for it on the telephone."""
        try:
            return super().link(kind)
        except NoResultFound:
            with self.system.db.writing() as session:
                links.hand_out(session, "for tests only", kind, self.deal, now=self.system.now())
            return super().link(kind)

    def is_answered_by_form(self, stage: str, kind: str, **typed: Any) -> Fact:
        """An operator presses Resume on a waiting run and fills in its form, again until it counts; the fact that it is."""

        def told() -> Fact | None:
            with self.system.db.reading() as session:
                fact = session.exec(select(Fact).where(Fact.deal_id == self.deal, Fact.kind == kind)).first()
                asks = select(Wait).where(Wait.deal_id == self.deal, Wait.stage == stage, col(Wait.closed_at).is_(None))
                wait = session.exec(asks).first()
            if fact is None and wait is not None:
                self.system.prefect("POST", f"/flow_runs/{wait.flow_run_id}/resume", {"run_input": typed})
                time.sleep(ONCE_MORE)
            return fact

        return eventually(told, lambda: f"no {kind}:\n{self.told()}\n{self.system.log('worker')}", seconds=60)

    def keeps_silent(self, stage: str, *, key: str = "") -> None:
        """Let the time of a stage's question run out."""
        self.is_asked(stage)
        with self.system.db.writing() as session:
            mine = select(Wait).where(Wait.deal_id == self.deal, Wait.stage == stage, col(Wait.closed_at).is_(None), col(Wait.kinds) != [])
            for wait in session.exec(mine).all():
                if wait.key.startswith(key):
                    wait.rungs_sent, wait.deadline, wait.due_at = len(wait.rungs), self.system.now(), self.system.now()
                    session.add(wait)
        self.system.nudge()

    def stages(self) -> list[str]:
        """The slugs of the project's stages."""
        return [stage.slug for stage in self.project().plan.production]

    def signs_the_contract(self, version: int = 1) -> None:
        """Sign the contract with the code of the letter."""
        self._signs_by_code(lambda: self.asks_code(version), lambda: self.signs(self.code(version), version))

    def signs_the_act(self, version: int) -> None:
        """Sign the act with the code of the letter."""
        typed = SIGNER | {"email": self.email}

        def signs() -> httpx.Response:
            form = self.form("act", "/sign")
            with self.http as http:
                return http.post(form.action, data=form.answer(typed | {"code": self.code(version, "act")}))

        self._signs_by_code(lambda: self.sends(self.form("act", "/code"), typed), signs)

    def _signs_by_code(self, asks: Callable[[], Any], signs: Callable[[], httpx.Response]) -> None:
        """With this code, or with the next one: a clock that jumps ends a code before it is typed."""

        def typed() -> httpx.Response:
            answer = signs()
            assert answer.status_code in {httpx.codes.OK, WRONG}, answer.text
            return answer

        def is_signed() -> bool:
            with suppress(AssertionError):  # too early for another code
                self.does(asks)
            answer = self.does(typed)
            if is_wrong := answer is not None and answer.status_code == WRONG:
                time.sleep(NEXT_CODE)
            return not is_wrong

        eventually(is_signed, lambda: f"no code counts:\n{self.told()}", seconds=120)

    def completes(self) -> None:
        """The work is accepted, by the rules alone; the hand-over follows."""
        with self.system.db.writing() as session:
            deal = session.get_one(Deal, self.deal)
            completed(session, deal, at=self.system.now())
            completion.follow(session, deal, fact=None, now=self.system.now())
        self.wants(Stage.HANDOVER)

    def pays_the_rest(self) -> None:
        """Invoice and pay what is left of the plan, by the rules alone, in cash."""
        by_hand = {"at": self.system.now(), "source": OPERATOR, "method": "cash"}
        with self.system.db.writing() as session:
            deal = session.get_one(Deal, self.deal)
            for part in range(2, len(projects.contract_of(session, deal).schedule) + 1):
                a_payment(session, an_invoice(session, deal, part=part, at=self.system.now()), **by_hand | {"external_id": uuid4().hex})
            cash.settle(session, deal, why="all is paid", fact=None, now=self.system.now())
            completion.follow(session, deal, fact=None, now=self.system.now())
        self.system.nudge()

    def transfers(self, amount: int, text: str) -> None:
        """Pay by bank (cents). The worker is killed as soon as the statement is taken in: its file may lie in the watched folder still."""
        name = self.system.bank.puts(amount, text)

        def is_taken() -> bool:
            with self.system.db.reading() as session:
                return session.exec(select(Statement.id).where(Statement.name == name)).first() is not None

        eventually(is_taken, lambda: f"{name} is not taken in:\n{self.system.log('worker')}", seconds=60)
        self.system.strike("worker")

    def webhooks(self, invoice: Invoice, state: str) -> None:
        """What the provider does with its words on an invoice: it has given them up some hours after the money came, or sends them now."""
        with closing(sqlite3.connect(self.system.home / "sandbox.db", timeout=20)) as desk, desk:
            now, before = (at.replace(tzinfo=None).isoformat(sep=" ") for at in (real_now(), real_now() - timedelta(hours=5)))
            desk.execute("UPDATE movement SET at = ? WHERE reference = ?", (before, invoice.number))
            said = desk.execute(
                "UPDATE delivery SET state = ?, due_at = ? WHERE state <> 'delivered' AND body LIKE ?", (state, now, f'%"{invoice.number}"%')
            )
            assert said.rowcount, f"the provider has no word on {invoice.number}"

    def _finds(self, key: str, states: set[str], seconds: float) -> Effect:
        def look() -> Effect | None:
            with self.system.db.reading() as session:
                effect = session.get(Effect, key)
            return effect if effect and effect.state in states else None

        return eventually(look, lambda: f"{key} is not there:\n{self.told()}\n{self.system.log('worker')}", seconds=seconds)


def _expect_answer(answer: httpx.Response) -> None:
    if answer.status_code >= 500:
        raise NoAnswer(f"{answer.request.url.path} says {answer.status_code}")
