"""The verdict itself: it has nothing to say of a sound world, and names each thing that is wrong with a broken one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from models import cash, effects, invoices, statements
from models.cash_answers import InvoiceCorrected
from models.cash_tables import Invoice, Payment, Posting, Statement
from models.effects import EffectState
from models.message import message_id
from models.money import Money
from models.stages import RunState, Stage
from models.tables import Deal, Effect, StageRun
from models.tracks import Sales
from tasks.world import World
from tests.factories import a_deal, a_payment, a_proposal, a_run, a_signed_deal, an_invoice, told
from tests.fakes import MONDAY
from tests.faults.bank import Bank
from tests.faults.verdict import Seen, verdict
from tests.studio import the_company

DOMAIN, SECRET = "northlight.example", "a secret"


@dataclass
class Charge:
    """What the provider says of a payment."""

    id: str
    amount: Money
    kind: str = "charge"
    reference: str = ""
    at: datetime = MONDAY


@dataclass
class Seeing:
    """A world that is sound, until a test breaks it."""

    session: Session
    deal: Deal
    invoice: Invoice
    delivered: list[str] = field(default_factory=list)
    moved: list[Charge] = field(default_factory=list)
    runs: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    bank: Bank = field(default_factory=lambda: Bank(Path()))

    def a_letter(self, key: str, state: EffectState = EffectState.DONE, times: int = 1) -> Effect:
        effect = effects.plan(self.session, key, "letter", deal_id=self.deal.id, what="x", now=MONDAY)
        if state != EffectState.PLANNED:
            effects.claim(self.session, effect, "w", now=MONDAY)
        if state not in {EffectState.PLANNED, EffectState.CLAIMED}:
            effects.settle(self.session, effect, state, said="", now=MONDAY)
        self.delivered += [message_id(key, DOMAIN, SECRET)] * times
        self.session.flush()
        return effect

    @property
    def run(self) -> StageRun:
        return self.session.exec(select(StageRun).where(StageRun.stage == "payment")).one()

    def says(self) -> list[str]:
        self.session.flush()
        return verdict(self.session, Seen(DOMAIN, SECRET, self.delivered, self.moved, self.bank.balance, self.runs, self.left))

    def a_transfer(self, amount: int) -> Payment:
        """Money on the bank's next statement, which is taken in; nobody knows what it is for."""
        name, content = self.bank.statement(amount, "Hello.")
        statements.take(self.session, the_company(), content, name, came_by="folder", actor="system", now=MONDAY, path="")
        return self.session.exec(select(Payment).order_by(col(Payment.id).desc())).first()


@pytest.fixture
def seeing(here_sqlite: World):
    """A deal whose first invoice is out and paid by card, and who is asked for the money of the second."""
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        for effect in session.exec(select(Effect)).all():  # what the factory's facts ordered
            session.delete(effect)
        invoice = an_invoice(session, deal)
        payment = a_payment(session, invoice, source="sandbox", external_id="ch_1")
        cash.settle(session, deal, why="paid", fact=None, now=MONDAY)
        one = Seeing(session, deal, invoice, moved=[Charge("ch_1", Money(amount=invoice.gross, currency="EUR"))])
        a_run(session, Stage.PAYMENT, deal, state=RunState.WAITING, flow_run_id="run", part=1)
        one.runs["run"] = "PAUSED"
        for letter in ("receipt", "staff"):
            one.a_letter(f"invoice/{invoice.id}/payment/{payment.id}/{letter}")
        one.a_letter(f"deal/{deal.id}/contract/v1/code/1", EffectState.UNKNOWN, times=0)
        one.a_transfer(1_000)
        one.a_transfer(2_000)
        yield one
        session.rollback()


def test_a_sound_world_is_not_complained_of(seeing: Seeing) -> None:
    assert seeing.says() == []


@pytest.mark.parametrize("state", EffectState)
@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_letter_goes_out_exactly_once_or_is_unknown(seeing: Seeing, state: EffectState, times: int) -> None:
    seeing.a_letter("deal/1/k", EffectState.PLANNED, times)
    seeing.session.get_one(Effect, "deal/1/k").state = state.value
    fits = {EffectState.DONE: {1}, EffectState.UNKNOWN: {0, 1}, EffectState.FAILED: {0}, EffectState.SKIPPED: {0}}
    said = seeing.says()
    assert (said == []) == (times in fits.get(state, set()))
    assert all("deal/1/k" in sentence for sentence in said)


def _knows_not(seeing: Seeing) -> None:
    seeing.delivered.append(message_id("deal/1/made-up", DOMAIN, SECRET))


def _owes(seeing: Seeing) -> None:
    receipt = next(effect for effect in seeing.session.exec(select(Effect)).all() if effect.key.endswith("/receipt"))
    seeing.session.delete(receipt)
    seeing.delivered.clear()


def _skips_a_number(seeing: Seeing) -> None:
    seeing.invoice.seq = 7
    seeing.session.add(seeing.invoice)


def _bills_twice(seeing: Seeing) -> None:
    twin = an_invoice(seeing.session, a_signed_deal(seeing.session))
    other = seeing.session.get_one(Deal, twin.deal_id)
    a_run(seeing.session, Stage.PAYMENT, other, state=RunState.WAITING, flow_run_id="other", part=1)
    seeing.runs["other"] = "PAUSED"
    for effect in seeing.session.exec(select(Effect).where(Effect.deal_id == other.id)).all():
        effect.state = "unknown"
    twin.deal_id = seeing.deal.id or 0
    seeing.session.add(twin)


