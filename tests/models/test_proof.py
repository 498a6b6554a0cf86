"""The proof: what differs between books, provider and bank is said in a sentence."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session

from models import ledger, payments, payouts, proof, statements
from models.cash_answers import PaymentRecorded
from models.money import Money
from tests.factories import told
from tests.fakes import MONDAY
from tests.models import bank_files as files
from tests.models.bank_files import BankLine
from tests.models.billing import COMPANY, TODAY, a_signed_deal, a_transfer, an_event, an_invoice, eur


@dataclass(frozen=True)
class Movement:
    id: str
    kind: str
    amount: Money
    reference: str = "NL-1"
    at: datetime = MONDAY


def take(session: Session, lines: list[BankLine], opening: str, number: str = "1") -> None:
    content = files.camt(lines, opening=opening, number=number)
    statements.take(session, COMPANY, content, "f.xml", came_by="api", actor="x", now=MONDAY, path="")


def a_charge(session: Session, charge: str = "ch_1", amount: int = 100) -> None:
    event = an_event("paid", charge, eur(amount), an_invoice(session, gross=100).number)
    payments.act_on(session, COMPANY, event, "stripe", None, now=MONDAY)


def test_a_provider_that_agrees_says_nothing_and_its_fees_are_booked_once(here) -> None:
    moved = [
        Movement("ch_1", "charge", eur(100)), Movement("ch_1/fee", "fee", eur("-1.75")), Movement("re_1", "refund", eur(-30)),
        Movement("po_1", "payout", eur(-50)), Movement("dp_1", "dispute", eur(-70)), Movement("dp_1/won", "dispute", eur(70)),
    ]  # fmt: skip
    with here.db.writing() as session:
        a_charge(session)
        payments.act_on(session, COMPANY, an_event("refunded", "ch_1", eur(30), refund_id="re_1"), "stripe", None, now=MONDAY)
        for _ in range(2):
            proof.book_fees(session, "stripe", moved, now=MONDAY)
        assert proof.provider(session, "stripe", moved) == []
        assert ledger.balance(session, "fees", "EUR") == eur("1.75")
        assert ledger.balance(session, "provider:stripe", "EUR") == eur("68.25")
        assert ledger.check(session) == []


@pytest.mark.parametrize(
    ("moved", "sentence"),
    [
        ([Movement("ch_2", "charge", eur(100))], "stripe has €100.00 for charge ch_2 NL-1 of 2026-03-02; our books have €0.00."),
        ([Movement("ch_1", "charge", eur(90))], "stripe has €90.00 for charge ch_1 NL-1 of 2026-03-02; our books have €100.00."),
        ([Movement("ch_1", "charge", eur(100)), Movement("re_1", "refund", eur(-5))], "refund re_1"),
        ([Movement("dp_1/won", "dispute", eur(5))], "dispute dp_1"),
        ([Movement("x", "payout", eur(-5), at=MONDAY - timedelta(days=3)), Movement("y", "payout", eur(-5), at=MONDAY + timedelta(days=3))],
         "Our books have €100.00 for ch_1 of 2026-03-02; stripe has nothing."),
    ],
)  # fmt: skip
def test_a_provider_that_differs_is_named(here_sqlite, moved: list[Movement], sentence: str) -> None:
    with here_sqlite.db.writing() as session:
        a_charge(session)
        [said] = proof.provider(session, "stripe", moved)
        assert sentence in said


def test_a_bank_that_agrees_says_nothing(here) -> None:
    with here.db.writing() as session:
        assert proof.bank(session) == []
        assert proof.bank_account(session) is None
        take(session, [BankLine("10.00"), BankLine("-3.00", "rent")], "500.00")
        take(session, [BankLine("7.00", on=TODAY + timedelta(days=1))], "507.00", "2")
        assert proof.bank(session) == []
        assert proof.bank_account(session) == proof.Account(name="bank", ours=eur(514), theirs=eur(514))


def test_a_missing_statement_is_named(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        take(session, [BankLine("10.00")], "500.00")
        take(session, [BankLine("7.00", on=TODAY + timedelta(days=2))], "600.00", "3")
        assert proof.bank(session) == [
            "Statement 1 ends with €510.00, the next, 3, begins with €600.00: one is missing.",
            "Our bank account should hold €517.00; the newest statement closes with €607.00.",
        ]
        take(session, [BankLine("90.00", on=TODAY + timedelta(days=1))], "510.00", "2")
        assert proof.bank(session) == []


def test_a_statement_from_before_the_first_moves_the_beginning(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        take(session, [BankLine("10.00")], "500.00")
        take(session, [BankLine("100.00", on=TODAY - timedelta(days=1))], "400.00", "0")
        assert proof.bank(session) == []


def test_a_transfer_that_was_recorded_and_never_seen_is_named(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        an_invoice(session, deal, 100)
        told(session, deal, PaymentRecorded(amount="100", currency="EUR", on=TODAY, part=1))
        take(session, [BankLine("10.00", on=TODAY + timedelta(days=7))], "500.00")
        assert proof.bank(session) == []
        take(session, [BankLine("10.00", on=TODAY + timedelta(days=8))], "510.00", "2")
        assert proof.bank(session) == ["Payment 1 of €100.00 was recorded by hand for 2026-03-02, and no statement up to 2026-03-10 shows it."]


def test_every_account_with_something_in_it_is_shown(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        a_charge(session)
        assert [(one.name, one.ours) for one in proof.accounts(session)] == [
            ("provider:stripe", eur(100)), ("revenue", eur(-80)), ("vat", eur(-20)),
        ]  # fmt: skip
        assert proof.first_day(session, "stripe") == TODAY
        assert proof.first_day(session, "sandbox") is None


def test_a_payout_that_came_before_its_charges_is_known_by_the_providers_list(here) -> None:
    moved = [Movement(f"po_{at}", "payout", eur(-50), at=MONDAY - timedelta(days=at)) for at in (1, 2)]
    with here.db.writing() as session:
        first, second = (
            payments.receive(session, COMPANY, a_transfer(eur(50), text), now=MONDAY) for text in ("STRIPE payout", "no words at all")
        )
        other = payments.receive(session, COMPANY, a_transfer(eur(51), "no words"), now=MONDAY)
        assert [first.state, second.state] == ["suspense", "suspense"]
        a_charge(session)
        assert payouts.settle(session, "stripe", moved, now=MONDAY) == [first, second]
        assert payouts.settle(session, "stripe", moved, now=MONDAY) == []
        assert [first.state, second.state, other.state] == ["payout", "payout", "suspense"]
        assert ledger.balance(session, "provider:stripe", "EUR") == eur(0)
        assert ledger.check(session) == []


def test_of_two_lines_of_one_amount_without_the_providers_name_neither_is_guessed(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        lines = [payments.receive(session, COMPANY, a_transfer(eur(50), "words"), now=MONDAY) for _ in range(2)]
        late = Movement("po_2", "payout", eur(-50), at=MONDAY - timedelta(days=9))
        assert payouts.settle(session, "stripe", [Movement("po_1", "payout", eur(-50)), late], now=MONDAY) == []
        assert [line.state for line in lines] == ["suspense"] * 2