def _corrected(seeing: Seeing) -> Invoice:
    """Its first invoice credited whole, and issued again as a correction asks."""
    note = invoices.credit(seeing.session, the_company(), seeing.invoice, gross=None, reason="The address.", key="a form", now=MONDAY)
    asks = InvoiceCorrected(part=1, number=note.number or "", reason="The address.", again=True)
    fact = told(seeing.session, seeing.deal, asks, actor="staff:conor")
    return invoices.issue(seeing.session, the_company(), seeing.deal, 1, now=MONDAY, fact=fact)


def _bills_a_corrected_one_twice(seeing: Seeing) -> None:
    successor = _corrected(seeing)
    successor.part = 2
    seeing.session.flush()
    _bills_twice(seeing)
    successor.part = 1


def _bills_again_what_was_credited_in_part(seeing: Seeing) -> None:
    _corrected(seeing)
    note = seeing.session.exec(select(Invoice).where(Invoice.kind == "credit_note")).one()
    note.gross -= 1
    seeing.session.add(note)


def _credits_twice(seeing: Seeing) -> None:
    _corrected(seeing)
    note = seeing.session.exec(select(Invoice).where(Invoice.kind == "credit_note")).one()
    note.gross *= 2
    seeing.session.add(note)


def test_an_invoice_that_was_corrected_and_its_successor_are_one(seeing: Seeing) -> None:
    _corrected(seeing)
    assert not [sentence for sentence in seeing.says() if "was invoiced" in sentence or "was credited" in sentence]


def _loses_a_webhook(seeing: Seeing) -> None:
    seeing.moved.append(Charge("ch_2", Money(amount=100, currency="EUR")))


def _books_what_never_came(seeing: Seeing) -> None:
    seeing.moved[0].amount = Money(amount=1, currency="EUR")


def _never_takes_a_statement_in(seeing: Seeing) -> None:
    seeing.bank.statement(3_000, "Hello.")


def _takes_no_statement_in(seeing: Seeing) -> None:
    for statement in seeing.session.exec(select(Statement)).all():
        for payment in seeing.session.exec(select(Payment).where(Payment.statement_id == statement.id)).all():
            payment.statement_id = None
            seeing.session.add(payment)
        seeing.session.flush()
        seeing.session.delete(statement)


def _misses_a_statement(seeing: Seeing) -> None:
    seeing.bank.statement(3_000, "Hello.")
    seeing.a_transfer(4_000)


def _books_a_transfer_twice(seeing: Seeing) -> None:
    """The same line under another name, as if it were another transfer."""
    before = seeing.bank.balance
    again = seeing.a_transfer(5_000)
    seeing.bank.balance = before
    statement = seeing.session.get_one(Statement, again.statement_id)
    statement.closing = statement.opening
    seeing.session.add(statement)


def _unbalances_the_books(seeing: Seeing) -> None:
    line = seeing.session.exec(select(Posting)).first()
    assert line is not None
    line.amount += 1
    seeing.session.add(line)


def _strands_a_deal(seeing: Seeing) -> None:
    a_deal(seeing.session, sales=Sales.BRIEFING)


def _forgets_a_proposal(seeing: Seeing) -> None:
    deal = a_deal(seeing.session, sales=Sales.PROPOSED)
    a_proposal(seeing.session, deal)
    a_run(seeing.session, Stage.PROPOSAL, deal, state=RunState.WAITING, flow_run_id="proposal")
    seeing.runs["proposal"] = "PAUSED"


def _runs_for_ever(seeing: Seeing) -> None:
    seeing.run.state = RunState.RUNNING.value


def _runs_for_ever_in_prefect(seeing: Seeing) -> None:
    seeing.runs["run"] = "RUNNING"


def _is_not_known_to_prefect(seeing: Seeing) -> None:
    seeing.runs = {"another": "PAUSED"}


def _leaves_an_operation(seeing: Seeing) -> None:
    seeing.left.append("money-proof")


@pytest.mark.parametrize(("breaks", "word"), [
    (_knows_not, "ledger does not know"), (_owes, "never was"), (_skips_a_number, "its numbers are [7]"), (_bills_twice, "was invoiced 2 times"),
    (_bills_a_corrected_one_twice, "was invoiced 2 times"), (_bills_again_what_was_credited_in_part, "was invoiced 2 times"),
    (_credits_twice, "more than it asked for"),
    (_loses_a_webhook, "ch_2"), (_books_what_never_came, "ch_1"), (_never_takes_a_statement_in, "The bank holds"),
    (_takes_no_statement_in, "no statement of it"), (_misses_a_statement, "one is missing"), (_books_a_transfer_twice, "Our bank account should hold"),
    (_books_a_transfer_twice, "The bank holds"), (_unbalances_the_books, "does not balance"), (_strands_a_deal, "no next step"),
    (_forgets_a_proposal, "proposal/v1/mail never was"), (_runs_for_ever, "is running for ever"), (_runs_for_ever_in_prefect, "Prefect says RUNNING"),
    (_is_not_known_to_prefect, "Prefect says nothing"), (_leaves_an_operation, "money-proof is under way for ever"),
])  # fmt: skip
def test_what_is_broken_is_named(seeing: Seeing, breaks: Callable[[Seeing], None], word: str) -> None:
    breaks(seeing)
    said = seeing.says()
    assert [sentence for sentence in said if word in sentence], said
